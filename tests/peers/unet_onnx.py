"""A U-Net of configs/nets as an ONNX graph, inference by ONNX Runtime or OpenVINO, timed: one JSON object on stdout.

The graph is written here, layer by layer, as an exporter would write the trained network: convolution, batch norm, relu as nodes of
their own; both runtimes fold them when they load it. Weights are random, norms are not the identity.
"""
import argparse

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import unets


class Graph:
    def __init__(self):
        self.nodes, self.weights, self.rng = [], [], np.random.default_rng(1)

    def weight(self, values):
        self.weights.append(numpy_helper.from_array(np.asarray(values, np.float32), "w%d" % len(self.weights)))
        return self.weights[-1].name

    def node(self, op, inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, ["t%d" % len(self.nodes)], **attributes))
        return self.nodes[-1].output[0]

    def conv(self, x, i, o):
        w = self.weight(self.rng.normal(size=(o, i, 3, 3)) * (2 / (9 * i)) ** 0.5)
        x = self.node("Conv", [x, w], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        norm = [self.weight(v) for v in (self.rng.uniform(0.5, 1.5, o), self.rng.normal(size=o), self.rng.normal(size=o), self.rng.uniform(0.5, 2, o))]
        return self.node("Relu", [self.node("BatchNormalization", [x] + norm, epsilon=1e-5)])

    def double(self, x, i, o):
        return self.conv(self.conv(x, i, o), o, o)


def unet(c, batch, height, width, classes=2):
    g, skip, x = Graph(), [], "x"
    for i, k in enumerate(c):
        x = g.double(x if i == 0 else g.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2]), c[i - 1] if i else 1, k)
        skip.append(x)
    for i in reversed(range(len(c) - 1)):
        w, b = g.weight(g.rng.normal(size=(c[i + 1], c[i], 2, 2)) * 0.05), g.weight(np.zeros(c[i]))
        up = g.node("ConvTranspose", [x, w, b], kernel_shape=[2, 2], strides=[2, 2])
        x = g.double(g.node("Concat", [skip[i], up], axis=1), 2 * c[i], c[i])
    w, b = g.weight(g.rng.normal(size=(classes, c[0], 1, 1)) * 0.1), g.weight(np.zeros(classes))
    y = g.node("Conv", [x, w, b], kernel_shape=[1, 1])
    shape = [batch, None, height, width]
    ends = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, shape[:1] + [k] + shape[2:])] for n, k in (("x", 1), (y, classes))]
    graph = helper.make_graph(g.nodes, "unet", ends[0], ends[1], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString(), y


def by_onnxruntime(model, y, a, x):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = a.threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return "onnxruntime %s float32" % onnxruntime.__version__, lambda: session.run([y], {"x": x})


def by_openvino(model, y, a, x):
    import openvino
    core = openvino.Core()
    settings = {"INFERENCE_NUM_THREADS": a.threads, "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "f32" if a.precision == "float32" else "bf16"}
    request = core.compile_model(core.read_model(model), "CPU", settings).create_infer_request()
    return "openvino %s %s" % (openvino.__version__.split("-")[0], a.precision), lambda: request.infer({"x": x})


def main():
    a = argparse.ArgumentParser()
    unets.arguments(a)
    a.add_argument("--by", choices=["onnxruntime", "openvino"], required=True)
    a.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    a = a.parse_args()
    if a.by == "onnxruntime" and a.precision != "float32":
        raise SystemExit("ONNX Runtime computes this graph in float32 only")
    model, y = unet(unets.NETS[a.net][0], a.batch, a.height, a.width)
    x = np.random.default_rng(2).random((a.batch, 1, a.height, a.width), np.float32)
    name, run = (by_onnxruntime if a.by == "onnxruntime" else by_openvino)(model, y, a, x)
    seconds = unets.timed(run, a.repeats)
    unets.report(name, "inference", seconds)


if __name__ == "__main__":
    main()
