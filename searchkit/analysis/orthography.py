"""What else than the letters is spelled in several ways: the normal spelling of a word of a language.

A word is normalised before it is stemmed, and stop words are told by their normal spelling. Words come as the tokenizer
gives them: in normal form C and in small letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from searchkit.analysis.folding import fold

#: The normal spelling of a word.
Spelling = Callable[[str], str]


def _letters(*pairs: str) -> dict[int, str]:
    """A table of letters: each pair is some letters, a space, and what stands for any of them (nothing = left out)."""
    return {ord(letter): kept for pair in pairs for letters, _, kept in [pair.partition(" ")] for letter in letters}


def _span(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


_DIGITS = {
    zero + digit: str(digit)
    for zero in (0x0660, 0x06F0, 0x0966, 0x09E6, 0x0AE6, 0x0BE6, 0x0E50)  # Arabic (two), Indian scripts, Thai
    for digit in range(10)
}


def translated(*tables: dict[int, str]) -> Spelling:
    """A spelling that replaces letters."""
    joined = {point: letter for table in tables for point, letter in table.items()}
    return lambda word: word if word.isascii() else word.translate(joined)


def without_elision(articles: str) -> Spelling:
    """A spelling without what is elided before a word: ``l'homme`` → homme.

    Args:
        articles: what may stand before the apostrophe, with spaces between.
    """
    elided = re.compile(rf"(?:{'|'.join(articles.split())})'(?=\w)")

    def spelling(word: str) -> str:
        return elided.sub("", word, count=1) if "'" in word and elided.match(word) else word

    return spelling


french = without_elision("l d j m n s t c qu jusqu lorsqu puisqu quoiqu")
italian = without_elision(
    "l un d dell all dall nell sull coll quell quest gl degl agl dagl negl sugl c s m t v ch n anch senz sant bell tutt"
)
catalan = without_elision("l d m n s t")
irish = without_elision("d b m")

russian = translated(_letters("ё е"))
romanian = translated(_letters("ş ș", "ţ ț"))
hausa = translated(_letters("ɓ b", "ɗ d", "ƙ k", "ƴ y"))  # as keyboards without the hooked letters have them
_SERBIAN = "a b v g d đ e ž z i j k l lj m n nj o p r s t ć u f h c č dž š"
serbian = translated(dict(zip(map(ord, "абвгдђежзијклљмнњопрстћуфхцчџш"), _SERBIAN.split(), strict=True)))
#: Tonos and tones are left out by many.
greek = yoruba = fold


def scandinavian(word: str) -> str:
    """Danish and Norwegian: ``aa`` is an older å."""
    return word.replace("aa", "å")


# Plurals that Snowball leaves apart from their singulars.
_elided_portuguese = without_elision("d")


def portuguese(word: str) -> str:
    """Without elision; the plural of ão (eleições) as the singular."""
    word = _elided_portuguese(word)
    return f"{word[:-3]}ão" if word.endswith(("ões", "ães")) and len(word) > 4 else word


def spanish(word: str) -> str:
    """The plural of dad (ciudades) as the singular."""
    return word[:-2] if word.endswith("dades") else word


def turkish(word: str) -> str:
    """Without the endings that stand after the apostrophe of a name; İ in two characters is i."""
    return word.partition("'")[0].replace("ı\u0307", "i").replace("i\u0307", "i")


# ---- scripts of the Near East

_ARABIC_MARKS = f"\u0640{_span(0x610, 0x61A)}{_span(0x64B, 0x65F)}\u0670{_span(0x6D6, 0x6DC)}{_span(0x6DF, 0x6ED)} "
_arabic = translated(_letters(_ARABIC_MARKS, "آأإٱ ا", "ى ي"), _DIGITS)
persian = translated(_letters(_ARABIC_MARKS, "أإٱ ا", "يى ی", "ك ک", "ةۀ ه"), _DIGITS)
urdu = translated(_letters(_ARABIC_MARKS, "أإٱ ا", "يى ی", "ك ک", "ه ہ", "ة ۃ"), _DIGITS)
hebrew = translated(_letters(f"{_span(0x591, 0x5BD)}\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7 "))
_AND = re.compile(r"^[وف](?=ال\w{3})")  # which Snowball leaves there


def arabic(word: str) -> str:
    """Without vowel marks and tatweel, and without "and" before the article; one form of alef and of ya.

    A final ه of a longer word is often meant for ة.
    """
    word = _AND.sub("", _arabic(word), count=1)
    return f"{word[:-1]}ة" if len(word) > 4 and word.endswith("ه") else word


# ---- scripts of India and Ethiopia

_devanagari = translated(_letters("\u093c ", "\u0901 \u0902"), _DIGITS)
# A nasal before a consonant of its own series may be written as a dot: हिन्दी, हिंदी.
_NASAL = re.compile("ङ\u094d(?=[क-घ])|ञ\u094d(?=[च-झ])|ण\u094d(?=[ट-ढ])|न\u094d(?=[त-ध])|म\u094d(?=[प-भ])")
indian = translated(_DIGITS)


def devanagari(word: str) -> str:
    """Without the dot of borrowed sounds; nasals before consonants as a dot above."""
    return word if word.isascii() else _NASAL.sub("\u0902", _devanagari(word))


def _rows(*pairs: str) -> dict[int, str]:
    """Rows of the Ethiopic syllabary, seven vowels each: the row of a pair's first letter becomes the second's."""
    return {ord(pair[0]) + vowel: chr(ord(pair[1]) + vowel) for pair in pairs for vowel in range(7)}


# Letters that sound alike are written for each other (Amharic has more of them), also with the first and fourth vowel.
amharic = translated(_rows("ሐሀ", "ኀሀ", "ኸሀ", "ሠሰ", "ዐአ", "ፀጸ"), _letters("ሃሓኃኻ ሀ", "ኣዓ አ"))
tigrinya = translated(_rows("ሠሰ", "ፀጸ"), _letters("አ ኣ"))
