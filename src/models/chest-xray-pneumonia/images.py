"""The data and their preparation: exactly what manifest.json tells the engine to do."""

import numpy as np

CHOOSING = 500
SPLIT_SEED = 20240


def normalise(images):
    """uint8 [N,28,28] to float32 [N,1,28,28]: each image less its mean, over its standard deviation (at least 1e-6)."""
    x = images.astype(np.float64) / 255
    mean = x.mean((1, 2), keepdims=True)
    deviation = np.maximum(np.sqrt(((x - mean) ** 2).mean((1, 2), keepdims=True)), 1e-6)
    return ((x - mean) / deviation).astype(np.float32)[:, None]


def parts(path):
    """fit: the weights learn from it. choose: calibration and threshold come from it. report: the official validation part, for the card alone."""
    data = np.load(path)
    images, labels = data["train_images"], data["train_labels"].ravel().astype(np.int64)
    chosen = np.zeros(len(images), bool)
    rng = np.random.default_rng(SPLIT_SEED)
    for label in (0, 1):
        places = np.flatnonzero(labels == label)
        chosen[rng.permutation(places)[: round(CHOOSING * len(places) / len(images))]] = True
    return {"fit": (images[~chosen], labels[~chosen]), "choose": (images[chosen], labels[chosen]),
            "report": (data["val_images"], data["val_labels"].ravel().astype(np.int64))}


def features(images):
    """uint8 [N,28,28] to what the quality gate measures of each, before any normalisation (see the manifest's quality)."""
    x = images.astype(np.float64) / 255
    n, rows, columns = x.shape
    centred = x - x.mean((1, 2), keepdims=True)
    square = (centred ** 2).sum((1, 2))
    ring = np.ones((rows, columns), bool)
    ring[1:-1, 1:-1] = False
    middle = np.zeros(columns, bool)
    middle[columns // 3: 2 * columns // 3] = True
    return {"mean": x.mean((1, 2)), "deviation": x.std((1, 2)),
            "symmetry": (centred * centred[:, :, ::-1]).sum((1, 2)) / square,
            "upright": (centred * centred[:, ::-1]).sum((1, 2)) / square,
            "middle": x[:, :, middle].mean((1, 2)) - x[:, :, ~middle].mean((1, 2)),
            "border": x[:, ring].mean(1)}
