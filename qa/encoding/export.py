"""A sentence-transformers model becomes an ONNX graph, and beside it a file of int8 weights."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.encoding.smoothing import smooth
from qa.errors import ModelError, first_line

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Architectures whose attention ONNX Runtime's optimiser knows how to fuse as BERT's.
_FUSED_AS_BERT = frozenset({"bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet"})
_OPSET = 17
WEIGHTS = "weights.bin"
_SMALLEST_APART = 1 << 14  # bytes
_LARGEST_PROTOBUF = 1_900_000_000  # bytes; past it weights lie beside the graph


def export_int8(model: SentenceTransformer, folder: Path, texts: Sequence[str]) -> Path:
    """Export a model and return the file; ``texts``, prompts included, show it what it will read.

    Inputs are ``input_ids`` and ``attention_mask`` (batch, length), outputs ``token_vectors`` (batch, length,
    dimension) and ``vector`` (batch, dimension), the latter of length one.

    Raises:
        ModelError: the model cannot be traced.
    """
    traced, fused, target = folder / "traced.onnx", folder / "fused.onnx", folder / "model.onnx"
    smoothed = folder / "smoothed.onnx"
    try:
        with _quiet():
            _trace(model, traced)
            source = _fuse(model, traced, fused)
            if _size(source) <= _LARGEST_PROTOBUF:
                smooth(source, smoothed, [model.tokenizer(text)["input_ids"][: model.max_seq_length] for text in texts])
                source = smoothed
            _quantise(source, target)
            _set_weights_apart(target)
    except OSError:
        raise
    except Exception as error:  # a tracer runs any code that a model brings, and the tools raise bare Exceptions
        raise ModelError(
            f"the model cannot be exported to ONNX ({first_line(error)}); "
            "set QA_ENCODER_ENGINE=torch to run it with sentence-transformers"
        ) from error
    for name in ("traced", "fused", "smoothed"):
        for leftover in folder.glob(f"{name}.onnx*"):
            leftover.unlink()
    return target


def _trace(model: SentenceTransformer, path: Path) -> None:
    import torch

    class Traced(torch.nn.Module):  # type: ignore[misc]  # torch is not read by the type checker
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> tuple[Any, Any]:
            features = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            vector = torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)
            return features["token_embeddings"], vector

    # Two rows of unequal length, so that the mask is part of the graph.
    example = model.tokenizer(["а", "un deux trois"], padding=True, return_tensors="pt")
    text = {0: "batch", 1: "length"}
    torch.onnx.export(
        Traced().eval(),
        (example["input_ids"], example["attention_mask"]),
        str(path),
        input_names=["input_ids", "attention_mask"],
        output_names=["token_vectors", "vector"],
        dynamic_axes={"input_ids": text, "attention_mask": text, "token_vectors": text, "vector": {0: "batch"}},
        opset_version=_OPSET,
        dynamo=False,  # the newer exporter's graphs are not fused by the optimiser below
    )


def _fuse(model: SentenceTransformer, traced: Path, fused: Path) -> Path:
    """Fuse attention where the architecture is known, and nothing that is the slower for it.

    ONNX Runtime's kernels for a normalisation joined with the addition before it, and for GELU joined with its
    bias, take 4 and 1.5 times as long on a CPU as the plain ones: without them passages are encoded at 1.3 times
    the rate, and a question takes 0.85 of the time.
    """
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    config = model[0].auto_model.config
    if config.model_type not in _FUSED_AS_BERT or _size(traced) > _LARGEST_PROTOBUF:
        return traced
    options = FusionOptions("bert")
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = False
    options.enable_embed_layer_norm = options.enable_bias_gelu = False
    optimised = optimizer.optimize_model(
        str(traced),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
        optimization_options=options,
    )
    optimised.save_model_to_file(str(fused))
    return fused


def _quantise(source: Path, target: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=True,
        use_external_data_format=_size(source) > _LARGEST_PROTOBUF,
        # Fused nodes have no standard shape inference; all of them compute in floats.
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def _set_weights_apart(model: Path) -> None:
    """Move the weights into a file of their own, which is mapped: of the embeddings only those of the texts' tokens
    are ever read, by all worker processes the same pages, and loading takes a tenth of the time.
    """
    import onnx

    weights = model.with_name(WEIGHTS)
    whole = onnx.load(str(model))
    for leftover in model.parent.glob(f"{model.name}.*"):
        leftover.unlink()
    onnx.save(whole, str(model), save_as_external_data=True, location=weights.name, size_threshold=_SMALLEST_APART)
    weights.chmod(0o644)  # it is made for its owner alone, whoever serves


def _size(model: Path) -> int:
    return sum(file.stat().st_size for file in model.parent.glob(f"{model.name}*"))


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporters warn of their own deprecation and of steps that this recipe leaves out on purpose."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
