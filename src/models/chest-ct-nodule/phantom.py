"""Generated chests in Hounsfield units with nodules whose place, size and shape are known.

Everything is drawn from the seed: torso with skin, fat and muscle, bones, mediastinum, heart, great vessels, diaphragm, lungs with
texture, vessels, airways, fissures, scars, and nodules. Lengths are millimetres; x grows to the patient's left, y to the back, z to the
head (LPS); arrays are [z, y, x].
"""

import dataclasses

import numpy as np

COARSE = 4.0  # mm: organs are smooth, their distance fields are kept on this grid and interpolated
AIR, FAT, MUSCLE, WATER = -1000.0, -100.0, 45.0, 0.0


@dataclasses.dataclass
class Nodule:
    kind: str  # solid, part-solid
    place: str  # free, pleura, vessel
    edge: str  # smooth, lobulated, spiculated, ragged
    centre: np.ndarray  # x, y, z
    radius: float
    density: float
    core: float  # part-solid: radius of the core as a share
    core_density: float
    bumps: np.ndarray  # n x 5: direction, height, sharpness
    axes: np.ndarray  # 3 x 3: principal directions divided by their relative lengths
    spicules: np.ndarray  # n x 5: direction, length, thickness
    rough: float  # unevenness of the surface as a share of the radius
    haze: float  # HU of a halo that is not counted to the nodule
    seed: int


@dataclasses.dataclass
class Protocol:
    """How the scanner looks at the chest."""

    field: float  # mm, diameter of the reconstructed circle
    thickness: float  # mm
    interval: float  # mm between slices
    noise: float  # HU at the centre
    sharpness: float  # 0 smooth kernel … 1 sharp kernel
    offset: np.ndarray  # of the field's centre, mm


def interpolated(field, axis, positions, first, step):
    """A field sampled at first + k step along an axis, linearly at positions."""
    count = field.shape[axis]
    at = np.clip((np.asarray(positions, np.float64) - first) / step, 0, count - 1 - 1e-6)
    low = at.astype(int)
    side = [1] * field.ndim
    side[axis] = len(low)
    share = (at - low).astype(np.float32).reshape(side)
    lower = field.take(low, axis)
    out = field.take(low + 1, axis)
    out -= lower
    out *= share
    out += lower
    return out


def smooth_field(rng, shape, step, count=1):
    """Random fields of deviation about 1 that vary over `step` samples."""
    small = [max(4, int(np.ceil(n / step)) + 3) for n in shape]
    out = rng.standard_normal((count, *small), dtype=np.float32)
    for axis in (2, 1, 0):
        out = interpolated(out, axis + 1, rng.random() + np.arange(shape[axis]) / step, 0, 1)
    out *= 1.5
    return out


