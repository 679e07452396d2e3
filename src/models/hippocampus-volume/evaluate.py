"""Measures model.onnx on the held-out volumes and on phantoms that training never drew; prints and writes JSON.

    python3 evaluate.py --data FOLDER [--write results.json]
"""

import argparse
import json
import pathlib

import numpy as np
import torch

import phantom
import volumes
from onnx_graph import OnnxGraph

HERE = pathlib.Path(__file__).resolve().parent
PHANTOM_SEED, PHANTOMS = 500_000, 40


def errors(found, true):
    """Dice and volume error in per cent of the anterior part, the posterior part and the whole."""
    parts = [(found == 1, true == 1), (found == 2, true == 2), (found > 0, true > 0)]
    return [volumes.dice(a, b) for a, b in parts] + [100.0 * (int(a.sum()) / int(b.sum()) - 1) for a, b in parts]


def summary(rows):
    rows = np.array(rows)
    result = {"cases": len(rows), "meanDice": round(float(rows[:, :2].mean()), 4),
              "leastMeanDice": round(float(rows[:, :2].mean(1).min()), 4)}
    for i, part in enumerate(("anterior", "posterior", "whole")):
        error = np.abs(rows[:, 3 + i])
        result[part] = {
            "dice": round(float(rows[:, i].mean()), 4), "diceDeviation": round(float(rows[:, i].std()), 4),
            "volumeErrorMedianPercent": round(float(np.median(error)), 2),
            "volumeErrorP95Percent": round(float(np.percentile(error, 95)), 2),
            "volumeErrorMaxPercent": round(float(error.max()), 2), "above10Percent": int((error > 10).sum()),
            "volumeBiasPercent": round(float(rows[:, 3 + i].mean()), 2)}
    return result


def measure_sample(graph):
    spacing = phantom.SAMPLE_SPACING[::-1]
    series = np.rint(phantom.image(phantom.SAMPLE, phantom.SAMPLE_SIZE, phantom.SAMPLE_SPACING))
    found = volumes.segment(graph, volumes.to_millimetres(series, spacing))
    true = phantom.true_volumes(phantom.SAMPLE)
    measured = [int((found == label).sum()) for label in (1, 2)]
    return {"trueMm3": [round(v) for v in true], "measuredMm3": measured,
            "wholeErrorPercent": round(100 * (sum(measured) / sum(true) - 1), 2)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--write")
    parser.add_argument("--part", default="test", choices=["test", "validation", "none"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    graph = OnnxGraph(HERE / "model.onnx")

    result = {}
    chosen = [n for n in volumes.numbers(options.data) if volumes.split_of(n) == options.part]
    if chosen:
        rows = []
        for number in chosen:
            image, label = volumes.read(options.data, number)
            rows.append(errors(volumes.segment(graph, image), label))
        result[options.part] = summary(rows)
        if options.part == "test":
            result["testFirst20"] = summary(rows[:20])
            result["testCases"] = {n: [round(v, 4) for v in row] for n, row in zip(chosen, rows)}

    rows = []
    for seed in range(PHANTOM_SEED, PHANTOM_SEED + PHANTOMS):
        shape = phantom.random_phantom(seed)
        size = [int(n) for n in np.random.default_rng(seed).integers([32, 46, 30], [44, 58, 44])]
        found = volumes.segment(graph, phantom.image(shape, size, (1, 1, 1)))
        rows.append(errors(found, phantom.labels(shape, size, (1, 1, 1))))
    result["phantoms"] = summary(rows)
    result["sample"] = measure_sample(graph)
    text = json.dumps(result, indent=1)
    print(text)
    if options.write:
        pathlib.Path(options.write).write_text(text + "\n")


if __name__ == "__main__":
    main()
