"""Reads the labelled volumes, splits them by number, and prepares them exactly as manifest.json declares."""

import itertools
import math
import pathlib
import re

import numpy as np
import torch

PATCH = (40, 56, 40)  # z, y, x
OVERLAP = 0.5
SIGMA_SCALE = 0.125
LOW_PERCENTILE, HIGH_PERCENTILE = 0.5, 99.5
CLASSES = 3
LEAST_COMPONENT = 100  # voxels of 1 mm3


def split_of(number):
    """Fixed by the volume's number alone, before any result was known."""
    if number % 5 == 0:
        return "test"
    return "validation" if number % 20 == 11 else "training"


def numbers(folder):
    found = [int(re.search(r"(\d+)\.nii", p.name).group(1)) for p in pathlib.Path(folder, "images").iterdir()]
    return sorted(found)


def read(folder, number):
    """Intensities and labels as [z, y, x] in LPS. The files are RAS [x, y, z] with 1 mm voxels."""
    import nibabel

    arrays = []
    for kind in ("images", "labels"):
        path = next(pathlib.Path(folder, kind).glob(f"*_{number:03d}.nii*"))
        nifti = nibabel.as_closest_canonical(nibabel.load(path))
        if not np.allclose(nifti.header.get_zooms()[:3], 1, atol=1e-3):
            raise ValueError(f"{path.name}: voxels are not 1 mm")
        array = np.asarray(nifti.dataobj, dtype=np.float32)
        arrays.append(np.ascontiguousarray(array[::-1, ::-1].transpose(2, 1, 0)))
    return arrays[0], np.rint(arrays[1]).astype(np.uint8)


def normalise(volume):
    """Clips to the volume's 0.5 and 99.5 percentiles (linear between ranks), then zero mean and unit deviation (ddof 0)."""
    low, high = np.percentile(volume, [LOW_PERCENTILE, HIGH_PERCENTILE])
    clipped = np.clip(volume.astype(np.float64), low, high)
    return ((clipped - clipped.mean()) / max(clipped.std(), 1e-6)).astype(np.float32)


def to_millimetres(volume, spacing):
    """Trilinear to 1 mm voxels about the same centre, the outermost voxels continued; spacing is z, y, x."""
    from scipy import ndimage

    size = [max(1, math.floor(n * s + 0.5)) for n, s in zip(volume.shape, spacing)]
    axes = [(np.arange(m) - (m - 1) / 2) / s + (n - 1) / 2 for m, n, s in zip(size, volume.shape, spacing)]
    return ndimage.map_coordinates(volume.astype(np.float64), np.meshgrid(*axes, indexing="ij"), order=1, mode="nearest")


def starts(length, patch):
    """First voxels of the windows along one axis: equal steps, the last one moved back to end with the volume."""
    step = max(1, int(patch * (1 - OVERLAP)))
    count = 1 + max(0, math.ceil((length - patch) / step))
    return [min(i * step, length - patch) for i in range(count)]


def window_weights():
    axes = []
    for n in PATCH:
        axes.append(np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (SIGMA_SCALE * n)) ** 2))
    weights = axes[0][:, None, None] * axes[1][None, :, None] * axes[2][None, None, :]
    return torch.from_numpy(np.maximum(weights, 1e-3).astype(np.float32))


def pad(normalised):
    """Centres the volume in zeros up to the patch size; returns it and the padding before it."""
    before = [max(0, p - n) // 2 for p, n in zip(PATCH, normalised.shape)]
    after = [max(0, p - n) - b for p, n, b in zip(PATCH, normalised.shape, before)]
    return np.pad(normalised, list(zip(before, after))), before


def predict(network, volume):
    """Class probabilities [3, z, y, x] of a volume of 1 mm voxels, window by window."""
    padded, before = pad(normalise(volume))
    image = torch.from_numpy(padded)
    total, weight, gaussian = torch.zeros(CLASSES, *padded.shape), torch.zeros(padded.shape), window_weights()
    corners = itertools.product(*(starts(n, p) for n, p in zip(padded.shape, PATCH)))
    windows = [tuple(slice(c, c + p) for c, p in zip(corner, PATCH)) for corner in corners]
    batch = torch.stack([image[at] for at in windows])[:, None]
    with torch.no_grad():
        # Never a batch of one: PyTorch 1.13 has no fast 3-D convolution for it on a single thread.
        logits = network(batch if len(windows) > 1 else batch.expand(2, -1, -1, -1, -1).contiguous())
    for at, scores in zip(windows, logits):
        total[(slice(None), *at)] += torch.softmax(scores, 0) * gaussian
        weight[at] += gaussian
    inside = tuple(slice(b, b + n) for b, n in zip(before, volume.shape))
    return (total / weight)[(slice(None), *inside)].numpy()


def segment(network, volume):
    """The label of the greatest probability, only the largest 26-connected component of each label kept."""
    from scipy import ndimage

    chosen = predict(network, volume).argmax(0).astype(np.uint8)
    for label in range(1, CLASSES):
        components, count = ndimage.label(chosen == label, np.ones((3, 3, 3)))
        sizes = np.bincount(components.ravel(), minlength=2)[1:]
        largest = 1 + sizes.argmax() if sizes.max() >= LEAST_COMPONENT else 0
        chosen[(components > 0) & (components != largest)] = 0
    return chosen


def dice(a, b):
    total = a.sum() + b.sum()
    return 2.0 * (a & b).sum() / total if total else 1.0