class Chest:
    """One generated person."""

    def __init__(self, seed, nodules=None, sizes=None):
        rng = self.rng = np.random.default_rng([seed, 1])
        self.scale = rng.uniform(0.86, 1.14)
        s = self.scale
        self.a, self.b = s * rng.uniform(112, 138), s * rng.uniform(78, 102)  # half-axes of the rib cage, inside
        self.top, self.waist = s * rng.uniform(120, 150), s * rng.uniform(-30, 10)
        self.fat, self.muscle = rng.uniform(4, 38), rng.uniform(10, 20)
        self.tilt = self._tilt(rng.normal(0, [4, 2.5, 3]) * np.pi / 180)
        self.lung_density = rng.uniform(-890, -770)
        self.contrast = rng.uniform(110, 340) if rng.random() < 0.5 else rng.uniform(30, 55)
        self._build(rng)
        self._grow_vessels(rng)
        self._place_nodules(rng, nodules, sizes)

    @staticmethod
    def _tilt(angles):
        (a, b, c), m = angles, np.eye(3)
        for i, j, t in ((0, 1, a), (0, 2, b), (1, 2, c)):
            r = np.eye(3)
            r[i, i] = r[j, j] = np.cos(t)
            r[i, j], r[j, i] = -np.sin(t), np.sin(t)
            m = m @ r
        return m.astype(np.float32)

    # Organs: distance fields on the coarse grid, negative inside.

    def _build(self, rng):
        s = self.scale
        self.low = np.array([-260.0, -200.0, -250.0])
        count = (np.array([520.0, 420.0, 480.0]) / COARSE).astype(int)
        axes = [(self.low[i] + COARSE * np.arange(count[i])).astype(np.float32) for i in range(3)]
        gz, gy, gx = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij", sparse=True)
        r = self.tilt  # scanner = tilt · patient, so patient = tiltᵀ · scanner
        x, y, z = (r[0, i] * gx + r[1, i] * gy + r[2, i] * gz for i in range(3))
        shape = x.shape
        wobble = smooth_field(rng, shape, 42 / COARSE, 3)
        wobble_fine = smooth_field(rng, shape, 15 / COARSE)[0]

        def ellipsoid(c, h):
            q = ((x - c[0]) / h[0]) ** 2 + ((y - c[1]) / h[1]) ** 2 + ((z - c[2]) / h[2]) ** 2
            return (np.sqrt(q) - 1) * min(h)

        a, b = self.profile(z)
        cage = (np.sqrt((x / a) ** 2 + (np.sign(y) * np.abs(y) / np.where(y > 0, b * 1.08, b * 0.95)) ** 2) - 1) * np.minimum(a, b)
        cage = np.maximum(cage, z - self.top) + wobble[0] * 1.2
        # Mediastinum, heart, spine: what is not lung between the lungs.
        width = s * (rng.uniform(18, 28) + 8 * np.clip(-(z - 20) / 80, -0.6, 1))
        self.heart_centre = s * np.array([rng.uniform(12, 26), rng.uniform(-38, -24), rng.uniform(-70, -45)])
        heart = ellipsoid(self.heart_centre, s * np.array([rng.uniform(52, 68), rng.uniform(40, 50), rng.uniform(46, 58)]))
        self.spine_y = self.b * rng.uniform(0.70, 0.78)
        spine = np.hypot(x / 1.15, y - self.spine_y - 6) - s * rng.uniform(19, 24)
        slab = np.abs(x - 3) - width + np.where(y < 0, 0.18 * np.abs(y), 0.05 * y)
        mediastinum = np.minimum(np.minimum(slab, heart), spine) + wobble[1] * 2.5 + wobble_fine * 0.7
        # Diaphragm: a dome each side, lower behind.
        base = s * rng.uniform(-95, -70)
        high = [s * rng.uniform(25, 55), s * rng.uniform(15, 45)]
        domes = [base + h * (1 - ((x - c) / (80 * s)) ** 2 - ((y + 15 * s) / (75 * s)) ** 2) - 0.25 * np.maximum(y, 0)
                 for h, c in zip(high, (-70 * s, 70 * s))]
        dome = np.where(x < 0, np.maximum(domes[0], base - 75), np.maximum(domes[1], base - 75))
        diaphragm = (dome - z) * 0.8 + wobble[2] * 1.5
        self.lung = np.maximum(np.maximum(cage, -mediastinum), diaphragm).astype(np.float32)
        if rng.random() < 0.12:  # an effusion: fluid at the back of one base
            side = rng.choice([-1, 1])
            level = self.b * rng.uniform(0.45, 0.8)
            self.lung = np.where((x * side > 0) & (z < base + 80), np.maximum(self.lung, y - level), self.lung)
        self.cage = cage.astype(np.float32)
        below = np.maximum(cage + 4, -diaphragm)  # under the diaphragm
        # Torso: cage, muscle, fat, skin; shoulders at the top.
        shoulder = 1 + 0.22 * np.clip((z - self.top * 0.45) / 60, 0, 1)
        ax, by = (self.a + self.muscle + 6) * shoulder, self.b + self.muscle + 6
        q = (np.abs(x / ax) ** 2.4 + np.abs(y / by) ** 2.4) ** (1 / 2.4)
        flesh = (q - 1) * by + wobble[1] * 2
        self.flesh = flesh.astype(np.float32)
        self.skin = (flesh - self.fat * (1 + 0.3 * wobble[2])).astype(np.float32)
        # Density inside the body, without lungs and bones.
        organ = np.where(below < 0, 55 + 10 * (x < 0), MUSCLE)
        gaps = smooth_field(rng, shape, 10 / COARSE)[0]
        organ = np.where((np.minimum(slab, spine) < 0) & (heart > 0) & (gaps > rng.uniform(-0.6, 0.4)) & (below > 0), -95, organ)
        blood = 38 + (self.contrast - 38) * 0.8
        organ = np.where(heart < -6, blood, organ)
        organ = np.where((flesh < 0) & (cage > 3) & (np.abs(wobble_fine) < 0.35), -70, organ)  # fat between muscles
        if rng.random() < 0.8:
            gas = ellipsoid(s * np.array([rng.uniform(45, 85), rng.uniform(-60, -20), 0]) + [0, 0, base - rng.uniform(0, 30)],
                            s * rng.uniform(15, 38, 3))
            organ = np.where(np.maximum(gas, below + 6) < 0, -980, organ)
        self.organ = organ.astype(np.float32)
        self.fissures = []
        if rng.random() < 0.85:
            for side in (-1, 1):
                n = np.array([0.05 * side, rng.uniform(0.45, 0.75), rng.uniform(0.6, 0.8)])
                f = n[0] * x + n[1] * y + n[2] * z - rng.uniform(-30, 5) * s + wobble[0] * 3
                self.fissures.append(np.where(x * side > 0, f, 60).astype(np.float32))
        self.table = rng.random() < 0.9
        self.bones = self._bones(rng)
        self.tubes = self._great_vessels(rng)

    def profile(self, z):
        t = np.clip((z - self.waist) / (self.top - self.waist), 0, 1)
        narrow = np.sqrt(np.maximum(1 - t ** 2.4, 0.02))
        return self.a * narrow, self.b * np.sqrt(np.maximum(1 - 0.75 * t ** 2.2, 0.02))

    def _bones(self, rng):
        """Capsules (p, q, radius at p, radius at q, inner density, outer density)."""
        s, bones = self.scale, []
        spread = rng.uniform(23, 29) * s
        hard, soft = rng.uniform(500, 1000), rng.uniform(120, 280)
        for level in range(-9, 8):
            z = level * spread
            y = self.spine_y + 10
            bones.append(([0, y, z - spread * 0.28], [0, y, z + spread * 0.28], 15 * s, 15 * s, soft, hard * 0.7))
            bones.append(([0, y + 24 * s, z], [0, y + 44 * s, z - 12], 4 * s, 3 * s, soft, hard))
            for side in (-1, 1):
                bones.append(([8 * side * s, y + 18 * s, z], [30 * side * s, y + 24 * s, z + 4], 4 * s, 3.5 * s, soft, hard))
            if rng.random() < 0.15:  # a spur that dents the lung
                side = rng.choice([-1, 1])
                bones.append(([14 * side * s, y - 8, z + spread / 2], [20 * side * s, y - 10, z + spread / 2], 3.5, 2.5, soft, hard))
        slope = rng.uniform(0.5, 0.9)
        for rib in range(11):
            start = self.top - 8 * s - rib * spread * 0.98
            for side in (-1, 1):
                points = []
                for angle in np.linspace(0.12, np.pi * (0.93 if rib < 7 else 0.6), 26):
                    z = start - slope * 42 * s * (angle / 2) - 10 * np.sin(angle)
                    a, b = self.profile(np.float64(z))
                    b = b * (1.08 if np.cos(angle) > 0 else 0.95)
                    points.append([side * (a + 5.5) * np.sin(angle), (b + 5.5) * np.cos(angle), z])
                thick = rng.uniform(3.4, 4.6) * s
                for k, (p, q) in enumerate(zip(points, points[1:])):
                    front = k > 20
                    inner, outer = (90, 110) if front else (soft, hard)  # cartilage in front
                    if front and rng.random() < 0.15:
                        outer = 400
                    bones.append((p, q, thick, thick, inner, outer))
        for side in (-1, 0, 1):
            bones.append(([side * 8, -self.b - 10, -60 * s], [side * 10, -self.b - 2, self.top * 0.6], 6 * s, 7 * s, soft, hard * 0.6))
        for side in (-1, 1):
            bones.append(([side * 15, -self.b * 0.75, self.top * 0.8], [side * 130 * s, -5, self.top * 0.95], 6 * s, 6 * s, soft, hard))
            for k in range(5):  # shoulder blade
                p = np.array([side * (75 + 8 * k) * s, self.b + 16 - 5 * k, self.top * 0.75])
                bones.append((p, p + [side * 4, -2, -95 * s + 8 * k], 3.2, 2.6, soft, hard))
        if rng.random() < 0.2:
            self.arms = rng.uniform(38, 46)
        else:
            self.arms = 0
        return [(self.tilt @ np.array(p, np.float32), self.tilt @ np.array(q, np.float32), *rest) for p, q, *rest in bones]

    def _great_vessels(self, rng):
        """Aorta and its arch, venae cavae, pulmonary trunk, oesophagus: capsules of blood."""
        s, density, tubes = self.scale, self.contrast, []
        arch = [[12, -20, -20], [6, -28, 25], [8, -20, 48], [18, 0, 56], [24, 22, 48], [24, self.spine_y / s - 12, 15]]
        arch += [[22, self.spine_y / s - 10, -60], [14, self.spine_y / s - 8, -200]]
        thick = rng.uniform(11, 16)
        lines = [(arch, thick), ([[-24, -12, 75], [-24, -12, -20]], 8), ([[10, -22, -25], [14, -10, 8], [28, 8, 8]], 12),
                 ([[14, -10, 8], [-28, 6, 4]], 10), ([[-28, -2, -110], [-24, -8, -60]], 11)]
        for points, radius in lines:
            points = [np.array(p, float) * s + rng.normal(0, 2, 3) for p in points]
            tubes += [(self.tilt @ p.astype(np.float32), self.tilt @ q.astype(np.float32), radius * s, radius * s, density, density)
                      for p, q in zip(points, points[1:])]
        return tubes

    def inside(self, field, points):
        """Value of a coarse field at points [n, 3] (nearest sample)."""
        at = np.rint((np.asarray(points) - self.low) / COARSE).astype(int)
        at = np.clip(at, 0, np.array(field.shape[::-1]) - 1)
        return field[at[..., 2], at[..., 1], at[..., 0]]

    # Vessels and airways.

    def _grow_vessels(self, rng):
        s = self.scale
        self.vessels, self.airways = [], []
        trachea = np.array([0, 8, self.top + 60]) * 1.0, np.array([2, 12, 28 * s])
        calibre = rng.uniform(7, 10) * s
        self._airway(trachea[0], trachea[1], calibre, calibre)
        for side in (-1, 1):
            hilum = np.array([side * 34 * s, 14, 6 * s])
            self._airway(trachea[1], hilum, calibre * 0.72, calibre * 0.66)
            for tree in range(3):  # artery, two veins
                root = hilum + rng.normal(0, 6, 3) - [0, 10 * (tree > 0), 16 * (tree > 0)]
                directions = [[side * 0.5, -0.1, 0.9], [side * 0.8, -0.6, 0.1], [side * 0.4, 0.3, -0.9], [side * 0.8, 0.5, 0.1]]
                for d in directions:
                    d = np.array(d) + rng.normal(0, 0.25, 3)
                    self._branch(rng, root, d / np.linalg.norm(d), s * rng.uniform(3.2, 5.0) * (1 if tree == 0 else 0.8), 0, tree == 0)
        self.vessels = [(self.tilt @ p, self.tilt @ q, r0, r1) for p, q, r0, r1 in self.vessels]
        self.airways = [(self.tilt @ p, self.tilt @ q, r0, r1, wall) for p, q, r0, r1, wall in self.airways]

    def _airway(self, p, q, r0, r1):
        self.airways.append((np.asarray(p, np.float32), np.asarray(q, np.float32), r0, r1, 0.6 + 0.18 * r0))

    def _branch(self, rng, start, direction, radius, depth, airway):
        stack = [(start, direction, radius, depth)]
        while stack:
            start, direction, radius, depth = stack.pop()
            length = self.scale * (rng.uniform(6, 10) + radius * rng.uniform(2, 4.5))
            bend = direction + rng.normal(0, 0.18, 3) + 0.12 * (middle_of := start - [np.sign(start[0]) * 34 * self.scale, 14, 0]) / (np.linalg.norm(middle_of) + 20)
            bend /= np.linalg.norm(bend)
            middle = start + direction * length / 2
            end = middle + bend * length / 2
            if depth > 1 and self.inside(self.lung, (self.tilt @ end)) > -2.5:
                if radius < 1.2 or rng.random() < 0.5:
                    radius, end = min(radius, 0.9), middle
                else:
                    bend = -end / np.linalg.norm(end) + rng.normal(0, 0.6, 3)
                    bend /= np.linalg.norm(bend)
                    end = middle + bend * length / 2
                if self.inside(self.lung, self.tilt @ end) > -1.5:
                    continue
            thin = radius * 0.95
            self.vessels += [(start.astype(np.float32), middle.astype(np.float32), radius, (radius + thin) / 2),
                             (middle.astype(np.float32), end.astype(np.float32), (radius + thin) / 2, thin)]
            if airway and radius > 1.5:
                side = np.cross(direction, [0.3, 0.8, 0.5])
                side *= radius * 1.75 / (np.linalg.norm(side) + 1e-6)
                self._airway(start + side, middle + side, radius * 0.85, radius * 0.8)
                self._airway(middle + side, end + side, radius * 0.8, radius * 0.72)
            if thin < 0.45 or depth > 13:
                continue
            normal = np.cross(bend, rng.normal(0, 1, 3))
            normal /= np.linalg.norm(normal)
            share = rng.uniform(0.55, 0.85)
            for r, angle in ((thin * share ** 0.4, rng.uniform(0.1, 0.45)), (thin * (1 - share) ** 0.33, -rng.uniform(0.4, 0.95))):
                d = bend * np.cos(angle) + normal * np.sin(angle)
                if r > 0.4:
                    stack.append((end, d, r, depth + 1))

    # Nodules.

    def _place_nodules(self, rng, nodules, sizes):
        count = int(rng.integers(0, 6)) if nodules is None else nodules
        self.nodules = []
        low, high = sizes or (4, 50)
        where = np.argwhere(self.lung < 0)[:, ::-1] * COARSE + self.low
        edge = np.argwhere(np.abs(self.lung) < 2.5)[:, ::-1] * COARSE + self.low
        edge = edge[self.inside(self.flesh, edge) < -6]
        thick = [v for v in self.vessels if 1.0 < v[3] < 5 and self.inside(self.lung, v[1]) < -4]
        for _ in range(count * 12):
            if len(self.nodules) == count:
                break
            diameter = float(np.exp(rng.uniform(np.log(low), np.log(high))))
            if sizes is None and rng.random() < 0.12:
                diameter = float(rng.uniform(20, 50))
            radius = diameter / 2
            place = rng.choice(["free", "pleura", "vessel"], p=[0.4, 0.35, 0.25])
            if place == "free":
                centre = where[rng.integers(len(where))] + rng.uniform(-1.5, 1.5, 3)
                if self.inside(self.lung, centre) > -(radius + 2.5):
                    continue
            elif place == "pleura":
                at = edge[rng.integers(len(edge))]
                ball = at + rng.normal(0, 1, (40, 3)) * radius
                depth = self.inside(self.lung, ball)
                wanted = -radius * rng.uniform(0.25, 0.9)
                centre = ball[np.argmin(np.abs(depth - wanted))]
                if self.inside(self.lung, centre) > -0.2 * radius:
                    continue
            else:
                if not thick:
                    continue
                p, q, r0, _ = thick[rng.integers(len(thick))]
                off = np.cross(q - p, rng.normal(0, 1, 3))
                off /= np.linalg.norm(off) + 1e-6
                centre = (p + q) / 2 + off * (r0 * 0.5 + radius * rng.uniform(0.3, 0.95))
                if self.inside(self.lung, centre) > -max(2.0, radius * 0.4):
                    continue
            if any(np.linalg.norm(n.centre - centre) < n.radius * 1.4 + radius * 1.4 + 6 for n in self.nodules):
                continue
            if np.linalg.norm((self.tilt.T @ centre) * [1, 0.6, 0.7]) < 24 * self.scale:
                continue
            part = diameter > 6 and rng.random() < 0.28
            edge_kind = rng.choice(["smooth", "lobulated", "spiculated"], p=[0.4, 0.35, 0.25] if diameter > 7 else [0.7, 0.3, 0])
            if diameter > 16 and rng.random() < 0.4:
                edge_kind = "ragged"
            n = {"smooth": 2, "lobulated": int(rng.integers(4, 9)), "spiculated": int(rng.integers(3, 7)), "ragged": 6}[edge_kind]
            bumps = np.concatenate([unit(rng, n), rng.uniform(0.05, 0.12 if edge_kind == "smooth" else 0.38, (n, 1)),
                                    rng.uniform(2, 9, (n, 1))], 1)
            frame, _ = np.linalg.qr(rng.normal(0, 1, (3, 3)))
            stretch = np.exp(rng.normal(0, 0.13, 3))
            stretch /= np.prod(stretch) ** (1 / 3)
            m = int(rng.integers(8, 22)) if edge_kind in ("spiculated", "ragged") else 0
            spicules = np.concatenate([unit(rng, m), rng.uniform(1.3, 1.9, (m, 1)), rng.uniform(0.5, 1.1, (m, 1))], 1)
            solid = rng.uniform(-40, 90) if rng.random() < 0.93 else rng.uniform(200, 700)
            self.nodules.append(Nodule(
                "part-solid" if part else "solid", str(place), str(edge_kind), np.asarray(centre, float), radius,
                self.lung_density + rng.uniform(230, 470) if part else solid, rng.uniform(0.35, 0.7), rng.uniform(-60, 60), bumps,
                frame / stretch[:, None], spicules, float(rng.uniform(0.08, 0.2)) if edge_kind == "ragged" else 0.0,
                float(rng.uniform(60, 300)) if edge_kind == "ragged" or rng.random() < 0.15 else 0.0, int(rng.integers(1 << 31))))


