"""A parametric phantom of the hippocampus in MR: analytic, deterministic, free of any patient's data.

Everything below is a function of the parameters, so that a port in another language gives the same voxels up to
rounding. Coordinates are millimetres in LPS (x to the patient's Left, y Posterior, z Superior) from the centre of the
volume; voxel (i, j, k) of a grid of (nx, ny, nz) voxels with spacing (sx, sy, sz) lies at
x = (i - (nx - 1) / 2) sx, and likewise for y and z. `side` is +1 for a left and -1 for a right hippocampus; the
lateral coordinate is l = side * x - lateral.

Shape: a chain of N = 64 ellipsoids, u = n / (N - 1) from the tip of the head (0) to the end of the tail (1), with
  g     = exp(-((u - 0.2) / 0.17)^2)                                       the bulge of the head
  taper = min(1, 0.55 + 0.45 u / 0.12) * min(1, 0.6 + 0.4 (1 - u) / 0.15)
  centre (l, y, z) = size * (3 - bow (u - 0.5)^2 + 2.6 (u - 0.5),
                             length (u - 0.5) + 1,
                             -6.5 + rise u + curl u^4)
  radii  (l, y, z) = size * (width (1 + 0.42 head g) taper, 4, height (1 + 0.32 head g) taper)
The signed distance to an ellipsoid is approximated with q = (p - centre) / radii, r = q / radii as
|q| (|q| - 1) / |r|, and that to the chain is the least of the N. |r| is kept above 1e-9.
Inside (distance < 0) is label 1, anterior, where y < size * split, else label 2, posterior.

Tissue: a region with signed distance d covers the fraction clamp(0.5 - d / 1 mm, 0, 1) of a voxel, and regions are
painted one over the other: value = value (1 - fraction) + fraction * tissue. In this order:
  white matter everywhere;
  below the floor, floor = z of the chain's centre at u(y) - size * height (u(y) = clamp((y / size - 1) / length + 0.5, 0, 1)),
    with depth = floor - z + 1.5 sin(l / 5 + phase) + 1.0 sin(y / 6 + 2 phase):
    a slab [sheet, sheet + 7] of cortex (grey), in it a slab [sheet + 3, sheet + 4] of fluid,
    where a slab [a, b] has d = max(a - depth, depth - b);
  medial fluid, d = l - cistern, cistern = -13.5 size + 1.5 sin(y / 7 + phase), and in it white matter (the brain stem), d = l - cistern + 3.5;
  the amygdala, grey, an ellipsoid at size * (-1, -16, 7) with radii size * (9, 8, 7);
  the temporal horn, fluid: the chain's signed distance at the point (l - 1.2 size, y, z - 1.8 size), plus (1 - horn) 2 mm;
  the hippocampus.
Then: value *= 1 + texture * V(p / 4 mm), V the value noise below, seed + 1;
value *= exp((bias_x x + bias_y y + bias_z z) / 25);
value = hypot(value + noise g1, noise g2), g1, g2 standard normal for the voxel index n = i + nx (j + ny k), Rician.

Random numbers: H(seed, n) is SplitMix64's output function applied to seed + (n + 1) * 0x9E3779B97F4A7C15 (mod 2^64):
  z ^= z >> 30; z *= 0xBF58476D1CE4E5B9; z ^= z >> 27; z *= 0x94D049BB133111EB; z ^= z >> 31.
U(seed, n) = ((H >> 11) + 0.5) / 2^53. With a = U(seed, 2n), b = U(seed, 2n + 1):
  g1 = sqrt(-2 ln a) cos(2 pi b), g2 = sqrt(-2 ln a) sin(2 pi b), with the seed itself.
Value noise: at lattice point (a, b, c) (integers, each + 1000) the value is 2 U(seed + 1, a + 4096 (b + 4096 c)) - 1;
between lattice points it is trilinear.
"""

import argparse
import dataclasses
import json

import numpy as np

LINKS = 64


