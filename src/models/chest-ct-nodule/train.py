"""Trains the network on generated chests.

    python3 train.py --work FOLDER [--iterations N] [--resume]      trains; waits for cases that are not there yet
    python3 train.py --work FOLDER --generate FIRST COUNT STEP      generates cases FIRST, FIRST + STEP, …

A case is a function of its number, a sample of the seed and its index: a run that was stopped and resumed sees what an unstopped
one would have seen.
"""

import argparse
import copy
import itertools
import json
import math
import pathlib
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch.nn import functional as F

import phantom
from network import Network

PATCH = 48
VALIDATION = 50_000  # numbers of validation cases start here
EVALUATION = 90_000  # and of those that nothing was chosen on, see evaluate.py


def generate(folder, number, nodules=None):
    path = folder / f"{number:05d}.npz"
    if path.exists():
        return
    image, truth, chest, protocol = phantom.training_case(number, nodules=nodules)
    rng = np.random.default_rng([number, 6])
    dark = np.argwhere((image[::3, ::3, ::3] < 100) & (image[::3, ::3, ::3] > 2)) * 3
    points = dark[rng.integers(len(dark), size=4000)].astype(np.int16)
    temporary = folder / f"{number:05d}.tmp.npz"
    np.savez(temporary, image=image, truth=truth, points=points, radii=np.array([n.radius for n in chest.nodules]))
    temporary.replace(path)


class Case:
    def __init__(self, path):
        loaded = np.load(path)
        self.image, self.truth, self.points = loaded["image"], loaded["truth"], loaded["points"]
        counts = np.bincount(self.truth.ravel(), minlength=256)
        self.present = np.flatnonzero(counts[1:]) + 1
        # A small nodule is worth as much attention as a large one.
        self.weight = np.clip(np.sqrt(1500 / np.maximum(counts, 1)), 1, 12).astype(np.float32)
        self.weight[0] = 0
        self.boxes = {}
        for number in self.present:
            where = np.argwhere(self.truth == number) if number == self.present[0] else None
            self.boxes[number] = where
        rest = np.argwhere(self.truth > 0)
        numbers = self.truth[tuple(rest.T)]
        self.boxes = {n: rest[numbers == n].astype(np.int16) for n in self.present}


