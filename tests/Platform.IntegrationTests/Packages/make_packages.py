"""Makes the small model packages that tests run.

steady takes some seconds and slow about a minute: what is tested with them happens in their midst, on a fast machine too.

    python3 make_packages.py

A voxel more than one standard deviation above the mean of its series is "bright". sides says which half of an X-ray is bright, and its
heat map is the image. Needs numpy and onnx 1.12.
"""

import hashlib
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
STEADY, SLOW = (24, 32), (150, 64)  # convolutions, channels


def model(cost):
    def tensor(name, values):
        return numpy_helper.from_array(np.asarray(values, np.float32), name)

    nodes, constants = [], [tensor("sign", np.reshape([-1, 1], (2, 1, 1, 1, 1))), tensor("level", [1, -1])]
    if cost:
        convolutions, channels = cost
        # The convolutions only cost time: their result is multiplied by zero.
        rng = np.random.default_rng(1)
        constants += [
            tensor("first", rng.normal(0, 0.3, (channels, 1, 3, 3, 3))),
            tensor("weights", rng.normal(0, 0.04, (channels, channels, 3, 3, 3))),
            tensor("last", rng.normal(0, 0.3, (1, channels, 1, 1, 1))),
            tensor("zero", [0.0])]
        nodes.append(helper.make_node("Conv", ["image", "first"], ["c0"], pads=[1] * 6))
        for i in range(convolutions):
            nodes.append(helper.make_node("Conv", [f"c{i}", "weights"], [f"c{i}x"], pads=[1] * 6))
            nodes.append(helper.make_node("Tanh", [f"c{i}x"], [f"c{i + 1}"]))
        nodes += [helper.make_node("Conv", [f"c{convolutions}", "last"], ["joined"]),
                  helper.make_node("Mul", ["joined", "zero"], ["nothing"]),
                  helper.make_node("Add", ["image", "nothing"], ["same"])]
    nodes.append(helper.make_node("Conv", ["same" if cost else "image", "sign", "level"], ["logits"]))
    shape = ["batch", 1, "d", "h", "w"]
    graph = helper.make_graph(
        nodes, "threshold", [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2, "d", "h", "w"])], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_packages")
    made.ir_version = 8
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


def write(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def package(name, modality, cost=None):
    folder = HERE / name
    graph = model(cost)
    given = np.linspace(-3, 4, 8, dtype="<f4").reshape(1, 1, 2, 2, 2)
    expected = np.concatenate([1 - given, given - 1], 1).astype("<f4")
    bright = {"value": "BRIGHT", "scheme": "99PLATFORM", "meaning": "Bright region"}
    manifest = {
        "schema": "platform-model/1",
        "name": name,
        "version": "1.0.0",
        "title": "Bright regions, for tests",
        "licence": {"weights": "Apache-2.0", "code": "Apache-2.0"},
        "model": {"file": "model.onnx", "sha256": write(folder, "model.onnx", graph), "bytes": len(graph), "opset": 17},
        "input": {"name": "image", "modality": modality, "bodyParts": [], "bodyPartRequired": False, "minSlices": 2,
                  "orientation": "LPS", "axisOrder": "zyx", "interpolation": "linear", "intensity": [{"op": "zScore"}]},
        "window": {"patch": [16, 64, 64], "overlap": 0, "blend": "constant", "padValue": 0},
        "outputs": [{
            "name": "logits", "type": "segmentation", "activation": "softmax", "background": 0,
            "segments": [{"label": 1, "name": "Bright region", "concept": bright,
                          "category": {"value": "123037004", "scheme": "SCT", "meaning": "Anatomical Structure"},
                          "keepLargest": False, "rgb": [255, 220, 0]}],
            "measurements": [{"name": "Volume of the bright region", "finding": bright,
                              "concept": {"value": "118565006", "scheme": "SCT", "meaning": "Volume"},
                              "unit": {"value": "mm3", "scheme": "UCUM", "meaning": "cubic millimeter"}, "of": [1]}]}],
        "limits": {"seconds": 120, "memoryMb": 2000},
        "golden": [{
            "kind": "tensor",
            "input": {"file": "golden/case1.input.bin", "sha256": write(folder, "golden/case1.input.bin", given.tobytes()),
                      "type": "float32", "shape": [1, 1, 2, 2, 2]},
            "output": "logits",
            "expected": {"file": "golden/case1.expected.bin", "sha256": write(folder, "golden/case1.expected.bin", expected.tobytes()),
                         "type": "float32", "shape": [1, 2, 2, 2, 2]},
            "absoluteTolerance": 1e-5}]}
    write(folder, "manifest.json", (json.dumps(manifest, indent=2) + "\n").encode())


def checked(graph):
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="make_packages")
    made.ir_version = 8
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString()


