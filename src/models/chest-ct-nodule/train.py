"""Trains the network on generated chests.

    python3 train.py --work FOLDER [--iterations N] [--resume]      trains on the cases that are there
    python3 train.py --work FOLDER --start WEIGHTS                  … from weights of another training: a checkpoint, or a model.onnx
    python3 train.py --work FOLDER --generate FIRST COUNT STEP      generates cases FIRST, FIRST + STEP, …

A case is a function of its number. What was missed and what was wrongly found is looked at again: the places are kept in the checkpoint.
"""

import argparse
import copy
import json
import math
import pathlib
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch.nn import functional as F

import detector
import phantom
from network import Block, Network

PATCH = 48
SCANNED = 200  # cases from this number on go through scanner and resampling, those below are drawn on the network's grid
POOL = 1500  # places of wrong findings that are kept
VALIDATION = 50_000  # numbers of validation cases start here
EVALUATION = 90_000  # and of those that nothing was chosen on, see evaluate.py


def generate(folder, number):
    path = folder / f"{number:05d}.npz"
    if path.exists():
        return
    if SCANNED <= number < VALIDATION:
        image, truth = scanned(number)
    else:
        image, truth, *_ = phantom.training_case(number)
    rng = np.random.default_rng([number, 6])
    dark = np.argwhere((image[::3, ::3, ::3] < 100) & (image[::3, ::3, ::3] > 2)) * 3
    points = dark[rng.integers(len(dark), size=4000)].astype(np.int16)
    temporary = folder / f"{number:05d}.tmp.npz"
    np.savez(temporary, image=image, truth=truth, points=points)
    temporary.replace(path)


def scanned(number):
    """A case as the product sees it: a series from the scanner, resampled."""
    rng = np.random.default_rng([number, 5])
    chest = phantom.Chest(number, nodules=int(rng.integers(16, 30)))
    scan, truth, low, spacing = phantom.scan_with_truth(number, chest)
    volume, first = detector.prepared(scan.series, scan.spacing)
    at = [np.rint((scan.first[i] + first[i] + detector.SPACING * np.arange(volume.shape[2 - i]) - low[i]) / spacing[i]).astype(int)
          for i in range(3)]
    at = [np.clip(a, 0, truth.shape[2 - i] - 1) for i, a in enumerate(at)]
    return (volume * 255 + 0.5).astype(np.uint8), truth[np.ix_(at[2], at[1], at[0])]


class Case:
    def __init__(self, path):
        loaded = np.load(path)
        self.image, self.truth, self.points = loaded["image"], loaded["truth"], loaded["points"]
        counts = np.bincount(self.truth.ravel(), minlength=256)
        # A small nodule is worth as much attention as a large one.
        self.weight = np.clip(np.sqrt(1500 / np.maximum(counts, 1)), 1, 12).astype(np.float32)
        self.weight[0] = 0
        rest = np.argwhere(self.truth > 0)
        numbers = self.truth[tuple(rest.T)]
        self.nodules = {int(n): rest[numbers == n].astype(np.int16) for n in np.unique(numbers)}


