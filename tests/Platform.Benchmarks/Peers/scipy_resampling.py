"""Resamples as SciPy does and says how long map_coordinates took: a line of JSON in, a line with seconds out."""
import json
import sys
import time

import numpy
from scipy.ndimage import map_coordinates


def main():
    for line in sys.stdin:
        case = json.loads(line)
        voxels = numpy.fromfile(case["voxels"], "<f4").reshape(case["shape"])
        matrix = numpy.linalg.inv(numpy.array(case["affine"]).reshape(4, 4)) @ numpy.array(case["targetAffine"]).reshape(4, 4)
        z, y, x = numpy.meshgrid(*[numpy.arange(n, dtype=float) for n in case["targetShape"]], indexing="ij")
        at = numpy.stack([matrix[i, 0] * x + matrix[i, 1] * y + matrix[i, 2] * z + matrix[i, 3] for i in (2, 1, 0)])
        out = numpy.empty(case["targetShape"], "<f4")
        started = time.perf_counter()
        map_coordinates(voxels, at, output=out, order=case["order"], mode="nearest")
        print(time.perf_counter() - started, flush=True)


main()
