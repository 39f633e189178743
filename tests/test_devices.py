"""What runs the encoder. There is no graphics card where these run: what is told then is real, and so are the batches."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.devices import GPU_BATCH, batch_of, onnx_providers, require_onnx_device, require_torch_device
from qa.encoding.encoder import WindowedEncoder, padded
from qa.encoding.prepared import PreparedModel
from qa.errors import ModelError
from qa.indexing.encoding import Task, encode
from qa.loading import load_model
from qa.reading import read_corpus
from qa.settings import load_settings
from tests.conftest import ROOT, environment, run_qa

TEXTS = [
    "Қазақстан Біріккен Ұлттар Ұйымына мүше болды.",
    "The sea is salt, and the river runs to it, year after year, as long as there is snow on the mountains.",
    "Су.",
]


@pytest.fixture
def batching() -> PreparedModel:
    """The real model, loaded anew and given two passages at a time."""
    model = load_model(load_settings())
    assert isinstance(model.encoder, WindowedEncoder)
    assert model.encoder.batch == 1
    model.encoder.batch = 2
    return model


def test_a_graphics_card_is_asked_for_by_its_name_and_number() -> None:
    available = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"]
    assert onnx_providers("cpu", available) == ["CPUExecutionProvider"]
    assert onnx_providers("cuda", available) == [
        ("CUDAExecutionProvider", {"device_id": "0"}),
        "CPUExecutionProvider",
    ]
    assert onnx_providers("cuda:3", available)[0] == ("CUDAExecutionProvider", {"device_id": "3"})
    assert (batch_of("cpu"), batch_of("cuda"), batch_of("cuda:1")) == (1, GPU_BATCH, GPU_BATCH)


def test_a_session_that_fell_back_to_the_processor_is_refused() -> None:
    require_onnx_device("cpu", ["CPUExecutionProvider"])
    require_onnx_device("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(ModelError, match=r"QA_DEVICE=cuda: .* found no graphics card .* QA_DEVICE=cpu"):
        require_onnx_device("cuda", ["CPUExecutionProvider"])


def test_a_service_that_is_set_to_a_graphics_card_says_what_is_missing(tmp_path: Path) -> None:
    env = environment(tmp_path, QA_DEVICE="cuda", QA_CORPUS_DIR=str(ROOT / "corpus"))
    done = run_qa("index", "build", env=env)
    assert done.returncode == 1
    assert re.search(r"QA_DEVICE=cuda needs .*CUDAExecutionProvider.* install onnxruntime-gpu", done.stderr)


def test_torch_says_that_it_has_no_graphics_card() -> None:
    require_torch_device("cpu")
    with pytest.raises(ModelError, match=r"QA_DEVICE=cuda: this torch \(.*\) .*; set QA_DEVICE=cpu"):
        require_torch_device("cuda")


def test_windows_are_filled_up_to_the_longest() -> None:
    ids, mask = padded([[5, 6, 7], [8]], padding=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_several_passages_at_once_are_encoded_as_each_alone(batching: PreparedModel, real_model: PreparedModel) -> None:
    # Among them is one of two windows. A network of 8-bit numbers rounds by what else is in the batch.
    texts = [*TEXTS, "Тау биік. " * 300]
    for one, other in zip(
        batching.encoder.encode_passages(texts), real_model.encoder.encode_passages(texts), strict=True
    ):
        assert one.tokens.shape == other.tokens.shape
        assert one.spans.tolist() == other.spans.tolist()
        assert float(one.vector @ other.vector) > 0.998


def test_a_build_gives_every_passage_its_own_vector_in_batches(
    batching: PreparedModel, real_model: PreparedModel
) -> None:
    tasks = [Task(passage, "kk") for passage in read_corpus(ROOT / "corpus").passages[:7]]
    found = dict(encode(batching, tasks, 2))
    alone = dict(encode(real_model, tasks, 2))
    assert sorted(found) == list(range(7))
    for number, encoded in found.items():
        assert float(np.dot(encoded.vector, alone[number].vector)) > 0.99
        assert encoded.tokens.spans.tolist() == alone[number].tokens.spans.tolist()
