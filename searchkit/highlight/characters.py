"""What a reader sees as one character, which nothing may cut: extended grapheme clusters (Unicode Annex 29)."""

from __future__ import annotations

from unicodedata import category

# What goes with the character before it, besides marks: joiners, half-width voicing, Thai and Lao AM, skin tones, and
# the tags that make flags of regions.
_FOLLOWING = frozenset("\u200c\u200d\uff9e\uff9f\u0e33\u0eb3") | frozenset(
    map(chr, (*range(0x1F3FB, 0x1F400), *range(0xE0020, 0xE0080)))
)
# Signs of numbers and the like in Arabic, Syriac and others, which go with what follows.
_PRECEDING = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd")
# Viramas of the scripts whose consonants join (Indic_Conjunct_Break=Linker).
_LINKERS = frozenset("\u094d\u09cd\u0acd\u0b4d\u0c4d\u0d4d")
# Halves of flags that are counted back to find where one begins; a longer row of flags is no text.
_MOST_HALVES = 200


def is_inside_character(text: str, place: int) -> bool:
    """Whether a cut before ``text[place]`` would part one character. Takes constant time.

    Where the rules of the annex ask what a joiner or a virama stands behind, anything will do.
    """
    if not 0 < place < len(text):
        return False
    following, before = text[place], text[place - 1]
    if following <= "\x7f":
        return (following == "\n" and before == "\r") or (before in _PRECEDING and following > " ")
    kind = category(following)
    if kind[0] == "M" or following in _FOLLOWING:
        return before >= " " and before not in "\x7f\x85\u2028\u2029"
    if before in _PRECEDING:
        return following in _PRECEDING or kind[0] not in "CZ"
    if before == "\u200d" and kind in ("So", "Sm", "Cn"):
        return True
    if kind == "Lo":
        if before in _LINKERS or (before in "\u200d\u093c\u09bc\u0abc\u0b3c\u0c3c" and text[place - 2] in _LINKERS):
            return True
        if _is_hangul(before) and _is_hangul(following):
            return _are_one_syllable(before, following)
    elif "\U0001f1e6" <= following <= "\U0001f1ff":
        halves = place
        while halves > max(0, place - _MOST_HALVES) and "\U0001f1e6" <= text[halves - 1] <= "\U0001f1ff":
            halves -= 1
        return (place - halves) % 2 == 1
    return False


def _is_hangul(character: str) -> bool:
    return "\u1100" <= character <= "\u11ff" or "\ua960" <= character <= "\ua97c" or "\uac00" <= character <= "\ud7fb"


def _are_one_syllable(before: str, following: str) -> bool:
    """Whether two Hangul letters or syllables make one: leading ones, then vowels, then trailing ones."""
    begins, ends = _parts(following)[0], _parts(before)[1]
    return begins == ends or (ends, begins) in ((0, 1), (1, 2))


def _parts(character: str) -> tuple[int, int]:
    """What a Hangul letter or syllable begins and ends with: 0 leading consonants, 1 vowels, 2 trailing consonants."""
    if "\uac00" <= character <= "\ud7a3":
        return 0, 1 if (ord(character) - 0xAC00) % 28 == 0 else 2
    if "\u1160" <= character <= "\u11a7" or "\ud7b0" <= character <= "\ud7c6":
        return 1, 1
    if "\u11a8" <= character <= "\u11ff" or character >= "\ud7cb":
        return 2, 2
    return 0, 0