def make_sample(cases, seed, index):
    """The index-th sample: image, target and weight, each [1, D, H, W]."""
    rng = np.random.default_rng([seed, index])
    case = cases[int(rng.integers(len(cases)))]
    draw = rng.random()
    if draw < 0.55 and len(case.present):
        voxels = case.boxes[int(rng.choice(case.present))]
        centre = voxels[rng.integers(len(voxels))] + rng.integers(-18, 19, 3)
    elif draw < 0.9:
        centre = case.points[rng.integers(len(case.points))]
    else:
        centre = rng.integers(0, case.image.shape)
    start = [int(np.clip(c - PATCH // 2, 0, n - PATCH)) for c, n in zip(centre, case.image.shape)]
    cut = tuple(slice(s, s + PATCH) for s in start)
    image, truth = case.image[cut].astype(np.float32) / 255, case.truth[cut]
    flips = tuple(slice(None, None, -1) if rng.random() < p else slice(None) for p in (0.2, 0.2, 0.5))
    image, truth = image[flips], truth[flips]
    if rng.random() < 0.25:
        image, truth = image.swapaxes(1, 2), truth.swapaxes(1, 2)
    if rng.random() < 0.3:
        image = image + rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.03))
    if rng.random() < 0.5:
        image = image * np.float32(rng.uniform(0.93, 1.07)) + np.float32(rng.uniform(-0.03, 0.03))
    image = np.clip(image, 0, 1)
    return [torch.from_numpy(np.ascontiguousarray(a)[None]) for a in (image, (truth > 0).astype(np.float32), case.weight[truth])]


def loss_of(logits, target, weight):
    """Cross-entropy over all voxels and over the worst hundredth, and Dice in which every nodule counts about alike."""
    voxels = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weighted = (voxels * (1 + weight)).flatten(1)
    worst = weighted.topk(weighted.shape[1] // 100).values.mean()
    probability = torch.sigmoid(logits)
    common = (probability * weight).sum()
    dice = (2 * common + 1) / (common + (probability * (1 - target)).sum() + weight.sum() + 1)
    return 20 * weighted.mean() + 0.5 * worst + (1 - dice)


def recalibrate(network, cases, seed):
    """Means and deviations of the norm layers for averaged weights, from samples of their own."""
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm3d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    with torch.no_grad():
        for k in range(24):
            network(torch.stack([make_sample(cases, seed + 1, 8 * k + i)[0] for i in range(8)]))
    network.eval()


def validate(network, cases):
    """Over whole volumes: share of nodules hit at a probability, and wrong voxels for each true one."""
    found, total, false, true = {0.3: 0, 0.5: 0, 0.9: 0}, 0, 0, 0
    for case in cases:
        n = [s // 8 * 8 for s in case.image.shape]
        with torch.no_grad():
            image = torch.from_numpy(case.image[:n[0], :n[1], :n[2]].astype(np.float32) / 255)[None, None]
            probability = torch.sigmoid(network(image))[0, 0].numpy()
        truth = case.truth[:n[0], :n[1], :n[2]]
        for number in np.unique(truth)[1:]:
            top = probability[truth == number].max()
            total += 1
            for threshold in found:
                found[threshold] += top > threshold
        false += int(((probability > 0.5) & (truth == 0)).sum())
        true += int((truth > 0).sum())
    return {"nodules": total, **{f"hit{k}": round(v / total, 4) for k, v in found.items()}, "falseVoxels": round(false / true, 4)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--generate", type=int, nargs=3)
    parser.add_argument("--iterations", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--cases", type=int, default=80)
    parser.add_argument("--first-cases", type=int, default=10, help="cases that the training starts with; one more every 10 iterations")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--steady", type=float, default=0.5, help="share of the iterations at the full rate")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-every", type=int, default=250)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    work = pathlib.Path(options.work)
    folder = work / "cases"
    folder.mkdir(parents=True, exist_ok=True)
    if options.generate:
        first, count, step = options.generate
        for number in range(first, first + count * step, step):
            generate(folder, number)
            print("case", number, flush=True)
        return

    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    network = Network().to(memory_format=torch.channels_last_3d)
    average = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=1e-3)
    state = {"iteration": 0, "wallSeconds": 0.0, "cpuSeconds": 0.0}
    checkpoint = work / "checkpoint.pt"
    if options.resume and checkpoint.exists():
        saved = torch.load(checkpoint)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        state = saved["state"]
        print(f"resumed at iteration {state['iteration']}", flush=True)

    cases, parameters = [], list(network.parameters())

    def gradient(indices):
        images, targets, weights = (torch.stack(t) for t in zip(*(make_sample(cases, options.seed, i) for i in indices)))
        loss = loss_of(network(images.to(memory_format=torch.channels_last_3d)), targets, weights)
        return loss.item(), torch.autograd.grad(loss, parameters)

    def save():
        temporary = work / "checkpoint.tmp"
        torch.save({"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "state": state},
                   temporary)
        temporary.replace(checkpoint)

    # Each thread takes its own samples: on a busy machine that waits once per step, not in every operator.
    pool = ThreadPoolExecutor(options.threads, initializer=torch.set_num_threads, initargs=(1,))
    wall, cpu, wall_before, cpu_before = time.time(), time.process_time(), state["wallSeconds"], state["cpuSeconds"]
    begun, recent, saved_at = state["iteration"], [], time.time()
    for iteration in range(begun, options.iterations):
        wanted = min(options.cases, options.first_cases + iteration // 10)
        while len(cases) < wanted:
            path = folder / f"{len(cases):05d}.npz"
            while not path.exists():
                time.sleep(1)
            cases.append(Case(path))
        decay_from = options.steady * options.iterations
        done_share = max(0.0, (iteration - decay_from) / (options.iterations - decay_from))
        rate = options.rate * min(1.0, (iteration + 1) / 100) * (0.5 * (1 + math.cos(math.pi * done_share)) * 0.99 + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate
        first = iteration * options.batch
        shares = [range(first + t, first + options.batch, options.threads) for t in range(options.threads)]
        results = list(pool.map(gradient, shares))
        for parameter, *gradients in zip(parameters, *(g for _, g in results)):
            parameter.grad = sum(gradients) / options.threads
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        decay = min(0.99, (iteration + 1) / (iteration + 10))
        with torch.no_grad():
            for kept, new in zip(average.parameters(), network.parameters()):
                kept.lerp_(new, 1 - decay)
        recent += [loss for loss, _ in results]

        done = iteration + 1
        state.update(iteration=done, wallSeconds=wall_before + time.time() - wall, cpuSeconds=cpu_before + time.process_time() - cpu)
        last = done == options.iterations
        if done % 20 == 0 or last:
            left = (time.time() - wall) / (done - begun) * (options.iterations - done)
            print(f"{done}/{options.iterations} loss {np.mean(recent):.4f} rate {rate:.2e} wall {state['wallSeconds']:.0f} s "
                  f"cpu {state['cpuSeconds']:.0f} s left {left / 60:.1f} min cases {len(cases)}", flush=True)
            recent = []
        if done % options.validate_every == 0 or last:
            kept = copy.deepcopy(average)
            recalibrate(kept, cases, options.seed)
            held = [Case(p) for p in sorted(folder.glob(f"{str(VALIDATION)[:2]}*.npz")) if "tmp" not in p.name]
            scores = validate(kept, held) if held else {}
            print(f"{done} validation {json.dumps(scores)}", flush=True)
            torch.save({"network": kept.state_dict(), "state": dict(state), "validation": scores}, work / "best.pt")
        if time.time() - saved_at > 120 or last:
            save()
            saved_at = time.time()


if __name__ == "__main__":
    main()
