"""Writes model.onnx, the golden cases and their hashes in manifest.json from a training checkpoint.

    python3 export.py --checkpoint best.pt
"""

import argparse
import hashlib
import json
import pathlib
import sys

import numpy as np
import torch

import detector
import phantom
from network import Network

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "hippocampus-volume"))  # after this folder: only what is not here comes from there
from onnx_graph import OnnxGraph  # noqa: E402

OPSET = 17
GOLDEN_SEED = 99_001
TENSOR = (32, 40, 40)
BLOCK = (48, 80, 80)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def export_graph(network):
    axes = {0: "batch", 2: "depth", 3: "height", 4: "width"}
    torch.onnx.export(network, torch.zeros(1, 1, 32, 32, 32), str(HERE / "model.onnx"), opset_version=OPSET, input_names=["image"],
                      output_names=["logits"], dynamic_axes={"image": axes, "logits": axes})


def block():
    """A piece of a generated chest about some of its nodules: int16 HU [z, y, x] at 1.5 × 1.5 × 2.5 mm."""
    chest = phantom.Chest(GOLDEN_SEED, nodules=20, sizes=(9, 22))
    near = [sum(np.abs(n.centre - o.centre).max() < 42 for o in chest.nodules) for n in chest.nodules]
    target = chest.nodules[int(np.argmax(near))].centre
    spacing = (1.5, 1.5, 2.5)
    first = [t - s * (n - 1) / 2 for t, s, n in zip(target, spacing, BLOCK[::-1])]
    image, truth = phantom.render(chest, first, spacing, BLOCK)
    image += phantom.correlated(np.random.default_rng(GOLDEN_SEED), BLOCK, 0.6) * 15
    print("nodules drawn:", [(round(2 * chest.nodules[i - 1].radius, 1), int((truth == i).sum())) for i in np.unique(truth)[1:]])
    return np.clip(np.rint(image), -1024, 3071).astype("<i2"), spacing


def golden(graph, rule):
    folder = HERE / "golden"
    folder.mkdir(exist_ok=True)
    series, spacing = block()

    def entry(name, array, kind):
        path = folder / name
        path.write_bytes(array.tobytes())
        return {"file": f"golden/{name}", "sha256": sha256(path), "type": kind, "shape": list(array.shape)}

    volume, _ = detector.prepared(series, spacing)
    piece = np.ascontiguousarray(volume[tuple(slice((n - t) // 2, (n - t) // 2 + t) for n, t in zip(volume.shape, TENSOR))][None, None])
    with torch.no_grad():
        logits = graph(torch.from_numpy(piece)).numpy()
    found = detector.detect(graph, series, spacing, rule)
    print("golden detections:", [(round(p, 3), np.round(c, 1).tolist(), round(d, 2)) for p, c, d in found])
    return [
        {"kind": "tensor", "input": entry("case1.input.bin", piece.astype("<f4"), "float32"), "output": "logits",
         "expected": entry("case1.expected.bin", logits.astype("<f4"), "float32"), "absoluteTolerance": 0.05},
        {"kind": "detections", "input": entry("block.volume.bin", series, "int16"), "spacingMm": list(spacing),
         "expectedDetections": [{"centreMm": [round(float(v), 2) for v in c], "diameterMm": round(d, 2)} for _, c, d in found],
         "toleranceMm": 0.5},
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--rule", help="JSON: members of the manifest's detection to change")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = Network()
    network.load_state_dict(torch.load(options.checkpoint, map_location="cpu")["network"])
    network.eval()
    export_graph(network)
    graph = OnnxGraph(HERE / "model.onnx")
    probe = torch.rand(1, 1, 48, 64, 40, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = (graph(probe) - network(probe)).abs().max().item()
    print(f"graph against module: greatest difference {difference:.2e}")
    if difference > 1e-3:
        raise SystemExit("the exported graph does not compute what the module computes")

    path, model = HERE / "manifest.json", HERE / "model.onnx"
    manifest = json.loads(path.read_text())
    rule = manifest["outputs"][0]["detection"]
    rule.update(json.loads(options.rule or "{}"))
    manifest["model"].update(sha256=sha256(model), bytes=model.stat().st_size, opset=OPSET)
    manifest["golden"] = golden(graph, rule)
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    print(f"model.onnx {model.stat().st_size} bytes")


if __name__ == "__main__":
    main()
