"""Writes model.onnx, the golden cases, the calibration and their hashes in manifest.json from a training checkpoint.

    python3 export.py --data trainval.npz --checkpoint WORK/last.pt

Calibration, threshold, heat scale and the figures of the quality gate come from the part that neither the weights nor the card's figures come from.
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np
import torch

from images import features, normalise, parts
from network import SIZE, Network

HERE = pathlib.Path(__file__).resolve().parent
OPSET = 17
MOST_BELOW = 0.10  # specificity of at least 0.9 on the choosing part, then the greatest sensitivity


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def logits_of(network, images):
    with torch.no_grad():
        return network(torch.from_numpy(normalise(images)))[0].double().numpy()


def platt(difference, labels):
    """slope and intercept of the logistic regression of the label on the logits' difference, by Newton's method."""
    a, b = 1.0, 0.0
    for _ in range(100):
        p = 1 / (1 + np.exp(-(a * difference + b)))
        gradient = np.array([((p - labels) * difference).sum(), (p - labels).sum()])
        w = p * (1 - p)
        hessian = np.array([[(w * difference ** 2).sum(), (w * difference).sum()], [(w * difference).sum(), w.sum()]]) + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        a, b = a - step[0], b - step[1]
    return float(a), float(b)


def threshold(probability, labels):
    """The probability at which sensitivity + specificity is greatest, among those with enough specificity."""
    best = (-1.0, 0.5)
    for limit in np.arange(0.05, 0.951, 0.01):
        sensitivity = (probability[labels == 1] >= limit).mean()
        specificity = (probability[labels == 0] < limit).mean()
        if 1 - specificity <= MOST_BELOW and sensitivity + specificity > best[0]:
            best = (sensitivity + specificity, round(float(limit), 2))
    return best[1]


def heat_scale(network, images, labels):
    """Brings the evidence at the strongest place of a typical pneumonia to 0.95."""
    network.heat_scale.fill_(1.0)
    with torch.no_grad():
        heat = network(torch.from_numpy(normalise(images[labels == 1])))[1].double().numpy()
    strongest = np.median(np.log(heat / (1 - heat + 1e-12) + 1e-12).max((1, 2, 3)))
    network.heat_scale.fill_(float(np.log(0.95 / 0.05) / max(strongest, 1e-3)))


def distribution(fit, choose):
    """Mean and deviation of each feature of the images that the weights learned from; one in 200 others may lie beyond the bar."""
    learned = features(fit)
    spread = [{"name": name, "mean": round(float(v.mean()), 4), "deviation": round(float(v.std()), 4)} for name, v in learned.items()]
    others = features(choose)
    score = np.sqrt(np.mean([((others[f["name"]] - f["mean"]) / f["deviation"]) ** 2 for f in spread], 0))
    return {"features": spread, "maxScore": round(float(np.quantile(score, 0.995)), 2)}


def export_graph(network):
    torch.onnx.export(
        network, torch.zeros(1, 1, SIZE, SIZE), str(HERE / "model.onnx"), opset_version=OPSET, input_names=["image"],
        output_names=["logits", "heat"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}, "heat": {0: "batch"}})


def drawn(bright, size=(200, 240)):
    """A picture with lungs, so that the golden cases hold nobody's image: uint16 [rows, columns]."""
    rng = np.random.default_rng(28)
    y, x = np.mgrid[0: size[0], 0: size[1]]
    u, v = (x + 0.5) / size[1] * 2 - 1, (y + 0.5) / size[0] * 2 - 1
    image = np.where(np.abs(u) < 0.9, 0.58, 0.36)
    for side in (-1, 1):
        lung = np.exp(-(((u - side * 0.44) / 0.28) ** 4 + ((v + 0.05) / 0.62) ** 4))
        image -= 0.3 * lung
    image = np.maximum(image, 0.74 * np.exp(-((u - 0.05) / 0.2) ** 4))
    image = np.maximum(image, 0.76 / (1 + np.exp(-40 * (v - 0.68))))
    image += 0.03 * np.cos(18 * v + 3 * u ** 2)
    image += bright * (0.3 * np.exp(-(((u + 0.42) / 0.24) ** 2 + ((v - 0.2) / 0.35) ** 2)) + 0.2 * np.exp(-(((u - 0.45) / 0.25) ** 2 + ((v - 0.1) / 0.5) ** 2)))
    image += rng.normal(0, 0.02, size)
    return np.rint(np.clip(image, 0, 1) * 65535).astype("<u2")


