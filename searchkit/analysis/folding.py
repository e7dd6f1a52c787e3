"""Folding: letters as readers type them plainly. The same for all languages."""

from __future__ import annotations

import re
from typing import NamedTuple
from unicodedata import category, normalize

from searchkit.analysis.normalize import normalized

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


class TypedKey(NamedTuple):
    """What a typed word is looked up by.

    Attributes:
        key: the plain key of the words that it may stand for besides itself.
        is_word: whether it stands for a word that is written as the key, too.
    """

    key: str
    is_word: bool


def typed_key(word: str) -> TypedKey | None:
    """What a typed word is looked up by besides its terms; None if it was typed with its accents or marks and means
    just this.

    What is joined by a hyphen, apostrophes or commas is also looked up without them.
    """
    key = plain_key(word)
    if key == word:
        return TypedKey(key, False)
    return TypedKey(key, True) if set("-',") & set(word) else None


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
