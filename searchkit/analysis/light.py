"""Light stemmers of our own, for languages that the Snowball project has none for: endings and prefixes taken off."""

from __future__ import annotations

import re

# ---- Korean

_SYLLABLES = range(0xAC00, 0xD7A4)
_FINALS = 28  # a syllable's code point counts finals fastest; the first is none
_RIEUL = 8

# Particles by the syllable before: any, one with a final consonant, one without. Those in "ro" go with ㄹ too.
_ANY = (
    "에서부터 에게서 한테서 에서도 에서는 에서의 에서만 에게는 에게도 으로부터 로부터 에서 에게 한테 께서 까지 부터 "
    "처럼 보다 마다 조차 마저 밖에 에는 에도 에만 까지는 까지도 만의 만은 만을 에 의 도 만"
)
_CLOSED = "이라는 이라고 이라며 이라도 이란 이나 이며 으로는 으로도 으로서 으로써 으로 과의 과는 을 은 이 과"
_OPEN = "라는 라고 라며 라도 란 나 며 로는 로도 로서 로써 로 와의 와는 를 는 가 와"
_PARTICLES = sorted(
    [
        *((particle, None) for particle in _ANY.split()),
        *((particle, True) for particle in _CLOSED.split()),
        *((particle, False) for particle in _OPEN.split()),
    ],
    key=lambda pair: -len(pair[0]),
)
#: One syllable is left before these only: what ends in others is more often a word of its own (회의, 국가).
_SURE = frozenset("을를")


def korean(word: str) -> str:
    """Without the particles (josa) at its end, none of which is left, so that a word with any and without meets.

    Whether a particle fits depends on whether the syllable before it ends in a consonant, which keeps most words whole
    that only look as if they had one. Two syllables are left, or one before a particle of two and before 을 and 를.
    """
    while len(word) > 1:
        for particle, closed in _PARTICLES:
            if word.endswith(particle) and _fits(word[: -len(particle)], particle, closed):
                word = word[: -len(particle)]
                break
        else:
            break
    return word


def _fits(stem: str, particle: str, closed: bool | None) -> bool:
    if not stem or ord(stem[-1]) not in _SYLLABLES or (len(stem) == 1 and len(particle) == 1 and particle not in _SURE):
        return False
    final = (ord(stem[-1]) - _SYLLABLES.start) % _FINALS
    if closed is None:
        return True
    if particle.startswith("로") and final == _RIEUL:
        return True
    return closed == (final > 0)


# ---- Ethiopic

_VOWELS = 8  # a row of the syllabary: a consonant with each of its vowels
_U, _PLAIN, _O = 1, 5, 6


def _vowel(syllable: str) -> int:
    return (ord(syllable) - 0x1200) % _VOWELS


def _plain(syllable: str) -> str:
    """The consonant of a syllable without a vowel."""
    return chr(ord(syllable) - _vowel(syllable) + _PLAIN)


_AMHARIC_PREFIX = re.compile("(?:እንደ|ስለ|[የበለከ])(?=[\u1200-\u137f]{2})")
_TIGRINYA_PREFIX = re.compile("[ንብ](?=[\u1200-\u137f]{3})")


def amharic(word: str) -> str:
    """Without prepositions at its front, and without object (ን), also (ም), plural and article at its end."""
    word = _AMHARIC_PREFIX.sub("", word, count=1) if _AMHARIC_PREFIX.match(word) else word
    for ending in "ምን":
        if len(word) > 2 and word.endswith(ending):
            word = word[:-1]
    if len(word) > 2 and word[-1] in "ችቹ" and _vowel(word[-2]) == _O:
        # The plural gives the last consonant the vowel o; after a vowel it is ዎች.
        if word[-2] == "ዎ" and len(word) > 3:
            word = word[:-2]
        else:
            word = word[:-2] + ("ኛ" if word[-2] == "ኞ" else _plain(word[-2]))  # ኛ makes nouns of persons
    elif len(word) > 1 and "\u1200" <= word[-1] <= "\u1357" and _vowel(word[-1]) == _U:
        word = word[:-1] + _plain(word[-1])  # the article of a masculine noun is the vowel u
    return word


def tigrinya(word: str) -> str:
    """Without the prepositions ን and ብ at its front, and without ን (and, object) at its end."""
    word = _TIGRINYA_PREFIX.sub("", word, count=1) if _TIGRINYA_PREFIX.match(word) else word
    return word[:-1] if len(word) > 3 and word.endswith("ን") else word