def reduced(stored):
    """crop, then the mean of each area, as the engine does it: 200 x 240 to 28 x 28."""
    values = stored.astype(np.float64) / 65535
    side = min(values.shape)

    def averages(length, start, count):
        matrix = np.zeros((SIZE, length))
        for i in range(SIZE):
            low, high = start + i * count / SIZE, start + (i + 1) * count / SIZE
            for j in range(int(low), min(length, int(np.ceil(high)))):
                matrix[i, j] = max(0, min(high, j + 1) - max(low, j)) / (count / SIZE)
        return matrix

    rows, columns = values.shape
    return averages(rows, (rows - side) / 2, side) @ values @ averages(columns, (columns - side) / 2, side).T


def golden(network, calibration):
    folder = HERE / "golden"
    folder.mkdir(exist_ok=True)

    def entry(name, array, kind):
        path = folder / name
        path.write_bytes(array.tobytes())
        return {"file": f"golden/{name}", "sha256": sha256(path), "type": kind, "shape": list(array.shape)}

    cases = []
    for number, bright in enumerate((-0.5, 0.3), 1):
        stored = drawn(bright)
        small = reduced(stored).astype(np.float32)
        given = normalise(small[None] * 255)
        with torch.no_grad():
            logits, heat = network(torch.from_numpy(given))
        z = logits[0].double().numpy() * calibration["slope"] + calibration["intercept"]
        probabilities = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        print("golden image", number, probabilities.round(4).tolist())
        if number == 2:
            cases.append({"kind": "tensor", "input": entry("case1.input.bin", given.astype("<f4"), "float32"), "output": "heat",
                          "expected": entry("case1.expected.bin", heat.numpy().astype("<f4"), "float32"), "absoluteTolerance": 0.01})
        cases.append({"kind": "image", "input": entry(f"image{number}.bin", stored, "uint16"),
                      "expectedProbabilities": [round(float(p), 5) for p in probabilities], "absoluteTolerance": 0.002})
    return cases


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    checkpoint = torch.load(options.checkpoint)
    network = Network()
    network.load_state_dict(checkpoint["network"])
    network.eval()
    images, labels = parts(options.data)["choose"]
    logits = logits_of(network, images)
    slope, intercept = platt(logits[:, 1] - logits[:, 0], labels)
    calibration = {"method": "platt", "slope": [round(slope, 4)] * 2, "intercept": [0, round(intercept, 4)]}
    probability = 1 / (1 + np.exp(-(calibration["slope"][1] * (logits[:, 1] - logits[:, 0]) + calibration["intercept"][1])))
    limit = threshold(probability, labels)
    heat_scale(network, images, labels)
    print("calibration", calibration, "threshold", limit, "heat scale", round(network.heat_scale.item(), 4),
          "choosing part accuracy", ((probability >= limit) == labels).mean().round(4))
    export_graph(network)

    manifest_path = HERE / "manifest.json"
    manifest = json.loads(manifest_path.read_text())
    model = HERE / "model.onnx"
    manifest["model"].update(sha256=sha256(model), bytes=model.stat().st_size, opset=OPSET)
    output = manifest["outputs"][0]
    output["calibration"] = calibration
    output["classes"][1]["threshold"] = limit
    manifest["golden"] = golden(network, calibration)
    manifest["quality"]["outOfDistribution"] = distribution(parts(options.data)["fit"][0], images)
    manifest_path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    print(f"model.onnx {model.stat().st_size} bytes; {checkpoint['steps']} steps, {checkpoint['epochs']} epochs")


if __name__ == "__main__":
    main()
