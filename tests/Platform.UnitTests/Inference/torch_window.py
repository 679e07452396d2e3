"""A small random network, and a sliding window over noise in plain PyTorch: torch_window.py FOLDER.

Writes model.onnx, volume.raw ([z, y, x]) and probabilities.raw ([class, z, y, x]), float32. Ends with 3 where PyTorch is absent.
"""
import itertools
import math
import pathlib
import sys

try:
    import numpy
    import torch
except ImportError:
    sys.exit(3)

SHAPE, PATCH, OVERLAP, SIGMA_SCALE, CLASSES = (37, 41, 30), (16, 20, 12), 0.5, 0.125, 3


def starts(length, patch):
    step = max(1, math.floor(patch * (1 - OVERLAP)))
    count = 1 + math.ceil(max(0, length - patch) / step)
    return [min(i * step, length - patch) for i in range(count)]


def main(folder):
    torch.manual_seed(7)
    network = torch.nn.Sequential(
        torch.nn.Conv3d(1, 6, 3, padding=1), torch.nn.InstanceNorm3d(6), torch.nn.LeakyReLU(0.1), torch.nn.Conv3d(6, CLASSES, 3, padding=1))
    network.eval()
    torch.onnx.export(
        network, torch.zeros(1, 1, *PATCH), str(folder / "model.onnx"), opset_version=15, input_names=["image"],
        output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}})

    volume = torch.randn(SHAPE)
    axes = [(torch.arange(n, dtype=torch.float64) - (n - 1) / 2) / (SIGMA_SCALE * n) for n in PATCH]
    z, y, x = torch.meshgrid(*axes, indexing="ij")
    weight = torch.exp(-0.5 * (z * z + y * y + x * x)).clamp(min=1e-3)
    total, weights = torch.zeros((CLASSES, *SHAPE), dtype=torch.float64), torch.zeros(SHAPE, dtype=torch.float64)
    flips = [f for n in range(4) for f in itertools.combinations((2, 3, 4), n)]
    with torch.no_grad():
        for corner in itertools.product(*[starts(n, p) for n, p in zip(SHAPE, PATCH)]):
            at = tuple(slice(c, c + p) for c, p in zip(corner, PATCH))
            patch = volume[at][None, None]
            mean = sum(torch.softmax(network(patch.flip(f) if f else patch), 1).flip(f) if f else torch.softmax(network(patch), 1) for f in flips)
            total[(slice(None), *at)] += mean[0].double() / len(flips) * weight
            weights[at] += weight
    volume.numpy().astype("<f4").tofile(folder / "volume.raw")
    (total / weights).numpy().astype("<f4").tofile(folder / "probabilities.raw")


main(pathlib.Path(sys.argv[1]))