def unit(rng, n):
    v = rng.normal(0, 1, (n, 3))
    return v / (np.linalg.norm(v, axis=1, keepdims=True) + 1e-9)


class Canvas:
    """Voxels of one scan and drawing on them with soft edges."""

    def __init__(self, first, spacing, shape):
        self.first, self.spacing, self.shape = np.asarray(first, float), np.asarray(spacing, float), shape  # x, y, z; shape z, y, x
        self.axes = [(self.first[i] + self.spacing[i] * np.arange(shape[2 - i])).astype(np.float32) for i in range(3)]
        self.soft = float(np.prod(self.spacing) ** (1 / 3))
        self.image = np.empty(shape, np.float32)

    def spread(self, chest, field):
        """A coarse field on this grid."""
        for axis in (2, 1, 0):
            field = interpolated(field, axis, self.axes[2 - axis], chest.low[2 - axis], COARSE)
        return field

    def box(self, low, high):
        at = []
        for i in range(3):
            a = int(np.ceil((low[i] - self.first[i]) / self.spacing[i]))
            b = int(np.floor((high[i] - self.first[i]) / self.spacing[i])) + 1
            at.append(slice(max(a, 0), min(max(b, 0), self.shape[2 - i])))
        if any(s.start >= s.stop for s in at):
            return None, None
        return (at[2], at[1], at[0]), (self.axes[0][at[0]][None, None, :], self.axes[1][at[1]][None, :, None], self.axes[2][at[2]][:, None, None])

    def capsule(self, p, q, r0, r1):
        """Box, distance to the surface of a tapering capsule."""
        reach = max(r0, r1) + self.soft * 0.6
        where, at = self.box(np.minimum(p, q) - reach, np.maximum(p, q) + reach)
        if where is None:
            return None, None
        d = q - p
        x, y, z = at[0] - p[0], at[1] - p[1], at[2] - p[2]
        t = np.clip((x * d[0] + y * d[1] + z * d[2]) / (d @ d + 1e-9), 0, 1)
        distance = np.sqrt((x - t * d[0]) ** 2 + (y - t * d[1]) ** 2 + (z - t * d[2]) ** 2)
        return where, distance - (r0 + t * (r1 - r0))

    def cover(self, distance):
        return np.clip(0.5 - distance / self.soft, 0, 1)

    def blend(self, where, cover, density):
        region = self.image[where]
        region += cover * (density - region)


