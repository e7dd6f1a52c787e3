"""Bytes to text: by byte order mark, by what the text declares of itself, as UTF-8, and only then by a guess."""

from __future__ import annotations

import codecs
import re

from searchkit.errors import ArticleError

#: How much of a file is looked at to find its encoding.
SAMPLE = 64 << 10

# The longer marks first: that of UTF-32 begins with that of UTF-16. Decoders of these names take the mark away.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_XML = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})["']""")
# Both <meta charset=x> and <meta http-equiv="Content-Type" content="text/html; charset=x">.
_META = re.compile(rb"""<meta[^>]{1,300}?charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)

# What pages call Latin-1 is read as Windows' superset of it, as the HTML standard says.
_LATIN = {"iso8859-1": "cp1252", "ascii": "cp1252"}


def encoding_of(sample: bytes, markup: bool = False) -> tuple[str, bool]:
    """The name of the codec for a text, and whether it is only a guess.

    Args:
        sample: its beginning, or all of it.
        markup: whether it is HTML or XML, which can declare its encoding.
    """
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return name, False
    if markup and (declared := _declared(sample)):
        return declared, False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # a character cut off at the end is no fault
    except UnicodeDecodeError:
        return _guess(sample), True
    return "utf-8", False


def decode(content: bytes, markup: bool = False) -> tuple[str, str | None]:
    """A whole text, and the codec where that is a guess.

    Raises:
        ArticleError: it is not in the encoding that it declares; with the line.
    """
    name, is_guess = encoding_of(content, markup)
    try:
        return content.decode(name), name if is_guess else None
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        raise ArticleError(f"not {name}: {error}", line=content.count(b"\n", 0, start) + 1) from None


def _declared(sample: bytes) -> str | None:
    match = _XML.match(sample) or _META.search(sample[: 8 << 10])
    if match is None:
        return None
    try:
        info = codecs.lookup(match[1].decode("ascii"))
    except LookupError:
        return None
    if not info._is_text_encoding:
        return None  # such as zlib, which Python calls a codec too
    if info.name.startswith(("utf-16", "utf-32")):
        return "utf-8"  # it could be read as far as its declaration, so it is not what that says
    return info.name if match.re is _XML else _LATIN.get(info.name, info.name)


def _guess(sample: bytes) -> str:
    """The likeliest encoding of what is not UTF-8."""
    import charset_normalizer  # slow to import, and hardly ever needed

    best = charset_normalizer.from_bytes(sample[:SAMPLE]).best()
    # Where several give the same text, the most common one of them is told.
    is_western = best is None or best.encoding == "ascii" or "cp1252" in best.could_be_from_charset
    return "cp1252" if best is None or is_western else best.encoding