class Attention:
    """Where to look again: how sure the network was of each nodule when it last saw it, and places that it took for one."""

    def __init__(self):
        self.seen = {}  # (case, number): probability
        self.wrong = {}  # (case, z, y, x in steps of 4 voxels): probability, the oldest first

    def note(self, name, case, start, swapped, flips, probability, truth):
        if swapped:
            probability, truth = probability.swapaxes(1, 2), truth.swapaxes(1, 2)
        probability, truth = probability[flips], truth[flips]
        for number in np.unique(truth):
            if number and 2 * (truth == number).sum() > len(case.nodules[number]):
                self.seen[name, int(number)] = float(probability[truth == number].max())
        inner = probability[4:-4, 4:-4, 4:-4]
        inner = np.where(truth_near(truth)[4:-4, 4:-4, 4:-4], 0, inner)
        for key in [k for k in self.wrong if k[0] == name and all(4 <= 4 * k[i + 1] - start[i] < PATCH - 8 for i in range(3))]:
            at = tuple(slice(4 * key[i + 1] - start[i] - 4, 4 * key[i + 1] - start[i]) for i in range(3))
            if inner[at].max(initial=0) < 0.2:
                del self.wrong[key]
        at = np.unravel_index(inner.argmax(), inner.shape)
        if inner[at] > 0.3:
            self.wrong[(name, *((int(a) + 4 + s) // 4 for a, s in zip(at, start)))] = float(inner[at])
            if len(self.wrong) > POOL:
                del self.wrong[next(iter(self.wrong))]


def truth_near(truth):
    near = truth > 0
    for axis in range(3):
        for shift in (1, 2):
            lead, lag = [slice(None)] * 3, [slice(None)] * 3
            lead[axis], lag[axis] = slice(shift, None), slice(None, -shift)
            wider = near.copy()
            wider[tuple(lead)] |= near[tuple(lag)]
            wider[tuple(lag)] |= near[tuple(lead)]
            near = wider
    return near


def shares(cases, attention):
    """All nodules as (case, number), and the sum of their shares up to each: one that was missed when last seen comes up to five times as
    often as one that was found, a small one twice."""
    keys = [(name, number) for name, case in cases.items() for number in case.nodules]
    sizes = np.array([len(cases[name].nodules[number]) for name, number in keys])
    return keys, np.cumsum((1.25 - np.array([attention.seen.get(k, 0.5) for k in keys])) * np.where(sizes < 90, 2, 1))


def choose(cases, attention, seed, index, nodules):
    """Of the index-th sample the case and the centre; `nodules` from `shares`."""
    rng = np.random.default_rng([seed, index])
    draw = rng.random()
    if draw < 0.5:
        keys, up_to = nodules
        name, number = keys[int(np.searchsorted(up_to, rng.random() * up_to[-1], side="right"))]
        voxels = cases[name].nodules[number]
        centre = voxels[rng.integers(len(voxels))] + rng.integers(-16, 17, 3)
    elif draw < 0.8 and len(attention.wrong) > 50:
        name, *coarse = list(attention.wrong)[int(rng.integers(len(attention.wrong)))]
        centre = 4 * np.array(coarse) + rng.integers(-12, 13, 3)
    else:
        name = list(cases)[int(rng.integers(len(cases)))]
        case = cases[name]
        centre = case.points[rng.integers(len(case.points))] if draw < 0.9 else rng.integers(0, case.image.shape)
    return name, centre, rng


def make_sample(cases, choice):
    """Image, target and weight, each [1, D, H, W], and what it takes to find back where they came from."""
    name, centre, rng = choice
    case = cases[name]
    start = [int(np.clip(c - PATCH // 2, 0, n - PATCH)) for c, n in zip(centre, case.image.shape)]
    cut = tuple(slice(s, s + PATCH) for s in start)
    image, truth = case.image[cut].astype(np.float32) / 255, case.truth[cut]
    flips = tuple(slice(None, None, -1) if rng.random() < p else slice(None) for p in (0.2, 0.2, 0.5))
    image, truth = image[flips], truth[flips]
    swapped = rng.random() < 0.25
    if swapped:
        image, truth = image.swapaxes(1, 2), truth.swapaxes(1, 2)
    if rng.random() < 0.2:
        image = image + rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(0, 0.03))
    if rng.random() < 0.5:
        image = image * np.float32(rng.uniform(0.95, 1.05)) + np.float32(rng.uniform(-0.02, 0.02))
    image = np.clip(image, 0, 1)
    tensors = [torch.from_numpy(np.ascontiguousarray(a)[None]) for a in (image, (truth > 0).astype(np.float32), case.weight[truth])]
    return tensors, (name, start, swapped, flips, truth)


def loss_of(logits, target, weight):
    """Cross-entropy over all voxels and over the worst hundredth, and Dice in which every nodule counts about alike."""
    voxels = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weighted = (voxels * (1 + weight)).flatten(1)
    worst = weighted.topk(weighted.shape[1] // 100).values.mean()
    probability = torch.sigmoid(logits)
    common = (probability * weight).sum()
    dice = (2 * common + 1) / (common + (probability * (1 - target)).sum() + weight.sum() + 1)
    return 20 * weighted.mean() + 0.5 * worst + (1 - dice)


def samples(cases, attention, seed):
    """24 batches of eight images, [8, 1, D, H, W]."""
    nodules = shares(cases, attention)
    return (torch.stack([make_sample(cases, choose(cases, attention, seed, 8 * k + i, nodules))[0][0] for i in range(8)]) for k in range(24))


def recalibrate(network, cases, attention, seed):
    """Means and deviations of the norm layers for averaged weights, from samples of their own."""
    norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm3d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    with torch.no_grad():
        for images in samples(cases, attention, seed + 1):
            network(images)
    network.eval()


def load_graph(network, path, cases, seed):
    """The weights of an exported graph, in which the norm layers have become part of the convolutions before them: they are made anew from
    means and deviations of samples, so that the network computes what the graph does and can be trained on."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path).graph
    values = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    blocks = {name: block for name, block in network.named_modules() if isinstance(block, Block)}
    plain = {name: values[name] for name in network.state_dict() if name in values}
    network.load_state_dict(plain, strict=False)
    moments, hooks = {}, []
    for node in graph.node:
        # "/down.0/down.0.1/first/convolution/Conv_output_0" is of the block down.0.1.first.
        path_of = node.output[0].split("/convolution/")[0].strip("/").split("/")
        name = ".".join(part for i, part in enumerate(path_of) if not any(later.startswith(part + ".") for later in path_of[i + 1:]))
        if node.op_type == "Conv" and name in blocks:
            block, moments[name] = blocks[name], []
            block.convolution.weight.data, bias = values[node.input[1]], values[node.input[2]]
            block.norm.running_mean.zero_()
            block.norm.running_var.fill_(1 - block.norm.eps)
            block.norm.weight.data.fill_(1)
            block.norm.bias.data = bias.clone()
            hooks.append(block.convolution.register_forward_hook(
                lambda _, __, y, to=moments[name]: to.append((y.mean((0, 2, 3, 4)), (y * y).mean((0, 2, 3, 4))))))
    if moments.keys() != blocks.keys():
        raise SystemExit(f"{path} is not of this network: it lacks {sorted(blocks.keys() - moments.keys())}")
    network.eval()
    with torch.no_grad():
        for images in samples(cases, Attention(), seed):
            network(images)
        for name, seen in moments.items():
            block = blocks[name]
            mean, square = (torch.stack(m).mean(0) for m in zip(*seen))
            variance = (square - mean * mean).clamp_min(1e-6)
            block.norm.running_mean, block.norm.running_var = mean, variance
            block.norm.weight.data = (variance + block.norm.eps).sqrt()
            block.norm.bias.data += mean
    for hook in hooks:
        hook.remove()
    network.train()


def validate(network, cases):
    """Share of nodules, by diameter, that hold a voxel above a probability; looked at in pieces about each."""
    sizes, tops = [], []
    for case in cases:
        for number, voxels in case.nodules.items():
            diameter = (6 * len(voxels) * detector.SPACING ** 3 / np.pi) ** (1 / 3)
            side = 32 if diameter < 20 else 64
            cut = tuple(slice(s, s + side) for s in (int(np.clip(c - side // 2, 0, n - side)) for c, n in zip(voxels.mean(0), case.image.shape)))
            with torch.no_grad():
                logits = network(torch.from_numpy(case.image[cut].astype(np.float32) / 255)[None, None])[0, 0].numpy()
            sizes.append(diameter)
            tops.append(1 / (1 + np.exp(-float(logits[case.truth[cut] == number].max()))))
    sizes, tops = np.array(sizes), np.array(tops)
    groups = {"under 6 mm": sizes < 6, "6 to 10 mm": (sizes >= 6) & (sizes < 10), "10 mm and more": sizes >= 10}
    return {"nodules": len(sizes), **{name: [round(float((tops[part] > t).mean()), 3) for t in (0.3, 0.5, 0.9)] for name, part in groups.items()}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", required=True)
    parser.add_argument("--generate", type=int, nargs=3)
    parser.add_argument("--start", help="a checkpoint or an exported graph whose weights to begin with")
    parser.add_argument("--iterations", type=int, default=4000)
    parser.add_argument("--minutes", type=float, default=math.inf, help="the training ends after these, its rate fallen, if not before")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--steady", type=float, default=0.3, help="share of the training at the full rate")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-every", type=int, default=500)
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
    network, cases = Network().to(memory_format=torch.channels_last_3d), {}

    def take_new_cases():
        for path in sorted(folder.glob("*.npz")):
            if "tmp" not in path.name and int(path.stem) < VALIDATION and int(path.stem) not in cases:
                cases[int(path.stem)] = Case(path)

    if options.start and options.start.endswith(".onnx"):
        take_new_cases()
        load_graph(network, options.start, cases, options.seed)
    elif options.start:
        missing = network.load_state_dict(torch.load(options.start)["network"], strict=False).missing_keys
        print(f"started from {options.start}, new: {missing}", flush=True)
    average = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=1e-3)
    state = {"iteration": 0, "wallSeconds": 0.0, "cpuSeconds": 0.0}
    attention = Attention()
    checkpoint = work / "checkpoint.pt"
    if options.resume and checkpoint.exists():
        saved = torch.load(checkpoint)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        attention.seen, attention.wrong = saved["attention"]
        state = saved["state"]
        print(f"resumed at iteration {state['iteration']}", flush=True)

    parameters = list(network.parameters())

    def gradient(choices):
        samples = [make_sample(cases, c) for c in choices]
        images, targets, weights = (torch.stack(t) for t in zip(*(s for s, _ in samples)))
        logits = network(images.to(memory_format=torch.channels_last_3d))
        loss = loss_of(logits, targets, weights)
        return loss.item(), torch.autograd.grad(loss, parameters), [(*w, p[0]) for (_, w), p in zip(samples, torch.sigmoid(logits.detach()).numpy())]

    def save():
        temporary = work / "checkpoint.tmp"
        torch.save({"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(), "state": state,
                    "attention": (attention.seen, attention.wrong)}, temporary)
        temporary.replace(checkpoint)

    # Each thread takes its own samples: on a busy machine that waits once per step, not in every operator.
    pool = ThreadPoolExecutor(options.threads, initializer=torch.set_num_threads, initargs=(1,))
    wall, cpu, wall_before, cpu_before = time.time(), time.process_time(), state["wallSeconds"], state["cpuSeconds"]
    begun, recent, saved_at = state["iteration"], [], time.time()
    for iteration in range(begun, options.iterations):
        if iteration == begun or iteration % 50 == 0:
            take_new_cases()
            nodules = shares(cases, attention)
        spent = max(iteration / options.iterations, (wall_before + time.time() - wall) / (60 * options.minutes))
        done_share = min(1.0, max(0.0, (spent - options.steady) / (1 - options.steady)))
        rate = options.rate * min(1.0, (iteration + 1) / 100) * (0.5 * (1 + math.cos(math.pi * done_share)) * 0.99 + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate
        first = iteration * options.batch
        choices = [choose(cases, attention, options.seed, i, nodules) for i in range(first, first + options.batch)]
        results = list(pool.map(gradient, [choices[t::options.threads] for t in range(options.threads)]))
        for parameter, *gradients in zip(parameters, *(g for _, g, _ in results)):
            parameter.grad = sum(gradients) / options.threads
        for name, start, swapped, flips, truth, probability in (s for _, _, seen in results for s in seen):
            attention.note(name, cases[name], start, swapped, flips, probability, truth)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        decay = min(0.99, (iteration + 1) / (iteration + 10))
        with torch.no_grad():
            for kept, new in zip(average.parameters(), network.parameters()):
                kept.lerp_(new, 1 - decay)
        recent += [loss for loss, _, _ in results]

        done = iteration + 1
        state.update(iteration=done, wallSeconds=wall_before + time.time() - wall, cpuSeconds=cpu_before + time.process_time() - cpu)
        last = done == options.iterations or spent >= 1
        if done % 20 == 0 or last:
            left = (time.time() - wall) / (done - begun) * (options.iterations - done)
            print(f"{done}/{options.iterations} loss {np.mean(recent):.4f} rate {rate:.2e} wall {state['wallSeconds']:.0f} s "
                  f"cpu {state['cpuSeconds']:.0f} s left {left / 60:.1f} min cases {len(cases)} "
                  f"wrong {len(attention.wrong)} sure {np.mean([p > 0.5 for p in attention.seen.values()] or [0]):.3f}", flush=True)
            recent = []
        if done % options.validate_every == 0 or last:
            kept = copy.deepcopy(average)
            recalibrate(kept, cases, attention, options.seed)
            torch.save({"network": kept.state_dict(), "state": dict(state)}, work / "best.pt")
            held = [Case(p) for p in sorted(folder.glob(f"{str(VALIDATION)[:2]}*.npz")) if "tmp" not in p.name]
            scores = validate(kept, held) if held else {}
            print(f"{done} validation {json.dumps(scores)}", flush=True)
            torch.save({"network": kept.state_dict(), "state": dict(state), "validation": scores}, work / "best.pt")
        if time.time() - saved_at > 120 or last:
            save()
            saved_at = time.time()
        if last:
            break


if __name__ == "__main__":
    main()
