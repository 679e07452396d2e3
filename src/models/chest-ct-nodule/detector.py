"""The whole way from a series to detections as the manifest declares it: resampling, intensities, windows, components."""

import numpy as np
import torch
from scipy import ndimage

import phantom

SPACING = 1.5
PATCH = 112
OVERLAP = 0.2
SIGMA = 0.25
LOW, HIGH = -1000.0, 400.0


def prepared(series, spacing):
    """Trilinear about the same centre, then -1000 … 400 HU to 0 … 1; also the index of the first new voxel in old ones, x, y, z."""
    volume, first = series.astype(np.float32), []
    for axis, old in zip((0, 1, 2), spacing[::-1]):
        n = volume.shape[axis]
        count = max(1, int(np.floor(n * old / SPACING + 0.5)))
        at = (np.arange(count) - (count - 1) / 2) * SPACING / old + (n - 1) / 2
        volume = phantom.interpolated(volume, axis, np.clip(at, 0, n - 1), 0, 1)
        first.append(at[0] * old)
    return np.clip((volume - LOW) / (HIGH - LOW), 0, 1), np.array(first[::-1])


def starts(length):
    step = max(1, int(PATCH * (1 - OVERLAP)))
    count = 1 + max(0, (length - PATCH + step - 1) // step)
    return [min(i * step, length - PATCH) for i in range(count)]


def probability(network, volume):
    """Gaussian-weighted mean over windows; `network` maps [1, 1, z, y, x] to logits."""
    shape = volume.shape
    larger = [max(PATCH, n) for n in shape]
    before = [max(0, PATCH - n) // 2 for n in shape]
    inner = tuple(slice(b, b + n) for b, n in zip(before, shape))
    padded = np.zeros(larger, np.float32)
    padded[inner] = volume
    axis = np.exp(-0.5 * ((np.arange(PATCH) - (PATCH - 1) / 2) / (SIGMA * PATCH)) ** 2)
    weight = np.maximum(axis[:, None, None] * axis[:, None] * axis, 1e-3).astype(np.float32)
    total, weights = np.zeros(larger, np.float32), np.zeros(larger, np.float32)
    for z in starts(larger[0]):
        for y in starts(larger[1]):
            for x in starts(larger[2]):
                cut = np.s_[z:z + PATCH, y:y + PATCH, x:x + PATCH]
                with torch.no_grad():
                    logits = network(torch.from_numpy(padded[cut][None, None].copy()))
                total[cut] += torch.sigmoid(logits)[0, 0].numpy() * weight
                weights[cut] += weight
    return (total / weights)[inner]


def candidates(chance, threshold):
    """Components: greatest and mean probability, voxels, centre (x, y, z in voxels)."""
    labels, count = ndimage.label(chance >= threshold, np.ones((3, 3, 3)))
    if count == 0:
        return []
    where = np.flatnonzero(labels)
    label, value = labels.ravel()[where] - 1, chance.ravel()[where].astype(np.float64)
    sizes = np.bincount(label)
    mean, greatest = np.bincount(label, value) / sizes, np.zeros(count)
    np.maximum.at(greatest, label, value)
    centres = np.stack([np.bincount(label, at) / sizes for at in np.unravel_index(where, labels.shape)[::-1]], -1)
    return list(zip(greatest.tolist(), mean.tolist(), sizes.tolist(), centres))


def detect(network, series, spacing, rule):
    """Detections by the manifest's rule, the most probable first: probability, centre in mm from the first voxel, diameter in mm."""
    volume, first = prepared(series, spacing)
    least = np.pi / 6 * rule["minDiameterMm"] ** 3 / SPACING ** 3
    found = []
    for greatest, mean, size, centre in candidates(probability(network, volume), rule["threshold"]):
        score = mean if rule["score"] == "mean" else greatest
        if score >= rule["minProbability"] and size >= least:
            found.append((score, first + SPACING * centre, (6 * size * SPACING ** 3 / np.pi) ** (1 / 3)))
    return sorted(found, key=lambda f: -f[0])[:rule["maxFindings"]]