def render(chest, first, spacing, shape):
    """The chest without noise on a grid: image in HU, and the number of each nodule's voxels (0 elsewhere)."""
    rng = np.random.default_rng([int(chest.scale * 1e6), 2])
    c = Canvas(first, spacing, shape)
    lung = c.spread(chest, chest.lung)
    inside = c.cover(lung)
    c.image[...] = c.spread(chest, chest.organ)
    flesh = c.cover(c.spread(chest, chest.flesh))
    c.image *= flesh
    c.image += (1 - flesh) * FAT
    del flesh
    skin = c.spread(chest, chest.skin)
    shell = np.clip(1 - np.abs(skin + 1.2) / 1.6, 0, 1)
    c.image += shell * (40 - c.image)
    outside = 1 - c.cover(skin)
    within = outside < 0.5
    c.image += outside * (AIR - c.image)
    del shell, skin, outside
    for p, q, r0, r1, density, _ in chest.tubes:
        where, d = c.capsule(p, q, r0, r1)
        if where:
            c.blend(where, c.cover(d), density)
    # Parenchyma with a gradient towards the back and texture, then what lies in it.
    slope = rng.uniform(0, 0.55)
    density = chest.lung_density + slope * c.axes[1][None, :, None]
    texture = smooth_field(rng, shape, 9 / c.soft)[0] * rng.uniform(6, 22)
    texture += smooth_field(rng, shape, 3.2 / c.soft)[0] * rng.uniform(8, 26)
    texture += density
    for _ in range(int(rng.integers(0, 8))):  # emphysema, and hazy patches that are no nodules
        hazy = rng.random() < 0.5
        patch(c, chest, rng, texture, rng.uniform(60, 200) if hazy else -rng.uniform(50, 120), rng.uniform(8, 28), 0.9)
    dependent = rng.uniform(0, 220) if rng.random() < 0.5 else 0
    if dependent:
        near = np.clip(1 + c.spread(chest, chest.cage) / rng.uniform(6, 14), 0, 1)
        near *= (c.axes[1] > 25)[None, :, None]
        texture += near * dependent
        del near
    c.image += inside * (texture - c.image)
    del texture
    for fissure in chest.fissures:
        f = c.spread(chest, fissure)
        c.image += np.clip(1 - np.abs(f) / c.soft, 0, 1) * inside * rng.uniform(60, 260)
    blood = chest.contrast
    for p, q, r0, r1 in chest.vessels:
        where, d = c.capsule(p, q, r0, r1)
        if where:
            thin = min(1.0, (max(r0, r1) / (0.62 * c.soft)) ** 1.5)
            region = c.image[where]
            np.maximum(region, region + c.cover(d) * thin * (blood - region), out=region)
    for p, q, r0, r1, wall in chest.airways:
        where, d = c.capsule(p, q, r0 + wall, r1 + wall)
        if where:
            thin = min(1.0, wall / c.soft)
            region = c.image[where]
            lumen = c.cover(d + wall) * min(1.0, r0 / c.soft)
            np.maximum(region, region + (c.cover(d) - lumen) * thin * (25 - region), out=region)
            region += lumen * (-985 - region)
    for _ in range(int(rng.integers(0, 7))):
        scar(c, chest, rng, inside)
    for p, q, r0, r1, inner, outer in chest.bones:
        where, d = c.capsule(p, q, r0, r1)
        if where:
            c.blend(where, c.cover(d) * within[where], np.where(d < -1.6, inner, outer))
    if chest.arms:
        for side in (-1, 1):
            p = np.array([side * (chest.a + chest.muscle + chest.fat + chest.arms + 14), 10, -250.0])
            q = p + [0, 0, 460]
            for r, hu in ((chest.arms, FAT), (chest.arms * 0.8, MUSCLE), (12, 900), (7, 60)):
                where, d = c.capsule(p, q, r, r)
                if where:
                    c.blend(where, c.cover(d), hu)
    if chest.table:
        top = chest.b + chest.muscle + chest.fat + 14
        y = c.axes[1]
        plate = np.clip(1 - np.abs(y - top) / 2.5, 0, 1) * -650 + np.clip(1 - np.abs(y - top - 35) / 2.5, 0, 1) * -650
        rows = y > top - 4
        c.image[:, rows] = np.maximum(c.image[:, rows], np.where(plate[rows] < 0, plate[rows], AIR)[None, :, None])
    truth = np.zeros(shape, np.uint8)
    for number, n in enumerate(chest.nodules, 1):
        draw_nodule(c, n, number, lung, truth)
    return c.image, truth


