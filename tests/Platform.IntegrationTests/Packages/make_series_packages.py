"""Makes the small packages of models that take several series, or colours. Needs Python alone: the graphs are written byte by byte.

    python3 make_series_packages.py

difference is a T1 less its T2, as two channels; change says where a scan is brighter than the earlier one within the regions that another
model found, each an input of its own; gap is the difference of two means of whole volumes; tint takes an image in
colour.
"""

import hashlib
import json
import pathlib
import struct

HERE = pathlib.Path(__file__).resolve().parent


def varint(n):
    out = b""
    while n >= 0x80:
        out, n = out + bytes([n & 0x7F | 0x80]), n >> 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def part(field, *content):
    joined = b"".join(c.encode() if isinstance(c, str) else c for c in content)
    return varint(field << 3 | 2) + varint(len(joined)) + joined


def node(operator, given, made):
    return part(1, *[part(1, name) for name in given], part(2, made), part(3, made), part(4, operator))


def constant(name, shape, values):
    return part(5, *[number(1, n) for n in shape], number(2, 1), part(8, name), part(9, struct.pack(f"<{len(values)}f", *values)))


def value(field, name, shape):
    sides = [part(1, part(2, n) if isinstance(n, str) else number(1, n)) for n in shape]
    return part(field, part(1, name), part(2, part(1, number(1, 1), part(2, *sides))))


def model(name, *graph):
    return number(1, 8) + part(2, "make_series_packages") + part(7, *graph, part(2, name)) + part(8, number(2, 17))


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def tensor(folder, name, shape, values):
    content = struct.pack(f"<{len(values)}f", *values)
    return {"file": f"golden/{name}.bin", "sha256": write(folder, f"golden/{name}.bin", content), "type": "float32", "shape": shape}


def manifest(folder, graph, title, **members):
    head = {"schema": "platform-model/1", "name": folder.name, "version": "1.0.0", "title": title,
            "licence": {"weights": "Apache-2.0", "code": "Apache-2.0"},
            "model": {"file": "model.onnx", "sha256": write(folder, "model.onnx", graph), "bytes": len(graph), "opset": 17}}
    text = json.dumps({**head, **members, "limits": {"seconds": 120, "memoryMb": 2000}}, indent=2) + "\n"
    write(folder, "manifest.json", text.encode())


def sct(code, meaning):
    return {"value": code, "scheme": "SCT", "meaning": meaning}


def own(code, meaning):
    return {"value": code, "scheme": "99PLATFORM", "meaning": meaning}


VOLUME = ["batch", 1, "d", "h", "w"]
T1 = {"modality": "MR", "bodyParts": [], "bodyPartRequired": False, "minSlices": 2, "acquisition": {"echoTimeMs": [0, 40]}}
T2 = {"modality": "MR", "minSlices": 2, "acquisition": {"echoTimeMs": [60, 300]}}


def difference():
    folder = HERE / "difference"
    graph = model(
        "difference", node("Conv", ["image", "weights"], "made"), constant("weights", [1, 2, 1, 1, 1], [1, -1]),
        value(11, "image", ["batch", 2, "d", "h", "w"]), value(12, "made", VOLUME))
    given = [i * i / 8 for i in range(16)]
    manifest(
        folder, graph, "T1 less T2, for tests",
        input={"name": "image", **T1, "orientation": "LPS", "interpolation": "linear", "intensity": []},
        furtherInputs=[{"name": "t2", "from": "study", **T2, "as": "channel", "interpolation": "linear", "intensity": []}],
        window={"patch": [4, 8, 8], "overlap": 0.25, "blend": "gaussian", "sigmaScale": 0.25, "padValue": 0},
        outputs=[{"name": "made", "type": "image", "activation": "none", "image": {"slope": 1, "intercept": 0}}],
        golden=[{"kind": "tensor", "input": tensor(folder, "pair", [1, 2, 2, 2, 2], given), "output": "made",
                 "expected": tensor(folder, "expected", [1, 1, 2, 2, 2], [a - b for a, b in zip(given[:8], given[8:])]),
                 "absoluteTolerance": 1e-5}])


