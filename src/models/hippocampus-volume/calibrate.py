"""Shifts the network's background logit so that the volumes it measures on the validation part are right on average.

    python3 calibrate.py --data FOLDER --checkpoint best.pt --out calibrated.pt

On volumes it has not seen the network measures a little too large, on those it was trained on it does not, so only the
validation part can tell by how much. One number is fitted there and added to the bias of the last layer.
"""

import argparse

import numpy as np
import torch

import volumes
from network import Network


def mean_error(cases, shift):
    """Mean relative error of the whole volume when the background's probability is weighted with exp(shift)."""
    return np.mean([(p[1:].max(0) > p[0] * np.exp(shift)).sum() / true - 1 for p, true in cases])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    saved = torch.load(options.checkpoint)
    network = Network()
    network.load_state_dict(saved["network"])
    network.eval()

    cases = []
    for number in (n for n in volumes.numbers(options.data) if volumes.split_of(n) == "validation"):
        image, label = volumes.read(options.data, number)
        cases.append((volumes.predict(network, image), int((label > 0).sum())))
    low, high = -2.0, 2.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_error(cases, middle) > 0 else (low, middle)
    print(f"mean volume error {100 * mean_error(cases, 0):.2f} %, shifted {100 * mean_error(cases, middle):.2f} %")
    print(f"shift of the background logit: {middle:.4f}")
    with torch.no_grad():
        saved["network"]["head.bias"][0] += middle
    torch.save(saved, options.out)


if __name__ == "__main__":
    main()