def patch(c, chest, rng, field, density, radius, share):
    where = np.argwhere(chest.lung < -3)
    centre = where[rng.integers(len(where))][::-1] * COARSE + chest.low
    h = radius * rng.uniform(0.6, 1.4, 3)
    box, at = c.box(centre - h * 1.6, centre + h * 1.6)
    if box:
        q = sum(((at[i] - centre[i]) / h[i]) ** 2 for i in range(3))
        field[box] += density * np.exp(-q * 1.5) * share


def scar(c, chest, rng, inside):
    """A plate or a band: atelectasis, a scar; no nodule."""
    where = np.argwhere((chest.lung < -1) & (chest.lung > -16))
    centre = where[rng.integers(len(where))][::-1] * COARSE + chest.low
    frame, _ = np.linalg.qr(rng.normal(0, 1, (3, 3)))
    wide = rng.uniform(6, 24)
    half = np.array([wide, wide * rng.uniform(0.25, 1), rng.uniform(0.6, 1.6)])
    box, at = c.box(centre - wide * 1.1, centre + wide * 1.1)
    if box is None:
        return
    x, y, z = (at[i] - centre[i] for i in range(3))
    u = [frame[i, 0] * x + frame[i, 1] * y + frame[i, 2] * z for i in range(3)]
    u[2] = u[2] + 0.012 * (u[0] ** 2) * rng.uniform(-1, 1)
    edge = np.maximum((np.sqrt((u[0] / half[0]) ** 2 + (u[1] / half[1]) ** 2) - 1) * half[1], np.abs(u[2]) - half[2])
    cover = c.cover(edge) * inside[box] * min(1, 2 * half[2] / c.soft)
    c.blend(box, cover, rng.uniform(-350, 30))


