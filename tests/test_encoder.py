"""Encoding with a network that is small enough to compute by hand, and with the real one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qa.encoding.encoder import Floats, Prompts, WindowedEncoder, normalised
from qa.encoding.means import LanguageMeans, background_sentences
from qa.encoding.prepared import PreparedModel
from qa.encoding.tokenizer import WholeTokenizer
from qa.retrieval.question import Question
from tests.conftest import LOOPBACK_ONLY, ROOT, environment
from tests.fakes import word_model


def letters_encoder(max_tokens: int, calls: list[list[int]]) -> WindowedEncoder:
    """One token a letter, between [ and ]; a token's vector is its id on the first axis, a text's the mean, at length one."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    vocabulary = {character: number for number, character in enumerate("?[]qp: abcdefgh")}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(single="[ $A ]", special_tokens=[("[", 1), ("]", 2)])

    def forward(batch: list[list[int]]) -> list[tuple[Floats, Floats]]:
        calls.extend(batch)
        tokens = [np.array([[number, 1] for number in ids], dtype=np.float32) for ids in batch]
        return [(own, normalised(own.mean(axis=0))) for own in tokens]

    return WindowedEncoder(WholeTokenizer(tokenizer), forward, Prompts("q: ", "p: "), max_tokens, 2, "letters")


def test_prompts_and_special_tokens_are_read_but_are_not_the_texts_tokens() -> None:
    calls: list[list[int]] = []
    (encoding,) = letters_encoder(512, calls).encode_questions(["abc"])
    assert calls == [[1, 3, 5, 6, 7, 8, 9, 2]]
    assert encoding.spans.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert encoding.tokens[:, 0].tolist() == [7, 8, 9]
    assert np.linalg.norm(encoding.vector) == pytest.approx(1)


def test_long_text_is_read_in_windows_and_averaged_by_their_tokens() -> None:
    calls: list[list[int]] = []
    (encoding,) = letters_encoder(8, calls).encode_passages(["abcdefgh"])
    # Five of eight places go to the brackets and the prompt, so a window holds three letters.
    assert calls == [[1, 4, 5, 6, 7, 8, 9, 2], [1, 4, 5, 6, 10, 11, 12, 2], [1, 4, 5, 6, 13, 14, 2]]
    assert encoding.tokens[:, 0].tolist() == [7, 8, 9, 10, 11, 12, 13, 14]
    windows = [normalised(np.array([sum(ids) / len(ids), 1], dtype=np.float32)) for ids in calls]
    expected = normalised((3 * windows[0] + 3 * windows[1] + 2 * windows[2]).astype(np.float32))
    assert encoding.vector == pytest.approx(expected)


def test_words_that_look_like_special_tokens_are_text(real_model: PreparedModel) -> None:
    (encoding,) = real_model.encoder.encode_questions(["a </s> b"])
    assert len(encoding.tokens) > 3


def test_centring_takes_a_languages_mean_away_and_unknown_ones_have_the_mean_of_all() -> None:
    rows = {"aa": np.full((4, 2), [0.5, 0.0], np.float32), "bb": np.full((4, 2), [0.0, 0.5], np.float32)}
    means = LanguageMeans.from_rows(rows)
    (encoding,) = letters_encoder(512, []).encode_questions(["a"])
    centred = Question.of("a", encoding, means, "aa")
    assert centred.vector == pytest.approx(normalised(encoding.vector - np.array([0.5, 0], np.float32)))
    assert centred.centred[0] == pytest.approx(
        normalised(normalised(encoding.tokens[0]) - np.array([0.5, 0], np.float32))
    )
    assert means.passage_vector(encoding.vector, "zz") == pytest.approx(
        normalised(encoding.vector - np.array([0.25, 0.25], np.float32))
    )


def test_means_survive_the_disk(tmp_path: Path) -> None:
    means = word_model().means
    means.save(tmp_path / "means.npz")
    loaded = LanguageMeans.load(tmp_path / "means.npz")
    assert loaded.rows.keys() == means.rows.keys()
    assert loaded.rows["en"] == pytest.approx(means.rows["en"])