def file(folder, name, array, kind):
    return {"file": f"golden/{name}", "sha256": write(folder, f"golden/{name}", array.tobytes()), "type": kind, "shape": list(array.shape)}


def manifest(folder, graph, title, **members):
    head = {"schema": "platform-model/1", "name": folder.name, "version": "1.0.0", "title": title,
            "licence": {"weights": "Apache-2.0", "code": "Apache-2.0"},
            "model": {"file": "model.onnx", "sha256": write(folder, "model.onnx", graph), "bytes": len(graph), "opset": 17}}
    text = json.dumps({**head, **members, "limits": {"seconds": 120, "memoryMb": 2000}}, indent=2) + "\n"
    write(folder, "manifest.json", text.encode())


def sct(value, meaning):
    return {"value": value, "scheme": "SCT", "meaning": meaning}


def own(value, meaning):
    return {"value": value, "scheme": "99PLATFORM", "meaning": meaning}


def sides():
    """Numbers of left, right and whole: 8 times the mean of that part, less 4; what a manifest can ask of a classification is asked."""
    folder, rows, columns = HERE / "sides", 6, 8
    parts = np.zeros((3, 1, rows, columns), np.float32)
    parts[0, 0, :, :4], parts[1, 0, :, 4:], parts[2] = 2, 2, 1
    parts *= 8 / (rows * columns)
    level = np.float32([-4, -4, -4])
    nodes = [helper.make_node("Conv", ["image", "parts", "level"], ["means"]), helper.make_node("Flatten", ["means"], ["logits"]),
             helper.make_node("Identity", ["image"], ["heat"])]
    graph = checked(helper.make_graph(
        nodes, "sides", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, rows, columns])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3]),
         helper.make_tensor_value_info("heat", TensorProto.FLOAT, ["batch", 1, rows, columns])],
        [numpy_helper.from_array(parts, "parts"), numpy_helper.from_array(level, "level")]))
    calibration = {"method": "platt", "slope": [2, 2, 1], "intercept": [0.5, 0.5, 0]}
    image = np.zeros((2 * rows, 2 * columns), np.float64)
    image[:, :columns] = 0.75
    numbers = np.array([8 * 0.75 - 4, -4, 8 * 0.375 - 4]) * calibration["slope"] + calibration["intercept"]
    stored = np.rint(image * 65535).astype("<u2")
    small = stored.reshape(rows, 2, columns, 2).mean((1, 3)) / 65535
    present, absent = sct("52101004", "Present"), sct("2667000", "Absent")
    manifest(
        folder, graph, "Bright halves, for tests",
        input={"name": "image", "modality": "DX", "modalities": ["CR", "MR"], "bodyParts": ["CHEST"], "bodyPartRequired": False, "minSlices": 1,
               "dimensions": 2, "size": [rows, columns], "fit": "crop", "values": "display", "views": ["AP", "PA"], "intensity": []},
        outputs=[{
            "name": "logits", "type": "classification", "activation": "sigmoid", "calibration": calibration,
            "classes": [{"label": 0, "name": "Left half bright", "concept": own("LEFT-BRIGHT", "Left half bright"), "threshold": 0.5,
                         "above": present, "below": absent},
                        {"label": 1, "name": "Right half bright", "concept": own("RIGHT-BRIGHT", "Right half bright"), "threshold": 0.5, "above": present},
                        {"label": 2, "name": "Bright", "concept": own("BRIGHT", "Bright region")}],
            "heatMap": {"name": "heat", "label": 0, "from": 0.5, "rgb": [255, 80, 0]}}],
        golden=[{"kind": "tensor", "input": file(folder, "case1.input.bin", small.astype("<f4")[None, None], "float32"), "output": "heat",
                 "expected": file(folder, "case1.expected.bin", small.astype("<f4")[None, None], "float32"), "absoluteTolerance": 1e-5},
                {"kind": "image", "input": file(folder, "image.bin", stored, "uint16"),
                 "expectedProbabilities": [round(float(p), 6) for p in 1 / (1 + np.exp(-numbers))], "absoluteTolerance": 1e-4}])


