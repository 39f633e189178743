"""ONNX Runtime: how a prepared model is served. The only file that imports it for serving."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qa.encoding.encoder import Floats, Forward

# The runtime would join again what `export` leaves apart since it is faster so.
_SLOWER_WHEN_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]


def onnx_forward(model: Path, threads: int) -> Forward:
    """The network in ``model`` on the CPU. Its outputs are ``token_vectors`` and ``vector``; see `export`."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(model), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOWER_WHEN_FUSED
    )

    def forward(ids: list[int]) -> tuple[Floats, Floats]:
        batch = np.asarray([ids], dtype=np.int64)
        tokens, vector = session.run(None, {"input_ids": batch, "attention_mask": np.ones_like(batch)})
        return tokens[0], vector[0]

    return forward
