"""Measures the model on generated scans that no training saw.

    python3 evaluate.py --work FOLDER --generate FIRST COUNT STEP            makes scans FIRST, FIRST + STEP, …
    python3 evaluate.py --work FOLDER --candidates FIRST COUNT STEP          runs the model on them (--checkpoint, or model.onnx)
    python3 evaluate.py --work FOLDER --choose FIRST COUNT                   how each rule of the manifest would do on them
    python3 evaluate.py --work FOLDER --report FIRST COUNT                   tables, and froc.svg with --svg

Scans from 60000 were used to choose the rule, scans from 90000 for the figures of the card.
"""

import argparse
import json
import pathlib
import pickle
import sys
import time

import numpy as np

import phantom

HERE = pathlib.Path(__file__).resolve().parent
NEAR = 3.0  # mm
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


def generate(folder, number):
    path = folder / f"scan{number}.npz"
    if path.exists():
        return
    scan = phantom.scan(number, phantom.Chest(number))
    temporary = folder / f"scan{number}.tmp.npz"
    np.savez(temporary, series=scan.series)
    temporary.replace(path)
    scan.series = None
    (folder / f"scan{number}.pickle").write_bytes(pickle.dumps(scan))


def run(folder, number, network, thresholds):
    import detector

    scan = pickle.loads((folder / f"scan{number}.pickle").read_bytes())
    began = time.process_time()
    volume, first = detector.prepared(np.load(folder / f"scan{number}.npz")["series"], scan.spacing)
    chance = detector.probability(network, volume)
    scan.seconds = time.process_time() - began
    scan.found = {}
    for threshold in thresholds:
        scan.found[threshold] = []
        for greatest, mean, size, centre in detector.candidates(chance, threshold):
            at = scan.first + first + detector.SPACING * centre
            hit = [i for i, n in enumerate(scan.nodules) if n and np.linalg.norm(n.points - at, axis=1).min() <= NEAR]
            scan.found[threshold].append({"max": greatest, "mean": mean, "diameter": float((6 * size * detector.SPACING ** 3 / np.pi) ** (1 / 3)),
                                          "at": at, "hit": hit[0] if hit else None})
    (folder / f"found{number}.pickle").write_bytes(pickle.dumps(scan))
    return scan


def froc(scans, threshold, score, least):
    """Rows of (score, false positives a scan, sensitivity), and for each nodule its best score and detection."""
    false, nodules = [], []
    for scan in scans:
        best = {}
        for found in scan.found[threshold]:
            if found["diameter"] < least:
                continue
            if found["hit"] is None:
                false.append(found[score])
            elif found["hit"] not in best or best[found["hit"]][score] < found[score]:
                best[found["hit"]] = found
        nodules += [(scan, n, best.get(i)) for i, n in enumerate(scan.nodules) if n]
    rows = []
    hits = np.array([b[score] if b else -1 for _, _, b in nodules])
    for s in np.unique(np.round(np.concatenate([false, hits, [0]]), 4))[::-1]:
        if s >= 0:
            rows.append((float(s), float(np.sum(np.array(false) >= s)) / len(scans), float((hits >= s).mean())))
    return rows, nodules


def at_rate(rows, rate):
    """The row of most sensitivity whose false positives do not exceed the rate."""
    return max((r for r in rows if r[1] <= rate), key=lambda r: (r[2], -r[1]), default=rows[0])


def interval(hit, n):
    """Wilson's 95 % interval."""
    if n == 0:
        return 0.0, 1.0
    p, z = hit / n, 1.96
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def bootstrap(scans, threshold, score, least, rate, times=500):
    """95 % interval of the sensitivity at a rate of false positives: scans are drawn again, the score's limit chosen anew."""
    rng = np.random.default_rng(1)
    values = []
    for _ in range(times):
        drawn = [scans[i] for i in rng.integers(len(scans), size=len(scans))]
        values.append(at_rate(froc(drawn, threshold, score, least)[0], rate)[2])
    return np.percentile(values, [2.5, 97.5])