@dataclasses.dataclass(frozen=True)
class Phantom:
    """Parameters; lengths in mm, tissue values in the scanner's arbitrary unit."""

    seed: int = 7
    side: int = 1
    size: float = 1.0
    lateral: float = 0.0
    length: float = 33.0
    bow: float = 29.0
    rise: float = 12.0
    curl: float = 5.0
    width: float = 6.6
    height: float = 3.9
    head: float = 1.0
    split: float = -2.3
    sheet: float = 2.5
    phase: float = 0.6
    horn: float = 0.8
    grey: float = 480.0
    cortex: float = 470.0
    white: float = 780.0
    fluid: float = 130.0
    texture: float = 0.05
    bias_x: float = 0.06
    bias_y: float = -0.05
    bias_z: float = 0.04
    noise: float = 22.0


# The study that a new installation sends to itself: 33 slices of 1.2 mm, 44 columns and 60 rows of 0.9 mm.
SAMPLE = Phantom()
SAMPLE_SIZE, SAMPLE_SPACING = (44, 60, 33), (0.9, 0.9, 1.2)


def random_phantom(seed):
    """A phantom drawn for training; the same seed gives the same phantom."""
    rng = np.random.default_rng(seed)
    u = rng.uniform
    white, length = u(600, 950), u(29, 36)
    return Phantom(
        seed=int(seed) + 1000, side=int(rng.choice([-1, 1])), size=u(0.86, 1.12), lateral=u(-2, 2),
        length=length, split=1 - 0.1 * length + u(-0.4, 0.4),
        bow=u(18, 36), rise=u(8, 15), curl=u(1, 8), width=u(5.6, 7.8), height=u(3.3, 4.6), head=u(0.6, 1.3),
        sheet=u(1.5, 4), phase=u(0, 6.28), horn=u(0, 1.3), grey=white * u(0.54, 0.72),
        cortex=white * u(0.5, 0.72), white=white, fluid=white * u(0.08, 0.3), texture=u(0, 0.1), bias_x=u(-0.15, 0.15),
        bias_y=u(-0.15, 0.15), bias_z=u(-0.15, 0.15), noise=white * u(0.01, 0.06))


