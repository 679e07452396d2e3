"""Trains the network. The last averaged weights are kept: no epoch is chosen.

    python3 train.py --data trainval.npz --work WORK

--data is PneumoniaMNIST's train and validation part (MedMNIST v2) as one .npz; nothing of it goes into the package.
"""

import argparse
import copy
import math
import pathlib
import time

import numpy as np
import torch
from torch.nn import functional as F

from images import parts
from network import Network

BATCH = 64
PEAK = 3e-3
LAST = 1e-5
WEIGHT_DECAY = 1e-3
AVERAGE = 0.998


def normalised(x):
    mean = x.mean((1, 2, 3), keepdim=True)
    deviation = ((x - mean) ** 2).mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-6)
    return (x - mean) / deviation


def augmented(x, generator):
    """x: [N,1,28,28], 0 … 1. Turned, moved, stretched, mirrored; another tone curve, blur and noise: other devices, other detectors."""
    n = len(x)

    def uniform(low, high, shape=(n,)):
        return torch.rand(shape, generator=generator) * (high - low) + low

    angle, scale = uniform(-0.21, 0.21), uniform(0.85, 1.12)
    stretch = uniform(0.93, 1.07)
    mirror = (torch.rand(n, generator=generator) < 0.5).float() * 2 - 1
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    rows = [torch.stack([cos * mirror * stretch, -sin, uniform(-0.15, 0.15)], 1), torch.stack([sin * mirror, cos, uniform(-0.15, 0.15)], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), x.shape, align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)
    x = x.clamp(1e-3, 1) ** torch.exp(uniform(-0.4, 0.4, (n, 1, 1, 1)))
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, 1)
    mix = uniform(-0.6, 0.6, (n, 1, 1, 1))
    x = x + mix * (soft - x)
    return x + torch.randn(x.shape, generator=generator) * uniform(0, 0.03, (n, 1, 1, 1))


def follow(average, network, decay):
    with torch.no_grad():
        for a, b in zip(average.state_dict().values(), network.state_dict().values()):
            if a.is_floating_point():
                a.lerp_(b, 1 - decay)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=7, help="of CPU time")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    generator = torch.Generator().manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)

    images, labels = parts(options.data)["fit"]
    x = torch.from_numpy(images.astype(np.float32) / 255)[:, None]
    y = torch.from_numpy(labels)
    weight = len(y) / (2 * torch.bincount(y).float())  # each class counts the same
    network = Network()
    average = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), PEAK, weight_decay=WEIGHT_DECAY)
    step, epoch, begun, told = 0, 0, time.process_time(), 0.0
    done = 0.0
    while done < 1:
        order = rng.permutation(len(x))
        epoch += 1
        for first in range(0, len(order) - BATCH + 1, BATCH):
            done = (time.process_time() - begun) / (60 * options.minutes)
            if done >= 1:
                break
            rate = PEAK * done / 0.08 if done < 0.08 else LAST + (PEAK - LAST) * (1 + math.cos(math.pi * (done - 0.08) / 0.92)) / 2
            for group in optimiser.param_groups:
                group["lr"] = rate
            picked = torch.from_numpy(order[first: first + BATCH])
            network.train()
            logits, _ = network(normalised(augmented(x[picked], generator)))
            loss = F.cross_entropy(logits, y[picked], weight, label_smoothing=0.05)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            step += 1
            follow(average, network, min(AVERAGE, (step + 1) / (step + 10)))
            told = loss.item() if step == 1 else 0.98 * told + 0.02 * loss.item()
        print(f"epoch {epoch}, step {step}, {done:.0%}, loss {told:.4f}", flush=True)
    torch.save({"network": average.state_dict(), "steps": step, "epochs": epoch, "minutes": options.minutes, "seed": options.seed},
               options.work / "last.pt")
    print(f"{step} steps, {epoch} epochs, {(time.process_time() - begun) / 60:.1f} minutes of CPU time")


if __name__ == "__main__":
    main()
