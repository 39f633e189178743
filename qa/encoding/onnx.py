"""ONNX Runtime: how a prepared model is served. The only file that imports it for serving."""

from __future__ import annotations

from pathlib import Path

from qa.encoding.devices import onnx_providers, require_onnx_device
from qa.encoding.encoder import Floats, Forward, padded

# The runtime would join again what `export` leaves apart since it is faster so.
_SLOWER_WHEN_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]


def onnx_forward(model: Path, threads: int, device: str = "cpu") -> Forward:
    """The network in ``model``. Its outputs are ``token_vectors`` and ``vector``; see `export`.

    Raises:
        ModelError: there is no such device.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(model),
        options,
        providers=onnx_providers(device, onnxruntime.get_available_providers()),
        disabled_optimizers=_SLOWER_WHEN_FUSED,
    )
    require_onnx_device(device, session.get_providers())

    def forward(batch: list[list[int]]) -> list[tuple[Floats, Floats]]:
        ids, mask = padded(batch)
        tokens, vectors = session.run(None, {"input_ids": ids, "attention_mask": mask})
        return [(own[: len(text)], vector) for own, vector, text in zip(tokens, vectors, batch, strict=True)]

    return forward
