"""What differs from language to language: the stemmer and the stop words. And folding, which does not."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from unicodedata import category, normalize

from searchkit.analysis.normalize import normalized

# The 179-word English stop list of NLTK (ranking.md: the default ranking was measured with it).
_ENGLISH = """
i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself yourselves he him his himself
she she's her hers herself it it's its itself they them their theirs themselves what which who whom this that that'll
these those am is are was were be been being have has had having do does did doing a an the and but if or because as
until while of at by for with about against between into through during before after above below to from up down in
out on off over under again further then once here there when where why how all any both each few more most other some
such no nor not only own same so than too very s t can will just don don't should should've now d ll m o re ve y ain
aren aren't couldn couldn't didn didn't doesn doesn't hadn hadn't hasn hasn't haven haven't isn isn't ma mightn mightn't
mustn mustn't needn needn't shan shan't shouldn shouldn't wasn wasn't weren weren't won won't wouldn wouldn't
"""


@dataclass(frozen=True)
class Language:
    """How words of one language become terms.

    Attributes:
        code: ISO 639-1, or "und" for none in particular.
        stemmer: name of the Snowball algorithm, "" for no stemming.
        stop_words: words as written that are not scored unless a query has no others.
    """

    code: str
    stemmer: str
    stop_words: frozenset[str] = field(default=frozenset())


LANGUAGES = {
    language.code: language
    for language in (
        Language("en", "english", frozenset(_ENGLISH.split())),
        Language("und", ""),
    )
}

# Letters that canonical decomposition leaves whole although readers type them plain.
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})


def fold(word: str) -> str:
    """``word`` without accents: marks of Latin, Greek and Cyrillic letters removed, all other scripts left alone.

    й stays: it is a letter of its own, not an accented и.
    """
    if word.isascii():
        return word
    word = word.translate(_PLAIN_LETTERS)
    decomposed = normalize("NFD", word)
    if decomposed.isalnum():  # no mark in it
        return word
    kept: list[str] = []
    base = ""
    for character in decomposed:
        if category(character) == "Mn":
            if base and base < "\u0530" and not (base == "и" and character == "\u0306"):
                continue
        else:
            base = character
        kept.append(character)
    return normalize("NFC", "".join(kept))


def fold_value(value: str) -> str:
    """A keyword value as query text finds it: normalised, case folded, without accents."""
    return fold(normalized(value))


_CONTRACTION = re.compile(r"'(?:ll|d|re|ve|m|t)$")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def plain_key(word: str) -> str:
    """What a reader may type for a word as written: folded, and the marks inside it left out.

    ``généralité`` → generalite, ``e-mail`` → email, ``o'neill`` → oneill, ``u.s.`` → us, ``at&t`` → att,
    ``#tag`` → tag, ``1,234`` → 1234. Words that plain typing cannot mean keep their form (``c++``, ``3.5``, ``we'll``).
    """
    key = fold(word)
    if key.isalnum():
        return key
    if key[0] in "@#":
        return key[1:]
    if key[0].isdigit() and ("," in key or "." in key):
        return key.replace(",", "") if _THOUSANDS.fullmatch(key) else key
    if "+" in key or key[-1] == "#" or _CONTRACTION.search(key):
        return key
    return re.sub(r"[-'.&]", "", key)
