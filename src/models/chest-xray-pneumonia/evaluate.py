"""Measures the exported graph, with the calibration and threshold of the manifest, on the official validation part.

    python3 evaluate.py --data trainval.npz

Nothing was trained or chosen on that part. Intervals: Wilson's for shares, DeLong's for the area under the curve.
"""

import argparse
import json
import math
import pathlib
import sys

import numpy as np
import torch

from images import normalise, parts

HERE = pathlib.Path(__file__).resolve().parent


def run(images):
    """logits and heat of model.onnx itself, by PyTorch's operators."""
    import onnx
    from onnx import numpy_helper
    from torch.nn import functional as F

    graph = onnx.load(HERE / "model.onnx").graph
    values = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
    values[graph.input[0].name] = torch.from_numpy(normalise(images))
    for node in graph.node:
        x = [values[name] if name else None for name in node.input]
        a = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        if node.op_type == "Conv":
            y = F.conv2d(x[0], x[1], x[2] if len(x) > 2 else None, a.get("strides", 1), a.get("pads", [0] * 4)[:2])
        elif node.op_type == "Relu":
            y = F.relu(x[0])
        elif node.op_type == "Add":
            y = x[0] + x[1]
        elif node.op_type == "Mul":
            y = x[0] * x[1]
        elif node.op_type == "Sub":
            y = x[0] - x[1]
        elif node.op_type == "AveragePool":
            y = F.avg_pool2d(x[0], a["kernel_shape"], a["strides"])
        elif node.op_type == "ReduceMean":
            y = x[0].mean(tuple(a["axes"]), keepdim=bool(a.get("keepdims", 1)))
        elif node.op_type == "Gemm":
            y = F.linear(x[0], x[1] if a.get("transB") else x[1].T, x[2])
        elif node.op_type == "Resize" and a["mode"] == b"linear":
            y = F.interpolate(x[0], size=x[3].tolist()[2:], mode="bilinear", align_corners=False) if len(x) > 3 else \
                F.interpolate(x[0], scale_factor=x[2].tolist()[2:], mode="bilinear", align_corners=False)
        elif node.op_type == "Sigmoid":
            y = torch.sigmoid(x[0])
        elif node.op_type == "Constant":
            y = torch.from_numpy(numpy_helper.to_array(a["value"]).copy())
        elif node.op_type in ("Identity", "Dropout") or (node.op_type == "Pad" and not x[1].any()):
            y = x[0]
        else:
            raise NotImplementedError(node.op_type)
        values[node.output[0]] = y
    return values["logits"].double().numpy(), values["heat"].numpy()


def wilson(hits, count):
    z, p = 1.96, hits / count
    middle, half = p + z * z / (2 * count), z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return (middle - half) / (1 + z * z / count), (middle + half) / (1 + z * z / count)


def area(score, labels):
    """Area under the ROC curve with DeLong's interval."""
    positive, negative = score[labels == 1], score[labels == 0]
    pairs = (positive[:, None] > negative[None]) + 0.5 * (positive[:, None] == negative[None])
    value = pairs.mean()
    error = math.sqrt(pairs.mean(1).var(ddof=1) / len(positive) + pairs.mean(0).var(ddof=1) / len(negative))
    return value, value - 1.96 * error, min(1.0, value + 1.96 * error)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    output = json.loads((HERE / "manifest.json").read_text())["outputs"][0]
    calibration, limit = output["calibration"], output["classes"][1]["threshold"]
    for part in ("choose", "report"):
        images, labels = parts(options.data)[part]
        logits, _ = run(images)
        z = logits * calibration["slope"] + calibration["intercept"]
        probability = 1 / (1 + np.exp(z[:, 0] - z[:, 1]))
        said = probability >= limit
        n, k = len(labels), int(labels.sum())
        print(f"{part}: {n} images, {k} pneumonia")
        rows = (("accuracy", int((said == labels).sum()), n), ("sensitivity", int(said[labels == 1].sum()), k),
                ("specificity", int((~said)[labels == 0].sum()), n - k))
        for name, hits, count in rows:
            low, high = wilson(hits, count)
            print(f"  {name} {hits}/{count} = {hits / count:.3f} ({low:.3f} to {high:.3f})")
        print("  AUC {:.4f} ({:.4f} to {:.4f})".format(*area(probability, labels)))
        bins = np.minimum((probability * 10).astype(int), 9)
        error = 0.0
        for b in range(10):
            here = bins == b
            if here.any():
                error += here.mean() * abs(probability[here].mean() - labels[here].mean())
                print(f"  {b / 10:.1f} to {(b + 1) / 10:.1f}: {here.sum()} images, said {probability[here].mean():.3f}, true {labels[here].mean():.3f}")
        print(f"  expected calibration error (10 bins) {error:.4f}; Brier score {((probability - labels) ** 2).mean():.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