def draw_nodule(c, n, number, lung, truth):
    reach = n.radius * 2.2 + 2
    box, at = c.box(n.centre - reach, n.centre + reach)
    if box is None:
        return
    rel = np.stack(np.broadcast_arrays(*(at[i] - np.float32(n.centre[i]) for i in range(3))), -1)
    stretched = rel @ n.axes.T.astype(np.float32)
    length = np.linalg.norm(stretched, axis=-1) + 1e-4
    direction = stretched / length[..., None]
    shape = np.zeros(length.shape, np.float32)
    for b in n.bumps.astype(np.float32):
        shape += b[3] * np.exp(b[4] * (direction @ b[:3] - 1))
    distance = length - n.radius * (1 + shape - np.float32((n.bumps[:, 3] / (2 * n.bumps[:, 4])).sum()))
    if n.rough:
        own = np.random.default_rng(n.seed)
        for step, share in ((n.radius * 0.5, 1.0), (n.radius * 0.2, 0.5)):
            distance += smooth_field(own, distance.shape, max(step / c.soft, 1.2))[0] * np.float32(n.rough * n.radius * share)
    room = np.clip(0.5 - (lung[box] - 1.0) / c.soft, 0, 1)  # it grows in the lung
    body = c.cover(distance) * room
    if n.haze:
        wide = np.float32(min(3 + 0.5 * n.radius, 12))
        near = np.clip(1 - distance / wide, 0, 1) * room
        region = c.image[box]
        region += near * np.clip(-300 - region, 0, n.haze)
    for s in n.spicules.astype(np.float32):
        along = stretched @ s[:3]
        t = np.clip(along / (n.radius * s[3]), 0, 1)
        off = np.linalg.norm(stretched - along[..., None] * s[:3], axis=-1) - s[4] * (1.25 - t)
        spike = c.cover(np.maximum(off, along - n.radius * s[3])) * (along > 0) * room
        c.blend(box, spike * min(1, 1.6 * s[4] / c.soft), n.density)
    c.blend(box, body, n.density)
    if n.kind == "part-solid":
        c.blend(box, c.cover(distance + n.radius * (1 - n.core)) * room, n.core_density)
    truth[box][body >= 0.5] = number