def test_the_background_is_parallel_in_32_languages() -> None:
    sentences = background_sentences()
    assert len(sentences) == 32
    assert {len(own) for own in sentences.values()} == {25}


def test_the_real_model_is_close_to_the_one_it_was_made_from(real_model: PreparedModel) -> None:
    assert real_model.card.cosine >= 0.99
    assert real_model.card.dimension == 384


def test_the_real_model_finds_a_known_neighbour_across_languages(real_model: PreparedModel) -> None:
    passages = [
        "Қазақстан 1992 жылы БҰҰ-ға мүше болды.",
        "Алма ағашы көктемде гүлдейді.",
        "Мысық сүт ішкенді жақсы көреді.",
    ]
    vectors = np.stack([encoding.vector for encoding in real_model.encoder.encode_passages(passages)])
    for question, nearest in [
        ("When did Kazakhstan join the UN?", 0),
        ("Что пьёт кошка?", 2),
        ("苹果树什么时候开花？", 1),
    ]:
        (asked,) = real_model.encoder.encode_questions([question])
        assert int(np.argmax(vectors @ asked.vector)) == nearest


def test_the_real_model_gives_a_text_the_same_vectors_alone_and_among_others(real_model: PreparedModel) -> None:
    texts = ["Қысқа.", "Едәуір ұзағырақ сөйлем, ол көп сөзден тұрады.", "Short."]
    together = real_model.encoder.encode_passages(texts)
    for text, among in zip(texts, together, strict=True):
        (alone,) = real_model.encoder.encode_passages([text])
        assert (alone.vector == among.vector).all()
        assert (alone.tokens == among.tokens).all()


def test_the_real_model_keeps_what_a_question_is_encoded_as_unless_it_has_many_tokens(
    real_model: PreparedModel,
) -> None:
    # Two hundred characters, of which the last sign alone stands for eighteen letters.
    for text, kept in (("Қазақстан БҰҰ-ға қашан мүше болды?", True), ("a" * 150 + "\ufdfa" * 50, False)):
        (first,), (again,) = (real_model.encoder.encode_questions([text]) for _ in range(2))
        assert (len(first.tokens) <= 200) == kept
        assert (first.tokens == again.tokens).all()
        assert (first is again) == kept


def test_the_real_models_tokens_point_into_the_text(real_model: PreparedModel) -> None:
    text = "Қазақстан Біріккен Ұлттар Ұйымына мүше болды"
    (encoding,) = real_model.encoder.encode_passages([text])
    assert len(encoding.tokens) == len(encoding.spans)
    assert "".join(text[start:end] for start, end in encoding.spans).replace(" ", "") == text.replace(" ", "")


def test_the_real_model_reads_long_text_to_its_end(real_model: PreparedModel) -> None:
    text = "дипломатия және сыртқы саясат " * 200 + "алма"
    (encoding,) = real_model.encoder.encode_passages([text])
    assert len(encoding.tokens) > 700
    assert encoding.spans[-1].tolist() == [len(text) - 5, len(text)] or encoding.spans[-1][1] == len(text)


ISOLATED = f"""{LOOPBACK_ONLY}
from qa.cli import main
main(sys.argv[1:], standalone_mode=False)
loaded = [name for name in ("torch", "sentence_transformers", "transformers", "sklearn") if name in sys.modules]
assert not loaded, loaded
print("isolated")
"""


def test_asking_imports_no_torch_and_reaches_no_network(tmp_path: Path) -> None:
    env = environment(tmp_path)
    env.pop("HF_HUB_OFFLINE")
    for arguments in (["index", "build"], ["ask", "Қазақстан БҰҰ-ға қашан мүше болды?"]):
        done = subprocess.run(
            [sys.executable, "-c", ISOLATED, *arguments], env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("isolated\n")
    assert "1992" in done.stdout