def brightness():
    """The mean of an X-ray in per cent, of which 10 to 90 can be measured; its manifest has every bar of quality."""
    folder, rows, columns = HERE / "brightness", 4, 4
    nodes = [helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0)]
    graph = checked(helper.make_graph(
        nodes, "brightness", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, rows, columns])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", 1])], []))
    image = np.linspace(0, 1, 64, dtype="<f4").reshape(8, 8)
    manifest(
        folder, graph, "Brightness, for tests",
        input={"name": "image", "modality": "DX", "minSlices": 1, "bodyPartRequired": False, "dimensions": 2, "size": [rows, columns],
               "fit": "stretch"},
        quality={"minSnr": 10, "minSharpness": 0.001, "maxClippedShare": 0.999,
                 "outOfDistribution": {"features": [{"name": "mean", "mean": 0.5, "deviation": 0.3},
                                                    {"name": "deviation", "mean": 0.2, "deviation": 0.2}], "maxScore": 3}},
        outputs=[{"name": "mean", "type": "regression", "values": [
            {"label": 0, "name": "Brightness", "finding": own("IMAGE", "Image"), "concept": own("BRIGHTNESS", "Mean brightness"),
             "unit": {"value": "%", "scheme": "UCUM", "meaning": "percent"}, "slope": 100, "low": 10, "high": 90}]}],
        golden=[{"kind": "image", "input": file(folder, "image.bin", image, "float32"), "expectedValues": [50.0], "absoluteTolerance": 0.01}])


def half():
    """Image to image: half of each value and 250 more, through windows that overlap."""
    folder = HERE / "half"
    shape = ["batch", 1, "d", "h", "w"]
    nodes = [helper.make_node("Mul", ["image", "half"], ["less"]), helper.make_node("Add", ["less", "more"], ["enhanced"])]
    graph = checked(helper.make_graph(
        nodes, "half", [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("enhanced", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(np.float32([0.5]), "half"), numpy_helper.from_array(np.float32([0.25]), "more")]))
    given = np.linspace(-1, 1, 8, dtype="<f4").reshape(1, 1, 2, 2, 2)
    manifest(
        folder, graph, "Half of everything, for tests",
        input={"name": "image", "modality": "MR", "minSlices": 2, "bodyPartRequired": False, "orientation": "LPS",
               "intensity": [{"op": "scale", "slope": 0.001, "intercept": 0}]},
        window={"patch": [4, 8, 8], "overlap": 0.5, "blend": "gaussian", "sigmaScale": 0.25, "padValue": 0},
        outputs=[{"name": "enhanced", "type": "image", "activation": "none", "image": {"slope": 1000, "intercept": 0}}],
        golden=[{"kind": "tensor", "input": file(folder, "case1.input.bin", given, "float32"), "output": "enhanced",
                 "expected": file(folder, "case1.expected.bin", (0.5 * given + 0.25).astype("<f4"), "float32"), "absoluteTolerance": 1e-5}])


def means(name, size, parts):
    """A graph of the means of parts of a volume: input [batch, 1, z, y, x], output [batch, parts]."""
    weights = np.stack([part / part.sum() for part in parts]).astype(np.float32)[:, None]
    nodes = [helper.make_node("Conv", ["image", "parts"], ["means"]), helper.make_node("Flatten", ["means"], ["numbers"])]
    return checked(helper.make_graph(
        nodes, name, [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, *size])],
        [helper.make_tensor_value_info("numbers", TensorProto.FLOAT, ["batch", len(parts)])], [numpy_helper.from_array(weights, "parts")]))