def random_protocol(seed, chest):
    rng = np.random.default_rng([seed, 3])
    thickness = float(np.exp(rng.uniform(np.log(0.6), np.log(5)))) if rng.random() < 0.6 else float(rng.choice([1, 1.25, 2, 2.5, 3, 5]))
    interval = thickness * float(rng.choice([1, 1, 0.8, 0.5])) if thickness > 0.9 else thickness
    sharp = float(rng.random())
    noise = float(rng.uniform(7, 20) * (1 + 1.3 * sharp) * np.sqrt(2.5 / max(thickness, 1.0)))
    need = 2 * (chest.a + chest.muscle) + 10
    field = float(np.clip(rng.uniform(need * 0.95, need + 2 * chest.fat + 70), 280, 450))
    return Protocol(field, thickness, interval, noise, sharp, rng.normal(0, 5, 3))


def correlated(rng, shape, wide):
    """Noise of deviation 1 that a kernel of the given width (in pixels) leaves in a slice."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    return spread_plane(noise, max(wide, 0.2), lambda k: np.sqrt((k ** 2).sum())) if wide > 0.15 else noise


def blur_plane(image, sigma):
    """Gaussian blur within slices, in place; sigma in pixels."""
    if sigma < 0.15:
        return image
    return spread_plane(image, sigma, lambda k: k.sum())


def spread_plane(image, sigma, norm):
    k = np.exp(-0.5 * (np.arange(3) / sigma) ** 2).astype(np.float32)
    k /= norm(np.array([k[2], k[1], k[0], k[1], k[2]]))
    for axis in (1, 2):
        out = image * k[0]
        for shift in (1, 2):
            lead, lag = [slice(None)] * 3, [slice(None)] * 3
            lead[axis], lag[axis] = slice(shift, None), slice(None, -shift)
            moved = image * k[shift]
            out[tuple(lag)] += moved[tuple(lead)]
            out[tuple(lead)] += moved[tuple(lag)]
        image = out
    return image


def extent(chest, rng):
    """First and last z that the scan covers."""
    return chest.low[2] + rng.uniform(45, 80), chest.top + rng.uniform(5, 35)


def scan(seed, chest, pixel=None, fine=1.25):
    """A series as a scanner would give it, and what is true of its nodules. `fine` is the grid in mm on which the chest is drawn."""
    return scan_with_truth(seed, chest, pixel, fine)[0]


def scan_with_truth(seed, chest, pixel=None, fine=1.25):
    """A scan, and the nodules' numbers on the grid of the drawing with its first voxel and spacing."""
    rng = np.random.default_rng([seed, 4])
    protocol = random_protocol(seed, chest)
    pixel = pixel or max(fine, protocol.field / 512)
    n = int(round(protocol.field / pixel))
    low, high = extent(chest, rng)
    first = [protocol.offset[0] - pixel * (n - 1) / 2, protocol.offset[1] + 8 - pixel * (n - 1) / 2]
    step = min(fine, protocol.interval)
    nz = int((high - low) / step)
    ideal, truth = render(chest, [*first, low], (pixel, pixel, step), (nz, n, n))
    centres = np.arange(low + protocol.thickness / 2, high - protocol.thickness / 2 - step, protocol.interval)
    image = slabs(ideal, centres, protocol.thickness, low, step)
    del ideal
    image = expose(rng, image, protocol, pixel)
    series = np.clip(np.rint(image), -1024, 3071).astype(np.int16)
    made = Scan(series, (pixel, pixel, protocol.interval), np.array([*first, centres[0]]), protocol,
                [known(n, truth, i + 1, (pixel, pixel, step), [*first, low]) for i, n in enumerate(chest.nodules)])
    return made, truth, np.array([*first, low]), np.array([pixel, pixel, step])


