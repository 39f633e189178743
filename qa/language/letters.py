"""How Kazakh is spelt: the alphabets it is typed in, and what two spellings of one word have in common.

The Latin alphabets are those of the decrees of 2017 and 2018, the proposals of 2019 and 2021, Common Turkic, and three
informal ways. Their letters ``ı i y u`` stand for different sounds in each, so that no single table can lead back. A
word's *skeleton* is what is left where everything that differs between them is folded together: equal for a
Cyrillic word and for all its Latin spellings. Its *keyboard fold* is the word as typed on a Russian keyboard.
"""

from __future__ import annotations

import re
import unicodedata

CYRILLIC = [
    "а",
    "ә",
    "б",
    "в",
    "г",
    "ғ",
    "д",
    "е",
    "ё",
    "ж",
    "з",
    "и",
    "й",
    "к",
    "қ",
    "л",
    "м",
    "н",
    "ң",
    "о",
    "ө",
    "п",
    "р",
    "с",
    "т",
    "у",
    "ұ",
    "ү",
    "ф",
    "х",
    "һ",
    "ц",
    "ч",
    "ш",
    "щ",
    "ъ",
    "ы",
    "і",
    "ь",
    "э",
    "ю",
    "я",
]
# One Latin spelling for each letter of `CYRILLIC`, in that order; _ is nothing.
_SPELLINGS = {
    "2017": "a a' b v g g' d e io j z i' i' k q l m n n' o o' p r s t y' u u' f h h ts c' s' s'c' _ y i _ e i'y' i'a",
    "2018": "a á b v g ǵ d e io j z ı ı k q l m n ń o ó p r s t ý u ú f h h ts ch sh shch _ y i _ e ıý ıa",
    "2019": "a á b v g ǵ d e io j z ı ı k q l m n ń o ó p r s t w u ú f h h ts ç ş şç _ y i _ e ıw ıa",
    "2021": "a ä b v g ğ d e io j z i i k q l m n ñ o ö p r s t u ū ü f h h ts ç ş şç _ y ı _ e iu ia",
    "turkic": "a ä b v g ğ d e yo j z i y k q l m n ñ o ö p r s t w u ü f x h ts ç ş şç _ ı i _ e yu ya",
    "informal-q": "a a b v g gh d e yo zh z i i k q l m n n o o p r s t u u u f h h ts ch sh sh _ y i _ e yu ya",
    "informal-k": "a a b v g g d e yo j z i y k k l m n n o o p r s t u u u f kh h ts ch sh sh _ y i _ e yu ya",
    "informal-ng": "a a b v g g d e yo zh z i y k k l m n ng o o p r s t w u u f kh h ts ch sh sh _ y i _ e yu ya",
}
LATIN_SPELLINGS = {
    name: dict(zip(CYRILLIC, ["" if latin == "_" else latin for latin in spelling.split()], strict=True))
    for name, spelling in _SPELLINGS.items()
}
KEYBOARD = str.maketrans("әғқңөұүһі", "агкноуухи")
KAZAKH_ONLY = frozenset("әғқңөұүһі")

_SOUNDS = str.maketrans(
    {
        **dict(zip("абвгдезийклмнопрстуфх", "abvgdeziiklmnoprstufh", strict=True)),
        **dict(zip("әғқңөұүһыіэ", "agknouuhiie", strict=True)),
        "ё": "io",
        "ж": "J",
        "ц": "ts",
        "ч": "C",
        "ш": "S",
        "щ": "S",
        "ъ": "",
        "ь": "",
        "ю": "iu",
        "я": "ia",
    }
)
APOSTROPHES = re.compile("['’ʼ`´‘′ʹʻ]")
# Letters of more than one sign come first, longest first.
_LATIN_SIGNS = (
    ("s'c'", "S"), ("shch", "S"), ("şç", "S"), ("sh", "S"), ("ch", "C"), ("zh", "J"), ("gh", "g"), ("kh", "h"),
    ("s'", "S"), ("c'", "C"), ("y'", "u"), ("'", ""), ("ş", "S"), ("ś", "S"), ("ç", "C"), ("c", "C"), ("j", "J"),
    ("q", "k"), ("w", "u"), ("x", "h"), ("ý", "u"), ("y", "i"), ("ı", "i"),
)  # fmt: skip
_REPEATED = re.compile(r"(.)\1+")
# Latin letters that look like Cyrillic ones, and the reverse.
_LOOKS_CYRILLIC = str.maketrans("aceiopxyABCEHIKMOPTXY", "асеіорхуАВСЕНІКМОРТХУ")
_LOOKS_LATIN = str.maketrans("асеіорхуАВСЕНІКМОРТХУ", "aceiopxyABCEHIKMOPTXY")
_LATIN_LETTER = re.compile(r"[a-zA-Z]")
_CYRILLIC_LETTER = re.compile(r"[\u0400-\u04ff]")


def without_accents(word: str) -> str:
    """A word without the marks above and below its letters."""
    bare = "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", bare)


def cyrillic_skeleton(word: str) -> str:
    """The skeleton of a Cyrillic word in small letters, or of several, each in a line of its own."""
    return _REPEATED.sub(r"\1", word.translate(_SOUNDS))


def latin_skeleton(word: str) -> str:
    """The skeleton of a word in any of the Latin spellings."""
    folded = APOSTROPHES.sub("'", unicodedata.normalize("NFC", word.lower()).replace("i̇", "i"))
    for signs, sound in _LATIN_SIGNS:
        folded = folded.replace(signs, sound)
    bare = "".join(sign for sign in unicodedata.normalize("NFD", folded) if not unicodedata.combining(sign))
    return _REPEATED.sub(r"\1", bare.replace("ə", "a").replace("ɵ", "o"))


def keyboard_fold(word: str) -> str:
    """A Cyrillic word in small letters as it is typed on a Russian keyboard, or several."""
    return word.translate(KEYBOARD)


def spelt(word: str, spelling: str) -> str:
    """A Cyrillic word in small letters in one of the `LATIN_SPELLINGS`."""
    letters = LATIN_SPELLINGS[spelling]
    return "".join(letters.get(letter, letter) for letter in word)


def without_look_alikes(word: str) -> str:
    """A word of letters of both scripts in the script of most of them, where all the others look alike."""
    latin, cyrillic = len(_LATIN_LETTER.findall(word)), len(_CYRILLIC_LETTER.findall(word))
    if not latin or not cyrillic:
        return word
    mended = word.translate(_LOOKS_CYRILLIC if cyrillic >= latin else _LOOKS_LATIN)
    still_mixed = _LATIN_LETTER.search(mended) and _CYRILLIC_LETTER.search(mended)
    return word if still_mixed else mended