def choose(scans):
    """A line for each rule: sensitivity at half, one and two false positives a scan, their mean, the limit at one, the diameter's error."""
    lines = []
    for threshold in THRESHOLDS:
        for score in ("mean", "max"):
            for least in (3, 3.5, 4):
                rows, nodules = froc(scans, threshold, score, least)
                at = [at_rate(rows, rate) for rate in (0.5, 1, 2)]
                errors = [b["diameter"] - n.diameter for _, n, b in nodules if b and b[score] >= at[1][0]]
                lines.append((np.mean([r[2] for r in at]), f"{threshold} {score} {least} mm: " + " ".join(f"{r[2]:.3f}" for r in at)
                              + f" limit {at[1][0]:.3f} diameter {np.mean(errors):+.2f} mm, absolute {np.median(np.abs(errors)):.2f} mm"))
    for mean, line in sorted(lines, reverse=True):
        print(f"{mean:.3f} {line}")


GROUPS = {
    "size": [("under 6 mm", lambda s, n: n.diameter < 6), ("6 to 10 mm", lambda s, n: 6 <= n.diameter < 10),
             ("10 to 20 mm", lambda s, n: 10 <= n.diameter < 20), ("20 mm and more", lambda s, n: n.diameter >= 20)],
    "type": [(k, lambda s, n, k=k: n.nodule.kind == k) for k in ("solid", "part-solid")],
    "place": [(k, lambda s, n, k=k: n.nodule.place == k) for k in ("free", "pleura", "vessel")],
    "edge": [(k, lambda s, n, k=k: n.nodule.edge == k) for k in ("smooth", "lobulated", "spiculated", "ragged")],
    "slices": [("to 1.25 mm", lambda s, n: s.protocol.thickness <= 1.25), ("to 2.5 mm", lambda s, n: 1.25 < s.protocol.thickness <= 2.5),
               ("to 5 mm", lambda s, n: s.protocol.thickness > 2.5)],
}


def report(scans, rule, svg=None):
    threshold, score, least = rule["threshold"], rule["score"], rule["minDiameterMm"]
    rows, nodules = froc(scans, threshold, score, least)
    print(f"{len(scans)} scans, {len(nodules)} nodules")
    for rate in (0.125, 0.25, 0.5, 1, 2, 4, 8):
        row = at_rate(rows, rate)
        print(f"| {rate} | {row[2]:.3f} | {row[0]:.3f} |")
    row = at_rate(rows, 1)
    print(f"sensitivity at one false positive a scan {row[2]:.3f}, bootstrap {bootstrap(scans, threshold, score, least, 1)}")
    limit = rule["minProbability"]
    false = sum(f["hit"] is None and f["diameter"] >= least and f[score] >= limit for s in scans for f in s.found[threshold]) / len(scans)
    found = [(s, n, b if b and b[score] >= limit else None) for s, n, b in nodules]
    hits = sum(b is not None for _, _, b in found)
    print(f"at the manifest's limit {limit}: {hits} of {len(found)} = {hits / len(found):.3f} {interval(hits, len(found))}, {false:.2f} a scan")
    for group, parts in GROUPS.items():
        for name, belongs in parts:
            part = [b for s, n, b in found if belongs(s, n)]
            k = sum(b is not None for b in part)
            low, high = interval(k, len(part))
            print(f"| {group} | {name} | {k} of {len(part)} | {k / max(1, len(part)):.3f} ({low:.2f}–{high:.2f}) |")
    errors = np.array([[b["diameter"] - n.diameter, n.diameter] for _, n, b in found if b])
    absolute = np.abs(errors[:, 0])
    relative = absolute / errors[:, 1]
    print(f"diameter: error median {np.median(absolute):.2f} mm, p90 {np.percentile(absolute, 90):.2f} mm, mean signed {errors[:, 0].mean():+.2f} mm; "
          f"relative median {np.median(relative):.3f}, p90 {np.percentile(relative, 90):.3f}")
    clean = [s for s in scans if not any(s.nodules)]
    quiet = sum(not any(f["diameter"] >= least and f[score] >= limit for f in s.found[threshold]) for s in clean)
    print(f"scans without a nodule: {len(clean)}, of them with no finding {quiet}")
    for s, n, b in found:
        if b is None:
            print(f"  missed {n.diameter:.1f} mm {n.nodule.kind} {n.nodule.place} {n.nodule.edge} slices {s.protocol.thickness:.2f} noise {s.protocol.noise:.0f}")
    print("CPU seconds a scan:", np.round(np.percentile([s.seconds for s in scans], [50, 90, 100]), 1))
    if svg:
        draw(rows, svg)