def hash64(seed, n):
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + (n.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def uniform(seed, n):
    return ((hash64(seed, n) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def value_noise(seed, x, y, z):
    corners = [np.floor(a).astype(np.int64) for a in (x, y, z)]
    fractions = [a - c for a, c in zip((x, y, z), corners)]
    total = 0.0
    for bits in range(8):
        index, weight = 0, 1.0
        for axis in (2, 1, 0):
            bit = bits >> axis & 1
            index = index * 4096 + corners[axis] + bit + 1000
            weight = weight * (fractions[axis] if bit else 1 - fractions[axis])
        total = total + weight * (2 * uniform(seed, index) - 1)
    return total


def chain(p):
    """Centres and radii, each [64, 3] in (l, y, z)."""
    u = np.arange(LINKS) / (LINKS - 1)
    g = np.exp(-(((u - 0.2) / 0.17) ** 2))
    taper = np.minimum(1, 0.55 + 0.45 * u / 0.12) * np.minimum(1, 0.6 + 0.4 * (1 - u) / 0.15)
    centre = np.stack([3 - p.bow * (u - 0.5) ** 2 + 2.6 * (u - 0.5), p.length * (u - 0.5) + 1, height_of_axis(p, u)], 1)
    radii = np.stack([p.width * (1 + 0.42 * p.head * g) * taper, np.full(LINKS, 4.0),
                      p.height * (1 + 0.32 * p.head * g) * taper], 1)
    return p.size * centre, p.size * radii


def height_of_axis(p, u):
    return -6.5 + p.rise * u + p.curl * u**4


def ellipsoid_distance(l, y, z, centre, radii):
    q = [(a - c) / r for a, c, r in zip((l, y, z), centre, radii)]
    inner = np.sqrt(q[0] ** 2 + q[1] ** 2 + q[2] ** 2)
    slope = np.sqrt((q[0] / radii[0]) ** 2 + (q[1] / radii[1]) ** 2 + (q[2] / radii[2]) ** 2)
    return inner * (inner - 1) / np.maximum(slope, 1e-9)


def chain_distance(p, l, y, z):
    distance = np.full(np.broadcast(l, y, z).shape, np.inf)
    for centre, radii in zip(*chain(p)):
        np.minimum(distance, ellipsoid_distance(l, y, z, centre, radii), out=distance)
    return distance


def axes(size, spacing):
    x, y, z = ((np.arange(n) - (n - 1) / 2) * s for n, s in zip(size, spacing))
    return x[None, None, :], y[None, :, None], z[:, None, None]


def labels(p, size, spacing):
    """Labels [z, y, x]: 0 background, 1 anterior, 2 posterior."""
    x, y, z = axes(size, spacing)
    inside = chain_distance(p, p.side * x - p.lateral, y, z) < 0
    return np.where(inside, np.where(np.broadcast_to(y, inside.shape) < p.size * p.split, 1, 2), 0).astype(np.uint8)


def image(p, size, spacing):
    """Intensities [z, y, x], float64."""
    x, y, z = axes(size, spacing)
    l = p.side * x - p.lateral
    shape = np.broadcast(x, y, z).shape
    value = np.full(shape, p.white)

    def paint(distance, tissue):
        nonlocal value
        fraction = np.clip(0.5 - distance, 0, 1)
        value = value * (1 - fraction) + fraction * tissue

    along = np.clip((y / p.size - 1) / p.length + 0.5, 0, 1)
    floor = p.size * (height_of_axis(p, along) - p.height)
    depth = floor - z + 1.5 * np.sin(l / 5 + p.phase) + np.sin(y / 6 + 2 * p.phase)
    paint(np.maximum(p.sheet - depth, depth - p.sheet - 7), p.cortex)
    paint(np.maximum(p.sheet + 3 - depth, depth - p.sheet - 4), p.fluid)
    cistern = -13.5 * p.size + 1.5 * np.sin(y / 7 + p.phase)
    paint(l - cistern + 0 * z, p.fluid)
    paint(l - cistern + 3.5 + 0 * z, p.white)
    paint(ellipsoid_distance(l, y, z, (-p.size, -16 * p.size, 7 * p.size), (9 * p.size, 8 * p.size, 7 * p.size)), p.cortex)
    paint(chain_distance(p, l - 1.2 * p.size, y, z - 1.8 * p.size) + (1 - p.horn) * 2, p.fluid)
    paint(chain_distance(p, l, y, z), p.grey)

    value = value * (1 + p.texture * value_noise(p.seed + 1, *np.broadcast_arrays(x / 4, y / 4, z / 4)))
    value = value * np.exp((p.bias_x * x + p.bias_y * y + p.bias_z * z) / 25)
    n = np.arange(value.size).reshape(shape)
    a, b = uniform(p.seed, 2 * n), uniform(p.seed, 2 * n + 1)
    radius = p.noise * np.sqrt(-2 * np.log(a))
    return np.hypot(value + radius * np.cos(2 * np.pi * b), radius * np.sin(2 * np.pi * b))


def true_volumes(p, step=0.25):
    """Volumes in mm3 (anterior, posterior) by counting points of a grid of `step` mm."""
    size = tuple(int(n / step) for n in (48, 64, 48))
    fine = labels(p, size, (step,) * 3)
    return [float((fine == label).sum() * step**3) for label in (1, 2)]


def main():
    arguments = argparse.ArgumentParser(description="Writes the sample phantom and its true volumes.")
    arguments.add_argument("--sample", metavar="FILE", help="write the sample series as .npy, uint16 [z, y, x]")
    arguments = arguments.parse_args()
    voxels = np.rint(image(SAMPLE, SAMPLE_SIZE, SAMPLE_SPACING)).astype(np.uint16)
    if arguments.sample:
        np.save(arguments.sample, voxels)
    anterior, posterior = true_volumes(SAMPLE)
    print(json.dumps({"phantom": dataclasses.asdict(SAMPLE), "size": SAMPLE_SIZE, "spacingMm": SAMPLE_SPACING,
                      "anteriorMm3": anterior, "posteriorMm3": posterior, "mean": float(voxels.mean()),
                      "first": voxels[0, 0, :4].tolist(), "middle": voxels[16, 30, 20:24].tolist()}))


if __name__ == "__main__":
    main()
