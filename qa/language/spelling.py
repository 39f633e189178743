"""Kazakh however it was typed becomes Kazakh in its own Cyrillic letters.

A word is looked up in the corpus's own words first, then among common Kazakh words, then by the longest beginning
that a known word shares with it, the rest by rules. Nothing is stemmed: the encoder reads whole words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence

from qa.language.letters import (
    KAZAKH_ONLY,
    LATIN_SPELLINGS,
    cyrillic_skeleton,
    keyboard_fold,
    latin_skeleton,
    spelt,
    without_look_alikes,
)
from qa.language.lexicon import CYRILLIC_WORD, Lexicon

_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`´‘′ʹʻ][^\W\d_]*)*")
_LATIN = re.compile(r"[a-z]")
# A beginning shorter than this, or than half of the word, is no evidence of which word it is.
_SHORTEST_BEGINNING = 4
_FRONT, _BACK = re.compile("[әеөүіэ]"), re.compile("[аоұыя]")
# The genitive's ending, which a Russian keyboard writes with н.
_GENITIVE = re.compile(r"(?<=[ндт][ыі])н$")
_SIGNS = (
    ("s'c'", "щ"), ("shch", "щ"), ("şç", "щ"), ("sh", "ш"), ("ch", "ч"), ("zh", "ж"), ("gh", "ғ"), ("kh", "х"),
    ("ts", "ц"), ("ng", "ң"), ("ya", "я"), ("ia", "я"), ("yu", "ю"), ("a'", "ә"), ("g'", "ғ"), ("n'", "ң"),
    ("o'", "ө"), ("u'", "ү"), ("s'", "ш"), ("c'", "ч"), ("y'", "у"), ("i'", "и"),
)  # fmt: skip
_LETTERS = dict(zip("abdefhjklmnoprstuvwxzq", "абдефхжклмнопрстувухзқ", strict=True)) | {"g": "г", "c": "ц"}
_LETTERS |= {"ä": "ә", "á": "ә", "ə": "ә", "ğ": "ғ", "ǵ": "ғ", "ñ": "ң", "ń": "ң", "ö": "ө", "ó": "ө", "ɵ": "ө"}
_LETTERS |= {"ü": "ү", "ú": "ү", "ū": "ұ", "ş": "ш", "ç": "ч", "ý": "у"}


def kazakh_from_latin(text: str, lexicons: Sequence[Lexicon]) -> str:
    """A Kazakh text in any Latin spelling, in Cyrillic; earlier lexicons are trusted before later ones."""
    return _WORD.sub(lambda word: _recased(word[0], _from_latin(word[0].lower(), lexicons)), text)


def kazakh_from_keyboard(text: str, lexicons: Sequence[Lexicon]) -> str:
    """A Kazakh text typed without ә ғ қ ң ө ұ ү һ і with those letters."""
    return CYRILLIC_WORD.sub(lambda word: _recased(word[0], _from_keyboard(word[0].lower(), lexicons)), text)


def with_missing_letters(text: str, lexicons: Sequence[Lexicon]) -> str:
    """A Kazakh text in which only some words lack those letters: words that are known as they are stay."""

    def one(word: re.Match[str]) -> str:
        known = any(word[0].lower() in lexicon for lexicon in lexicons)
        return word[0] if known else _recased(word[0], _from_keyboard(word[0].lower(), lexicons, guess=False))

    return CYRILLIC_WORD.sub(one, text)


def mended(text: str) -> str:
    """A text whose words are each of one script: look-alike letters of the other are put right."""
    return _WORD.sub(lambda word: without_look_alikes(word[0]), text)


def _from_latin(word: str, lexicons: Sequence[Lexicon]) -> str:
    if not _LATIN.search(unicodedata.normalize("NFD", word)):
        return word
    skeleton = latin_skeleton(word)
    # "ng" is ң to some and н with г to others.
    skeletons = dict.fromkeys([skeleton, latin_skeleton(word.replace("ng", "n"))])
    known = [one for lexicon in lexicons for key in skeletons for one in lexicon.by_skeleton.get(key, [])]
    if known:
        # A skeleton holds no doubled letters, so the language's own word may fit better than one of the corpus.
        plain = unicodedata.normalize("NFC", word)
        exact = (one for one in known if any(spelt(one, name) == plain for name in LATIN_SPELLINGS))
        return next(exact, known[0])
    beginning = _beginning(skeleton, lexicons, Lexicon.nearest_by_skeleton, cyrillic_skeleton)
    length = next(
        (n for n in range(len(word) + 1) if len(latin_skeleton(word[:n])) >= len(cyrillic_skeleton(beginning))), 0
    )
    return beginning + _by_rules(word[length:] if beginning else word, beginning)


def _from_keyboard(word: str, lexicons: Sequence[Lexicon], guess: bool = True) -> str:
    if any(word in lexicon for lexicon in lexicons[:1]) or KAZAKH_ONLY.intersection(word):
        return word
    fold = keyboard_fold(word)
    for lexicon in lexicons:
        known = lexicon.by_fold.get(fold)
        if known:
            return known[0]
    beginning = _beginning(fold, lexicons, Lexicon.nearest_by_fold, keyboard_fold) if guess else ""
    return beginning + _harmonised(word[len(beginning) :], beginning) if beginning else word


def _beginning(
    key: str,
    lexicons: Sequence[Lexicon],
    nearest: Callable[[Lexicon, str], tuple[str, int]],
    fold: Callable[[str], str],
) -> str:
    """The longest beginning of a known word whose key begins ``key``, or nothing where it is too short to tell."""
    word, shared = max((nearest(lexicon, key) for lexicon in lexicons), key=lambda found: found[1])
    if shared < max(_SHORTEST_BEGINNING, len(key) // 2):
        return ""
    lengths = [n for n in range(1, len(word) + 1) if len(fold(word[:n])) <= shared]
    return word[: lengths[-1]] if lengths else ""


def _by_rules(rest: str, beginning: str) -> str:
    """Latin letters one by one, where several Cyrillic ones fit the one that agrees with the vowels before."""
    for signs, letter in _SIGNS:
        rest = rest.replace(signs, letter)
    rest = "".join(_LETTERS.get(letter, letter) for letter in rest)
    front = _is_front(beginning + rest)
    return _harmonised(
        rest.replace("y", "ы").replace("ı", "і" if front else "ы").replace("i", "і" if front else "и"), beginning
    )


def _harmonised(rest: str, beginning: str) -> str:
    """The end of a word with қ, ғ and і where its vowels ask for them, and the genitive's ң."""
    if _is_front(beginning + rest):
        rest = rest.replace("и", "і") if beginning else rest
    else:
        rest = rest.replace("к", "қ").replace("г", "ғ")
    whole = _GENITIVE.sub("ң", beginning + rest)
    return whole[len(beginning) :]


def _is_front(word: str) -> bool:
    """Whether the last vowel of a word that tells is a front vowel."""
    front = [found.start() for found in _FRONT.finditer(word)]
    back = [found.start() for found in _BACK.finditer(word)]
    return (front[-1] if front else -1) > (back[-1] if back else -1)


def _recased(written: str, word: str) -> str:
    """The word with the capitals of what was written."""
    if written.isupper() and len(written) > 1:
        return word.upper()
    return word[:1].upper() + word[1:] if written[:1].isupper() else word