def draw(rows, path):
    """The FROC curve as a small SVG: false positives a scan (0.05 … 10, logarithmic) against sensitivity (0.5 … 1)."""
    def x(rate):
        return 50 + 340 * np.log(np.clip(rate, 0.05, 10) / 0.05) / np.log(200)

    def y(sensitivity):
        return 230 - 400 * (np.clip(sensitivity, 0.5, 1) - 0.5)

    points = [f"{x(r):.1f},{y(s):.1f}" for _, r, s in rows if r <= 10]
    lines = [f'<path d="M50 {y(s):.0f}H390" class="g"/><text x="44" y="{y(s) + 4:.0f}" text-anchor="end">{s:.1f}</text>' for s in (0.5, 0.6, 0.7, 0.8, 0.9, 1)]
    lines += [f'<path d="M{x(r):.1f} 30V230" class="g"/><text x="{x(r):.1f}" y="246" text-anchor="middle">{r:g}</text>' for r in (0.1, 0.25, 0.5, 1, 2, 4, 8)]
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="420" height="270" font-family="sans-serif" font-size="11">'
        '<style>.g{stroke:#ccc;fill:none}.c{stroke:#1763b0;stroke-width:2;fill:none}</style><rect width="420" height="270" fill="#fff"/>'
        + "".join(lines) + f'<polyline class="c" points="{" ".join(points)}"/>'
        '<text x="220" y="264" text-anchor="middle">false positives a scan</text><text x="50" y="20">sensitivity</text></svg>\n')


def load_network(checkpoint):
    import torch

    torch.set_num_threads(1)
    if checkpoint:
        from network import Network

        network = Network()
        network.load_state_dict(torch.load(checkpoint)["network"])
        return network.eval().to(memory_format=torch.channels_last_3d)
    sys.path.append(str(HERE.parent / "hippocampus-volume"))
    from onnx_graph import OnnxGraph

    return OnnxGraph(HERE / "model.onnx")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--generate", type=int, nargs=3)
    parser.add_argument("--candidates", type=int, nargs=3)
    parser.add_argument("--choose", type=int, nargs=2)
    parser.add_argument("--report", type=int, nargs=2)
    parser.add_argument("--checkpoint")
    parser.add_argument("--rule", help="JSON in place of the manifest's")
    parser.add_argument("--svg", type=pathlib.Path)
    options = parser.parse_args()
    folder = pathlib.Path(options.work)
    folder.mkdir(parents=True, exist_ok=True)
    if options.generate:
        first, count, step = options.generate
        for number in range(first, first + count * step, step):
            generate(folder, number)
            print("scan", number, flush=True)
    if options.candidates:
        first, count, step = options.candidates
        network = load_network(options.checkpoint)
        for number in range(first, first + count * step, step):
            while not (folder / f"scan{number}.pickle").exists():
                time.sleep(1)
            scan = run(folder, number, network, THRESHOLDS)
            print(number, scan.series is None and f"{scan.seconds:.1f} s", flush=True)
    if options.choose or options.report:
        first, count = options.choose or options.report
        scans = [pickle.loads((folder / f"found{n}.pickle").read_bytes()) for n in range(first, first + count)]
    if options.choose:
        choose(scans)
    if options.report:
        rule = json.loads(options.rule) if options.rule else json.loads((HERE / "manifest.json").read_text())["outputs"][0]["detection"]
        report(scans, rule, options.svg)


if __name__ == "__main__":
    main()