def change():
    folder = HERE / "change"
    graph = model(
        "change", node("Sub", ["now", "before"], "more"), node("Mul", ["more", "organ"], "there"),
        node("Conv", ["there", "weights", "level"], "logits"),
        constant("weights", [2, 1, 1, 1, 1], [0, 1]), constant("level", [2], [0, -100]),
        value(11, "now", VOLUME), value(11, "before", VOLUME), value(11, "organ", VOLUME), value(12, "logits", ["batch", 2, "d", "h", "w"]))
    now, before, organ = [50.0 * i for i in range(8)], [20.0 * (i % 3) for i in range(8)], [float(i % 2) for i in range(8)]
    expected = [0.0] * 8 + [(a - b) * o - 100 for a, b, o in zip(now, before, organ)]
    brighter = own("BRIGHTER", "Brighter than before")
    shape = [1, 1, 2, 2, 2]
    manifest(
        folder, graph, "Brighter than before, for tests",
        input={"name": "now", "modality": "MR", "bodyParts": [], "bodyPartRequired": False, "minSlices": 2, "orientation": "LPS"},
        furtherInputs=[
            {"name": "before", "from": "prior", "modality": "MR", "minSlices": 2, "as": "input", "interpolation": "linear",
             "frameOfReference": "any", "maxOffsetMm": 50, "minCoverage": 0.5},
            {"name": "organ", "from": "run", "model": "threshold", "segments": [1], "as": "input", "required": False, "fill": 1}],
        window={"patch": [16, 32, 32], "overlap": 0, "blend": "constant", "padValue": 0},
        outputs=[{
            "name": "logits", "type": "segmentation", "activation": "softmax", "background": 0,
            "segments": [{"label": 1, "name": "Brighter than before", "concept": brighter, "keepLargest": False}],
            "measurements": [{"finding": brighter, "concept": sct("118565006", "Volume"),
                              "unit": {"value": "mm3", "scheme": "UCUM", "meaning": "cubic millimeter"}, "of": [1]}]}],
        golden=[{"kind": "tensor", "input": tensor(folder, "now", shape, now),
                 "furtherInputs": {"before": tensor(folder, "before", shape, before), "organ": tensor(folder, "organ", shape, organ)},
                 "output": "logits", "expected": tensor(folder, "expected", [1, 2, 2, 2, 2], expected), "absoluteTolerance": 1e-4}])


def gap():
    folder = HERE / "gap"
    sides = [4, 6, 6]
    weight = 1 / (4 * 6 * 6)
    graph = model(
        "gap", node("Conv", ["image", "weights"], "means"), node("Flatten", ["means"], "numbers"),
        constant("weights", [1, 2, *sides], [weight] * 144 + [-weight] * 144),
        value(11, "image", ["batch", 2, *sides]), value(12, "numbers", ["batch", 1]))
    manifest(
        folder, graph, "Difference of two means, for tests",
        input={"name": "image", **T1, "size": sides, "fit": "stretch", "intensity": []},
        furtherInputs=[{"name": "t2", **T2, "required": False, "fill": 7}],
        outputs=[{"name": "numbers", "type": "regression", "values": [{
            "label": 0, "name": "Gap", "finding": own("SCAN", "Scan"), "concept": own("GAP", "Difference of means"),
            "unit": {"value": "1", "scheme": "UCUM", "meaning": "no units"}}]}],
        golden=[{"kind": "tensor", "input": tensor(folder, "pair", [1, 2, *sides], [3.0] * 144 + [1.0] * 144), "output": "numbers",
                 "expected": tensor(folder, "expected", [1, 1], [2.0]), "absoluteTolerance": 1e-4},
                {"kind": "volume", "input": tensor(folder, "volume", [8, 12, 12], [float(i % 12) for i in range(1152)]),
                 "furtherInputs": {"t2": tensor(folder, "second", [8, 12, 12], [2.5] * 1152)},
                 "spacingMm": [1, 1, 1], "expectedValues": [3.0], "absoluteTolerance": 1e-3}])


def tint():
    """Red, green and blue of an image: each the sum of its 4 x 6 places, which count 1 to 24 three-hundredths."""
    folder = HERE / "tint"
    rows, columns = 4, 6
    count = rows * columns
    weights = [(1 + i) / 300 if made == given else 0.0 for made in range(3) for given in range(3) for i in range(count)]
    graph = model(
        "tint", node("Conv", ["image", "weights"], "sums"), node("Flatten", ["sums"], "numbers"),
        constant("weights", [3, 3, rows, columns], weights), value(11, "image", ["batch", 3, rows, columns]), value(12, "numbers", ["batch", 3]))
    image = [c * 0.25 + i / 100 for c in range(3) for i in range(count)]
    sums = [sum((1 + i) / 300 * image[c * count + i] for i in range(count)) for c in range(3)]
    manifest(
        folder, graph, "Colours, for tests",
        input={"name": "image", "modality": "ES", "modalities": ["US", "XC"], "bodyParts": [], "bodyPartRequired": False, "minSlices": 1,
               "dimensions": 2, "size": [rows, columns], "fit": "stretch", "values": "display", "colour": "rgb", "intensity": []},
        outputs=[{"name": "numbers", "type": "regression", "values": [{
            "label": c, "name": name, "finding": own("IMAGE", "Image"), "concept": own(name.upper(), name),
            "unit": {"value": "1", "scheme": "UCUM", "meaning": "no units"}} for c, name in enumerate(["Red", "Green", "Blue"])]}],
        golden=[{"kind": "image", "input": tensor(folder, "image", [3, rows, columns], image), "expectedValues": sums, "absoluteTolerance": 1e-5}])


difference()
change()
gap()
tint()