def lobes():
    """Which half of a volume is bright, the patient's left or the right: a classification of 6 x 8 x 10 voxels of 2 mm in its middle."""
    folder, size = HERE / "lobes", (6, 8, 10)
    left, right = np.zeros(size), np.zeros(size)
    left[:, :, 5:], right[:, :, :5] = 1, 1  # x grows to the left
    graph = means("lobes", size, [left, right])
    image = np.zeros((8, 8, 12), np.int16)  # 3 x 2 x 2 mm: 12 x 8 x 12 voxels, of which the middle is taken
    image[:, :, 6:] = 800
    numbers = np.array([0.8, 0]) * 10 - 5
    present, absent = sct("52101004", "Present"), sct("2667000", "Absent")
    manifest(
        folder, graph, "Bright halves of a volume, for tests",
        input={"name": "image", "modality": "MR", "minSlices": 2, "bodyPartRequired": False, "size": list(size), "spacingMm": [2, 2, 2],
               "orientation": "LPS", "axes": "scan", "padValue": 0, "intensity": [{"op": "window", "centre": 500, "width": 1000}]},
        outputs=[{
            "name": "numbers", "type": "classification", "activation": "sigmoid",
            "calibration": {"method": "platt", "slope": [10, 10], "intercept": [-5, -5]},
            "classes": [{"label": 0, "name": "Left half bright", "concept": own("LEFT-BRIGHT", "Left half bright"), "threshold": 0.5,
                         "above": present, "below": absent},
                        {"label": 1, "name": "Right half bright", "concept": own("RIGHT-BRIGHT", "Right half bright"), "threshold": 0.5,
                         "above": present}]}],
        golden=[{"kind": "volume", "input": file(folder, "volume.bin", image, "int16"), "spacingMm": [2, 2, 3],
                 "expectedProbabilities": [round(float(p), 6) for p in 1 / (1 + np.exp(-numbers))], "absoluteTolerance": 1e-4}])


def level():
    """The mean of a whole CT, stretched to 4 x 4 x 4 voxels, and that of its upper half: a regression."""
    folder, size = HERE / "level", (4, 4, 4)
    upper = np.zeros(size)
    upper[2:] = 1
    graph = means("level", size, [np.ones(size), upper])
    image = np.zeros((8, 8, 8), np.int16)
    image[4:] = 100
    hu = {"value": "[hnsf'U]", "scheme": "UCUM", "meaning": "Hounsfield unit"}
    manifest(
        folder, graph, "Mean attenuation, for tests",
        input={"name": "image", "modality": "CT", "minSlices": 2, "bodyPartRequired": False, "size": list(size), "fit": "stretch",
               "orientation": "LPS", "intensity": [{"op": "scale", "slope": 0.001, "intercept": 0}]},
        outputs=[{"name": "numbers", "type": "regression", "values": [
            {"label": 0, "name": "Mean", "finding": own("SCAN", "Scan"), "concept": own("MEAN-HU", "Mean attenuation"), "unit": hu, "slope": 1000},
            {"label": 1, "name": "Mean of the upper half", "finding": own("UPPER", "Upper half of the scan"),
             "concept": own("MEAN-HU", "Mean attenuation"), "unit": hu, "slope": 1000, "low": -500, "high": 500}]}],
        golden=[{"kind": "volume", "input": file(folder, "volume.bin", image, "int16"), "spacingMm": [1, 1, 2],
                 "expectedValues": [50.0, 100.0], "absoluteTolerance": 1e-3}])


