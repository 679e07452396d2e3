"""Writes model.onnx, the golden cases and their hashes in manifest.json from a training checkpoint.

    python3 export.py --checkpoint best.pt
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
import torch

import phantom
import volumes
from network import Network
from onnx_graph import OnnxGraph

HERE = pathlib.Path(__file__).resolve().parent
OPSET = 17
GOLDEN_SEEDS = (900_001,)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def export_graph(network):
    torch.onnx.export(
        network, torch.zeros(1, 1, *volumes.PATCH), str(HERE / "model.onnx"), opset_version=OPSET, input_names=["image"],
        output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})


def golden_case(graph, number, seed):
    """A patch as the network sees it and the logits it must give; from a phantom that training never drew."""
    shape = phantom.random_phantom(seed)
    intensities = phantom.image(shape, volumes.PATCH[::-1], (1, 1, 1)).astype(np.float32)
    image = volumes.normalise(intensities)[None, None]
    with torch.no_grad():
        logits = graph(torch.from_numpy(image)).numpy()
    names = {}
    for kind, array in (("input", image), ("expected", logits)):
        path = HERE / "golden" / f"case{number}.{kind}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(array.astype("<f4").tobytes())
        names[kind] = {"file": f"golden/{path.name}", "sha256": sha256(path), "type": "float32", "shape": list(array.shape)}
    return {"kind": "tensor", "input": names["input"], "output": "logits", "expected": names["expected"],
            "absoluteTolerance": 0.05, "labelAgreement": 0.9995}


def golden_volume(graph):
    """The sample series through the whole way: resampling, intensities, windows, components, millimetres."""
    series = np.rint(phantom.image(phantom.SAMPLE, phantom.SAMPLE_SIZE, phantom.SAMPLE_SPACING)).astype("<u2")
    found = volumes.segment(graph, volumes.to_millimetres(series, phantom.SAMPLE_SPACING[::-1]))
    path = HERE / "golden" / "sample.volume.bin"
    path.write_bytes(series.tobytes())
    anterior, posterior = (int((found == label).sum()) for label in (1, 2))
    return {"kind": "volume", "input": {"file": f"golden/{path.name}", "sha256": sha256(path), "type": "uint16",
                                        "shape": list(series.shape)}, "spacingMm": list(phantom.SAMPLE_SPACING),
            "expectedMm3": {"5366008": anterior + posterior, "HIPP-ANT": anterior, "HIPP-POST": posterior},
            "relativeTolerance": 0.02}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkpoint", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = Network()
    network.load_state_dict(torch.load(options.checkpoint)["network"])
    network.eval()
    export_graph(network)

    graph = OnnxGraph(HERE / "model.onnx")
    probe = torch.randn(2, 1, *volumes.PATCH, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = (graph(probe) - network(probe)).abs().max().item()
    print(f"graph against module: greatest difference {difference:.2e}")
    if difference > 1e-3:
        raise SystemExit("the exported graph does not compute what the module computes")

    manifest_path = HERE / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    model = HERE / "model.onnx"
    manifest["model"].update(sha256=sha256(model), bytes=model.stat().st_size, opset=OPSET)
    manifest["golden"] = [golden_case(graph, i + 1, seed) for i, seed in enumerate(GOLDEN_SEEDS)]
    manifest["golden"].append(golden_volume(graph))
    manifest_path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    print(f"model.onnx {model.stat().st_size} bytes")


if __name__ == "__main__":
    main()
