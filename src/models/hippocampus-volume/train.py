"""Trains the network on the labelled volumes and on generated phantoms.

    python3 train.py --data FOLDER --work FOLDER [--iterations N] [--resume]

FOLDER of --data holds images/ and labels/ of Medical Segmentation Decathlon Task04. Every sample is a function of the seed
and its index, so a run that was stopped and resumed sees what an unstopped one would have seen.
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
import volumes
from network import Network

SMALL_PATCH = (32, 48, 32)  # holds most of a hippocampus for half the work
PHANTOM_SHARE = 0.12
PHANTOMS = 160
PHANTOM_SEED = 100_000


def load(data, wanted):
    return [volumes.read(data, n) for n in volumes.numbers(data) if volumes.split_of(n) == wanted]


def make_phantoms(first, count):
    made = []
    for seed in range(first, first + count):
        rng = np.random.default_rng(seed)
        size = [int(rng.integers(32, 44)), int(rng.integers(46, 58)), int(rng.integers(30, 44))]
        shape = phantom.random_phantom(seed)
        made.append((phantom.image(shape, size, (1, 1, 1)).astype(np.float32), phantom.labels(shape, size, (1, 1, 1))))
    return made


def crop_margins(image, label, rng):
    """Takes away up to the whole margin around the structure: scanners and technicians cut where they like."""
    where = np.argwhere(label > 0)
    low = [int(rng.integers(0, a + 1)) for a in np.maximum(where.min(0) - 2, 0)]
    high = [n - int(rng.integers(0, max(0, n - b - 3) + 1)) for n, b in zip(image.shape, where.max(0))]
    cut = tuple(slice(a, b) for a, b in zip(low, high))
    return image[cut], label[cut]


def sampling_grid(shape, patch, rng):
    """Where each voxel of the patch is read from the volume, in grid_sample's coordinates (x, y, z in -1..1)."""
    axes = [torch.arange(n, dtype=torch.float32) - (n - 1) / 2 for n in patch]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))  # z, y, x
    if rng.random() < 0.75:
        a, b, c = rng.normal(0, 9, 3).clip(-22, 22) * math.pi / 180
        about_x = np.array([[math.cos(a), -math.sin(a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]])
        about_y = np.array([[math.cos(b), 0, -math.sin(b)], [0, 1, 0], [math.sin(b), 0, math.cos(b)]])
        about_z = np.array([[1, 0, 0], [0, math.cos(c), -math.sin(c)], [0, math.sin(c), math.cos(c)]])
        scale = np.diag(rng.uniform(0.88, 1.14) * rng.uniform(0.95, 1.05, 3))
        matrix = torch.from_numpy((about_x @ about_y @ about_z @ scale).astype(np.float32))
        grid = torch.einsum("ij,jdhw->idhw", matrix, grid)
    if rng.random() < 0.35:
        coarse = torch.from_numpy(rng.normal(0, rng.uniform(0.3, 1.4), (1, 3, 5, 7, 5)).astype(np.float32))
        grid = grid + F.interpolate(coarse, size=patch, mode="trilinear", align_corners=True)[0]
    # Half a voxel where the centred padding of an odd margin puts it, and a few voxels more most of the time.
    offset = np.array([(p - n) / 2 - (p - n) // 2 for p, n in zip(patch, shape)])
    if rng.random() < 0.7:
        offset = offset + rng.integers(-5, 6, 3)
    grid = grid + torch.from_numpy(offset.astype(np.float32)).view(3, 1, 1, 1)
    half = torch.tensor([(n - 1) / 2 for n in shape]).view(3, 1, 1, 1)
    return (grid / half).flip(0).permute(1, 2, 3, 0)[None]


def blur(image, sigma, rng):
    reach = 2
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).float()
    for axis in range(3):
        shape, padding = [1, 1, 1, 1, 1], [0, 0, 0]
        shape[2 + axis], padding[axis] = 2 * reach + 1, reach
        image = F.conv3d(image, kernel.view(shape), padding=padding)
    return image


def disturb(image, inside, rng):
    """Changes of contrast, shading, sharpness and noise, that keep mean and deviation as normalising the volume left them."""
    before = image[inside]
    if rng.random() < 0.3:
        low, high = image.min(), image.max()
        image = ((image - low) / (high - low + 1e-6)) ** float(rng.uniform(0.65, 1.5))
    if rng.random() < 0.3:
        coarse = torch.from_numpy(rng.normal(0, 0.15, (1, 1, 3, 3, 3)).astype(np.float32))
        field = F.interpolate(coarse, size=image.shape[2:], mode="trilinear", align_corners=True)
        low = image.min()
        image = (image - low) * torch.exp(field) + low
    if rng.random() < 0.15:
        image = blur(image, float(rng.uniform(0.3, 0.8)), rng)
    if rng.random() < 0.12:
        factor = [1.0, 1.0, 1.0]
        factor[int(rng.integers(3))] = 1 / float(rng.uniform(1.1, 2))
        small = F.interpolate(image, scale_factor=factor, mode="trilinear", align_corners=False, recompute_scale_factor=True)
        image = F.interpolate(small, size=image.shape[2:], mode="trilinear", align_corners=False)
    if rng.random() < 0.4:
        noise = torch.from_numpy(rng.normal(0, 1, image.shape).astype(np.float32))
        image = image + noise * image[inside].std() * float(rng.uniform(0, 0.2))
    known = image[inside]
    image = (image - known.mean()) * (before.std() / known.std().clamp_min(1e-6)) + before.mean()
    if rng.random() < 0.5:
        image = image * float(rng.uniform(0.9, 1.1)) + float(rng.uniform(-0.1, 0.1))
    return image * inside


def make_sample(real, phantoms, patch, seed, index):
    """The index-th sample: image [1,D,H,W] and label [D,H,W]."""
    rng = np.random.default_rng([seed, index])
    if rng.random() < PHANTOM_SHARE:
        image, label = phantoms[int(rng.integers(len(phantoms)))]
    else:
        epoch, place = divmod(index, len(real))
        image, label = real[np.random.default_rng([seed, 1 << 30, epoch]).permutation(len(real))[place]]
    if rng.random() < 0.3:
        image, label = crop_margins(image, label, rng)
    if rng.random() < 0.5:
        image, label = image[:, :, ::-1], label[:, :, ::-1]
    normalised = torch.from_numpy(volumes.normalise(image))
    hot = [torch.from_numpy((label == c).astype(np.float32)) for c in range(1, volumes.CLASSES)]
    stack = torch.stack([normalised, torch.ones_like(normalised), *hot])[None]
    sampled = F.grid_sample(stack, sampling_grid(image.shape, patch, rng), mode="bilinear", padding_mode="zeros", align_corners=True)
    inside = sampled[:, 1:2] > 0.5
    foreground = sampled[0, 2:]
    target = torch.cat([1 - foreground.sum(0, keepdim=True), foreground]).argmax(0)
    return disturb(sampled[:, :1] * inside, inside, rng)[0], target


def loss_of(logits, target):
    """Cross-entropy + Dice + a tenth of the relative error of each part's volume."""
    probability = torch.softmax(logits, 1)
    hot = F.one_hot(target, volumes.CLASSES).permute(0, 4, 1, 2, 3).float()
    predicted, true = probability.sum((2, 3, 4))[:, 1:], hot.sum((2, 3, 4))[:, 1:]
    common = (probability * hot).sum((2, 3, 4))[:, 1:]
    dice = (2 * common.sum(0) + 1) / (predicted.sum(0) + true.sum(0) + 1)
    volume = ((predicted - true).abs() / (true + 200)).mean()
    return F.cross_entropy(logits, target) + (1 - dice).mean() + 0.1 * volume


def validate(network, cases):
    network.eval()
    scores = []
    for image, label in cases:
        found = volumes.segment(network, image)
        scores.append([volumes.dice(found == c, label == c) for c in (1, 2)] + [((found > 0).sum() / (label > 0).sum() - 1) * 100])
    network.train()
    scores = np.array(scores)
    return {"anterior": scores[:, 0].mean(), "posterior": scores[:, 1].mean(), "volumeBias": scores[:, 2].mean(),
            "volumeError": float(np.median(np.abs(scores[:, 2])))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--iterations", type=int, default=1200)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--small", type=float, default=0.0, help="share of the iterations on the smaller patch")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--validate-every", type=int, default=100)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    work = pathlib.Path(options.work)
    work.mkdir(parents=True, exist_ok=True)

    training, validation = load(options.data, "training"), load(options.data, "validation")
    drawn = work / "phantoms.pt"
    if not drawn.exists():
        torch.save(make_phantoms(PHANTOM_SEED, PHANTOMS), drawn)
    phantoms = torch.load(drawn)
    print(f"{len(training)} volumes to train on, {len(validation)} to validate, {len(phantoms)} phantoms", flush=True)

    network = Network()
    average = copy.deepcopy(network).requires_grad_(False)
    optimiser = torch.optim.AdamW(network.parameters(), options.rate, weight_decay=1e-3)
    state = {"iteration": 0, "wallSeconds": 0.0, "cpuSeconds": 0.0, "best": 0.0}
    checkpoint = work / "checkpoint.pt"
    if options.resume and checkpoint.exists():
        saved = torch.load(checkpoint)
        network.load_state_dict(saved["network"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        state = saved["state"]
        print(f"resumed at iteration {state['iteration']}", flush=True)

    parameters = list(network.parameters())

    def gradient(indices, patch):
        images, targets = zip(*(make_sample(training, phantoms, patch, options.seed, index) for index in indices))
        loss = loss_of(network(torch.stack(images)), torch.stack(targets))
        return loss.item(), torch.autograd.grad(loss, parameters)

    # Each thread takes its own samples: on a busy machine that waits once per step, not in every operator. At least two
    # samples each: PyTorch 1.13 has no fast 3-D convolution for a single one on a single thread.
    pool = ThreadPoolExecutor(options.threads, initializer=torch.set_num_threads, initargs=(1,))
    wall, cpu, wall_before, cpu_before = time.time(), time.process_time(), state["wallSeconds"], state["cpuSeconds"]
    begun, recent, saved_at = state["iteration"], [], time.time()
    for iteration in range(begun, options.iterations):
        warm = min(1.0, (iteration + 1) / 50)
        rate = options.rate * warm * (0.5 * (1 + math.cos(math.pi * iteration / options.iterations)) * 0.99 + 0.01)
        for group in optimiser.param_groups:
            group["lr"] = rate
        patch = SMALL_PATCH if iteration < options.small * options.iterations else volumes.PATCH
        first = iteration * options.batch
        shares = [range(first + t, first + options.batch, options.threads) for t in range(options.threads)]
        results = list(pool.map(gradient, shares, itertools.repeat(patch)))
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
        if done % 10 == 0 or last:
            left = (time.time() - wall) / (done - begun) * (options.iterations - done)
            print(f"{done}/{options.iterations} loss {np.mean(recent):.4f} rate {rate:.2e} wall {state['wallSeconds']:.0f} s "
                  f"cpu {state['cpuSeconds']:.0f} s left {left / 60:.1f} min", flush=True)
            recent = []
        validated = done % options.validate_every == 0 or last
        if validated:
            scores = validate(average, validation)
            mean = (scores["anterior"] + scores["posterior"]) / 2
            print(f"{done} validation {json.dumps({k: round(v, 4) for k, v in scores.items()})} mean {mean:.4f}", flush=True)
            if mean >= state["best"]:
                state["best"] = mean
                torch.save({"network": average.state_dict(), "state": dict(state), "validation": scores}, work / "best.pt")
        if validated or time.time() - saved_at > 180:
            temporary = work / "checkpoint.tmp"
            torch.save({"network": network.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict(),
                        "state": state}, temporary)
            temporary.replace(checkpoint)
            saved_at = time.time()


if __name__ == "__main__":
    main()