def cine():
    """How bright each frame of an ultrasound loop is, and whether any is bright; the heat map is the frame."""
    folder, rows, columns = HERE / "cine", 4, 6
    nodes = [helper.make_node("ReduceMean", ["image"], ["mean"], axes=[2, 3], keepdims=0), helper.make_node("Identity", ["image"], ["heat"])]
    graph = checked(helper.make_graph(
        nodes, "cine", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, rows, columns])],
        [helper.make_tensor_value_info("mean", TensorProto.FLOAT, ["batch", 1]),
         helper.make_tensor_value_info("heat", TensorProto.FLOAT, ["batch", 1, rows, columns])], []))
    image = np.linspace(0, 1, 96, dtype="<f4").reshape(8, 12)
    manifest(
        folder, graph, "Bright frames, for tests",
        input={"name": "image", "modality": "US", "modalities": ["XA"], "minSlices": 1, "bodyPartRequired": False, "dimensions": 2,
               "size": [rows, columns], "fit": "stretch", "frames": "all", "maxFrames": 8, "colour": "grey"},
        outputs=[{
            "name": "mean", "type": "classification", "activation": "none", "acrossFrames": "maximum",
            "classes": [{"label": 0, "name": "Bright", "concept": own("BRIGHT", "Bright region"), "threshold": 0.5,
                         "above": sct("52101004", "Present"), "below": sct("2667000", "Absent")}],
            "heatMap": {"name": "heat", "label": 0}}],
        golden=[{"kind": "image", "input": file(folder, "image.bin", image, "float32"), "expectedProbabilities": [0.5], "absoluteTolerance": 1e-4}])


def between():
    """Slice by slice: a voxel is marked that is brighter than the mean of the same one in the slices before and behind it."""
    folder = HERE / "between"
    weights = np.zeros((2, 3, 1, 1), np.float32)
    weights[1, :, 0, 0] = [-0.5, 1, -0.5]
    nodes = [helper.make_node("Conv", ["image", "weights", "level"], ["logits"])]
    graph = checked(helper.make_graph(
        nodes, "between", [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 3, "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2, "h", "w"])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.float32([0, -1e-3]), "level")]))
    given = np.linspace(-1, 1, 3 * 4 * 4, dtype="<f4").reshape(1, 3, 4, 4) ** 2
    expected = np.concatenate([0 * given[:, :1], given[:, 1:2] - (given[:, :1] + given[:, 2:]) / 2 - np.float32(1e-3)], 1).astype("<f4")
    bright = own("BRIGHTER", "Brighter than its neighbours")
    manifest(
        folder, graph, "Brighter slices, for tests",
        input={"name": "image", "modality": "MR", "minSlices": 2, "bodyPartRequired": False, "orientation": "LPS",
               "intensity": [{"op": "scale", "slope": 0.001, "intercept": 0}]},
        window={"patch": [1, 16, 16], "slices": 3, "overlap": 0.5, "blend": "gaussian", "sigmaScale": 0.25, "padValue": 0, "flips": ["x"]},
        outputs=[{
            "name": "logits", "type": "segmentation", "activation": "softmax", "background": 0,
            "segments": [{"label": 1, "name": "Brighter", "concept": bright, "keepLargest": False}],
            "measurements": [{"finding": bright, "concept": sct("118565006", "Volume"),
                              "unit": {"value": "mm3", "scheme": "UCUM", "meaning": "cubic millimeter"}, "of": [1]}]}],
        golden=[{"kind": "tensor", "input": file(folder, "case1.input.bin", given.astype("<f4"), "float32"), "output": "logits",
                 "expected": file(folder, "case1.expected.bin", expected, "float32"), "absoluteTolerance": 1e-5}])


package("threshold", "MR")
package("threshold-ct", "CT")
package("steady", "MR", STEADY)
package("slow", "MR", SLOW)
sides()
brightness()
half()
lobes()
level()
cine()
between()