@dataclasses.dataclass
class Scan:
    series: np.ndarray  # int16 [z, y, x], HU
    spacing: tuple  # x, y, z
    first: np.ndarray  # centre of the first voxel, x, y, z
    protocol: Protocol
    nodules: list  # Known, or None where nothing of a nodule lies in the scan


@dataclasses.dataclass
class Known:
    nodule: Nodule
    volume: float  # mm3 of what is drawn and lies in the scan
    points: np.ndarray  # some of its voxels, n x 3, mm

    @property
    def diameter(self):
        return (6 * self.volume / np.pi) ** (1 / 3)

    @property
    def centre(self):
        return self.points.mean(0)


def known(nodule, truth, number, spacing, first):
    where = np.argwhere(truth == number)
    if len(where) == 0:
        return None
    some = where[::max(1, len(where) // 3000), ::-1] * spacing + first
    return Known(nodule, float(len(where) * np.prod(spacing)), some)


def slabs(ideal, centres, thickness, low, step):
    """Averages fine slices over each thick one."""
    edges = low + step * (np.arange(len(ideal) + 1) - 0.5)
    out = np.empty((len(centres), *ideal.shape[1:]), np.float32)
    for slab, centre in zip(out, centres):
        share = np.clip(np.minimum(edges[1:], centre + thickness / 2) - np.maximum(edges[:-1], centre - thickness / 2), 0, None)
        share = (share / share.sum()).astype(np.float32)
        slab[...] = 0
        for i in np.flatnonzero(share > 1e-6):
            slab += ideal[i] * share[i]
    return out


def expose(rng, image, protocol, pixel):
    """Kernel and noise; outside the circle of reconstruction there is nothing."""
    smooth = (1 - protocol.sharpness) * 0.75 + 0.25  # mm
    image = blur_plane(image, smooth / pixel * 0.8)
    n = image.shape[1]
    r = np.hypot(*np.meshgrid(np.arange(n) - n / 2, np.arange(n) - n / 2)) / (n / 2)
    noise = correlated(rng, image.shape, smooth / pixel * 0.9)
    noise *= (protocol.noise * (1.15 - 0.4 * r)).astype(np.float32)
    image += noise
    if rng.random() < 0.3:  # streaks across the shoulders
        streak = np.zeros(image.shape[:2], np.float32)
        top = int(image.shape[0] * 0.75)
        streak[top:] = rng.standard_normal(streak[top:].shape) * rng.uniform(5, 25)
        image += streak[:, :, None]
    image[:, r > 1.0] = -1024
    return image


def training_case(seed, spacing=1.5, nodules=None):
    """A chest with many nodules, straight on the network's grid: uint8 image (-1000 … 400 HU to 0 … 255) and nodule numbers."""
    rng = np.random.default_rng([seed, 5])
    chest = Chest(seed, nodules=int(rng.integers(16, 30)) if nodules is None else nodules)
    protocol = random_protocol(seed, chest)
    n = int(protocol.field / spacing)
    low, high = extent(chest, rng)
    nz = int((high - low) / spacing)
    first = [protocol.offset[0] - spacing * (n - 1) / 2, protocol.offset[1] + 8 - spacing * (n - 1) / 2]
    image, truth = render(chest, [*first, low], (spacing,) * 3, (nz, n, n))
    grid = low + spacing * np.arange(nz)
    if protocol.thickness > 1.0:
        centres = np.arange(low, high - spacing, protocol.interval)
        image = slabs(image, centres, max(protocol.thickness, spacing), low, spacing)
    else:
        centres = grid
    image = expose(rng, image, protocol, spacing)
    if protocol.thickness > 1.0:
        image = interpolated(image, 0, grid, centres[0], protocol.interval)
    eight = np.clip((image + 1000) * (255 / 1400) + 0.5, 0, 255).astype(np.uint8)
    return eight, truth, chest, protocol
