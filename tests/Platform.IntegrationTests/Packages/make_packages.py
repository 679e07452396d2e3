"""Makes the small model packages that tests run: threshold (MR), threshold-ct (CT) and slow (MR).

slow takes about a minute: what is tested with it happens in its midst, on a fast machine too.

    python3 make_packages.py

A voxel more than one standard deviation above the mean of its series is "bright". Needs numpy and onnx 1.12.
"""

import hashlib
import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
CONVOLUTIONS, CHANNELS = 150, 64


def model(slow):
    def tensor(name, values):
        return numpy_helper.from_array(np.asarray(values, np.float32), name)

    nodes, constants = [], [tensor("sign", np.reshape([-1, 1], (2, 1, 1, 1, 1))), tensor("level", [1, -1])]
    if slow:
        # The convolutions only cost time: their result is multiplied by zero.
        rng = np.random.default_rng(1)
        constants += [
            tensor("first", rng.normal(0, 0.3, (CHANNELS, 1, 3, 3, 3))),
            tensor("weights", rng.normal(0, 0.04, (CHANNELS, CHANNELS, 3, 3, 3))),
            tensor("last", rng.normal(0, 0.3, (1, CHANNELS, 1, 1, 1))),
            tensor("zero", [0.0])]
        nodes.append(helper.make_node("Conv", ["image", "first"], ["c0"], pads=[1] * 6))
        for i in range(CONVOLUTIONS):
            nodes.append(helper.make_node("Conv", [f"c{i}", "weights"], [f"c{i}x"], pads=[1] * 6))
            nodes.append(helper.make_node("Tanh", [f"c{i}x"], [f"c{i + 1}"]))
        nodes += [helper.make_node("Conv", [f"c{CONVOLUTIONS}", "last"], ["joined"]),
                  helper.make_node("Mul", ["joined", "zero"], ["nothing"]),
                  helper.make_node("Add", ["image", "nothing"], ["same"])]
    nodes.append(helper.make_node("Conv", ["same" if slow else "image", "sign", "level"], ["logits"]))
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


def package(name, modality, slow=False):
    folder = HERE / name
    graph = model(slow)
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


package("threshold", "MR")
package("threshold-ct", "CT")
package("slow", "MR", slow=True)
