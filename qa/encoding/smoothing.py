"""Makes a network lose less by 8-bit activations: what is large in a few channels of them is moved into the weights.

A matrix product is unchanged if each channel of its input is divided by a number and the weights of that channel are
multiplied by it. With ``max|x|^a / max|w|^(1 - a)`` for each channel, 8 bits resolve both (SmoothQuant: Xiao et al.,
ICML 2023). On the bundled model the tokens' mean disagreement with the 32-bit network (1 - cosine) falls from 0.0061
to 0.0013, for four hundredths of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from qa.encoding.encoder import Floats

# Between 0.65 and 0.85 the bundled model's agreement is the same to the third digit.
_EXPONENT = 0.75
_SMALLEST = 1e-5


def smooth(source: Path, target: Path, texts: Sequence[Sequence[int]]) -> None:
    """Write the ONNX network of ``source``, smoothed, to ``target``; ``texts`` as token ids show its activations."""
    network = onnx.load(str(source))
    weights = {one.name: one for one in network.graph.initializer}
    products = [
        node for node in network.graph.node if node.op_type == "MatMul" and len(_shape(weights.get(node.input[1]))) == 2
    ]
    largest = _largest(network, list(dict.fromkeys(node.input[0] for node in products)), target, texts)
    for node in products:
        _smooth_product(network.graph, node, weights[node.input[1]], largest[node.input[0]])
    onnx.save(network, str(target))


def _shape(weight: onnx.TensorProto | None) -> tuple[int, ...]:
    return tuple(weight.dims) if weight is not None else ()


def _smooth_product(graph: onnx.GraphProto, node: onnx.NodeProto, weight: onnx.TensorProto, largest: Floats) -> None:
    """Put the division before a product, and the multiplication into its weights: (channels, outputs)."""
    values = numpy_helper.to_array(weight)
    own = np.abs(values).max(axis=1)
    factors = np.maximum(largest, _SMALLEST) ** _EXPONENT / np.maximum(own, _SMALLEST) ** (1 - _EXPONENT)
    factors = (factors / np.exp(np.log(factors).mean())).astype(np.float32)
    weight.CopyFrom(numpy_helper.from_array(values * factors[:, None], weight.name))
    inverse, divided = f"{node.output[0]}_inverse", f"{node.output[0]}_divided"
    graph.initializer.append(numpy_helper.from_array(1 / factors, inverse))
    graph.node.insert(list(graph.node).index(node), helper.make_node("Mul", [node.input[0], inverse], [divided]))
    node.input[0] = divided


def _largest(
    network: onnx.ModelProto, names: list[str], beside: Path, texts: Sequence[Sequence[int]]
) -> dict[str, NDArray[np.float32]]:
    """The largest absolute value of each channel of some activations over the texts."""
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    probed = onnx.ModelProto()
    probed.CopyFrom(network)
    probed.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
    path = beside.with_name("probed.onnx")
    onnx.save(probed, str(path))
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_DISABLE_ALL  # else what is probed may be gone
    options.log_severity_level = 3
    session = InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    path.unlink()
    largest: dict[str, NDArray[np.float32]] = {}
    for text in texts:
        ids = np.array([text], dtype=np.int64)
        found = session.run(names, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        for name, values in zip(names, found, strict=True):
            here = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, here), here)
    return largest
