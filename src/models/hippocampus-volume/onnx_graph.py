"""Runs the exported ONNX graph with PyTorch's operators, so that the file itself is measured, not the module it came from."""

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional as F


class OnnxGraph:
    def __init__(self, path):
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        self.graph = model.graph
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in self.graph.initializer}

    def __call__(self, image):
        values = dict(self.constants)
        values[self.graph.input[0].name] = image
        for node in self.graph.node:
            given = [values[name] if name else None for name in node.input]
            values[node.output[0]] = self.run(node, given)
        return values[self.graph.output[0].name]

    @staticmethod
    def run(node, given):
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Constant":
            return torch.from_numpy(numpy_helper.to_array(attributes["value"]).copy())
        if node.op_type == "Conv":
            pads = attributes.get("pads", [0] * 6)
            if pads[:3] != pads[3:] or attributes.get("group", 1) != 1:
                raise NotImplementedError("asymmetric padding or groups")
            return F.conv3d(given[0], given[1], given[2] if len(given) > 2 else None, attributes.get("strides", 1), pads[:3])
        if node.op_type == "ConvTranspose":
            if any(attributes.get("pads", [0])) or attributes.get("group", 1) != 1:
                raise NotImplementedError("padding or groups")
            return F.conv_transpose3d(given[0], given[1], given[2] if len(given) > 2 else None, attributes["strides"])
        if node.op_type == "InstanceNormalization":
            return F.instance_norm(given[0], weight=given[1], bias=given[2], eps=attributes.get("epsilon", 1e-5))
        if node.op_type == "LeakyRelu":
            return F.leaky_relu(given[0], attributes.get("alpha", 0.01))
        if node.op_type == "Add":
            return given[0] + given[1]
        if node.op_type == "Resize" and attributes.get("mode") == b"nearest":
            return F.interpolate(given[0], scale_factor=given[2].tolist()[2:], mode="nearest")
        raise NotImplementedError(node.op_type)
