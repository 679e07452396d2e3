"""Resamples as SciPy does, case after case: a line of JSON and float32 voxels in, float64 values out."""
import json
import sys

import numpy
from scipy.ndimage import map_coordinates


def main():
    read, write = sys.stdin.buffer, sys.stdout.buffer
    for line in read:
        case = json.loads(line)
        shape, target = case["shape"], case["targetShape"]
        voxels = numpy.frombuffer(read.read(4 * int(numpy.prod(shape))), "<f4").reshape(shape).astype(float)
        matrix = numpy.linalg.inv(numpy.array(case["affine"]).reshape(4, 4)) @ numpy.array(case["targetAffine"]).reshape(4, 4)
        z, y, x = numpy.meshgrid(*[numpy.arange(n, dtype=float) for n in target], indexing="ij")
        at = [matrix[i, 0] * x + matrix[i, 1] * y + matrix[i, 2] * z + matrix[i, 3] for i in (2, 1, 0)]
        write.write(map_coordinates(voxels, at, order=case["order"], mode=case["mode"]).astype("<f8").tobytes())
        write.flush()


main()
