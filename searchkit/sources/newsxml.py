"""XML: feeds, and the news formats NewsML-G2 and NITF in their common form. The root element says which it is.

Entities that a file declares are refused, and nothing outside it is ever fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from searchkit.errors import ArticleError
from searchkit.sources import encodings, feeds, streams
from searchkit.sources.file import File
from searchkit.sources.record import Record

_ROOT = re.compile(rb"(?:[^<]|<[?!])*?<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_PROLOG = re.compile(rb"<!--.*?-->|<\?.*?\?>", re.DOTALL)
_FEEDS = ("rss", "feed", "rdf")
_ITEMS = ("newsItem", "nitf")
_BLOCKS = frozenset(["p", "hl2", "h1", "h2", "h3", "h4", "h5", "h6", "li", "pre", "tr", "dt", "dd", "blockquote"])
_UNSEEN = frozenset(["media", "script", "style", "head", "byline", "dateline"])
_BLANK = re.compile(r"\s+")


def read(file: File) -> Iterator[Record]:
    """The articles of an XML file."""
    head = file.peek()
    name, is_guess = encodings.encoding_of(head, markup=True)
    match = _ROOT.match(_PROLOG.sub(b"", head.decode(name, "replace").encode()))
    root = match[1].decode("ascii", "replace") if match else ""
    if root.lower() in _FEEDS:
        return feeds.read(file)
    if root in ("newsItem", "newsMessage", "nitf"):
        if is_guess:
            file.warn(f"it is not UTF-8 and declares no encoding, taken as {name}")
        return _news(file, name)
    found = f"the root element is <{root}>" if root else "there is no root element"
    raise ArticleError(f"neither a feed, nor NewsML-G2, nor NITF: {found}", line=1)


def _news(file: File, encoding: str) -> Iterator[Record]:
    number = 0
    for item in _items(file.transcoded(encoding)):
        number += 1
        try:
            values = _newsml(item) if item.tag == "newsItem" else _nitf(item)
        except ArticleError as error:
            file.reject(error.reason, number)
        else:
            yield Record(values, number)
    if not number:
        raise ArticleError("there is no news item in it")


def _items(read_piece: streams.ReadPiece) -> Iterator[Element]:
    """The outermost news items of a stream in UTF-8, their elements' names without namespaces, one at a time."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import XMLParser

    builder = _Builder()
    parser = XMLParser(target=builder, encoding="utf-8", forbid_dtd=False, forbid_entities=True, forbid_external=True)
    try:
        while piece := read_piece():
            parser.feed(piece)
            if builder.waiting(len(piece)) > streams.MAX_RECORD:
                raise ArticleError(f"a news item is longer than {streams.MAX_RECORD:,} bytes")
            yield from builder.taken()
        parser.close()
        yield from builder.taken()
    except ParseError as error:
        # All items before the fault came out, as far as their piece was read.
        yield from builder.taken()
        raise ArticleError(f"not well-formed, the rest of it is not read: {error}", line=error.position[0]) from None
    except DefusedXmlException as error:
        raise ArticleError(f"entities are not read: it declares {getattr(error, 'name', 'some')!r}") from None


class _Builder:
    """Builds the tree of each outermost news item, and of nothing else."""

    def __init__(self) -> None:
        self._open: list[Element] = []
        self._done: list[Element] = []
        self._bytes = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition("}")[2]
        if not self._open and name not in _ITEMS:
            return
        element = Element(name, {key.rpartition("}")[2]: value for key, value in attributes.items()})
        if self._open:
            self._open[-1].append(element)
        self._open.append(element)

    def end(self, tag: str) -> None:
        if not self._open:
            return
        element = self._open.pop()
        if not self._open:
            self._done.append(element)
            self._bytes = 0

    def data(self, text: str) -> None:
        if not self._open:
            return
        element = self._open[-1]
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def close(self) -> None:
        return None

    def waiting(self, size: int) -> int:
        """Bytes since an item ended, with these."""
        self._bytes += size
        return self._bytes

    def taken(self) -> list[Element]:
        """The items that ended since this was last asked."""
        done, self._done = self._done, []
        return done


def _newsml(item: Element) -> dict[str, Any]:
    """The columns of a NewsML-G2 item (IPTC's standard): its metadata, and its text wherever that stands."""
    meta, content, text = item.find("itemMeta"), item.find("contentMeta"), item.find("contentSet")
    inner = text.find(".//nitf") if text is not None else None
    values = _nitf(inner) if inner is not None else {}
    content = Element("contentMeta") if content is None else content
    meta = Element("itemMeta") if meta is None else meta
    if text is not None and inner is None:
        values["body"] = _inline(text)
    headlines = [headline for headline in content.findall("headline") if _words(headline)]
    subjects = [name for subject in content.findall("subject") if (name := _name(subject))]
    language = content.find("language")
    own = {
        "id": item.get("guid"),
        "title": _words(headlines[0]) if headlines else None,
        "published": next(
            (
                found
                for parent, name in (
                    *((content, "contentCreated"), (meta, "firstCreated"), (meta, "versionCreated")),
                    *((content, "contentModified"),),
                )
                if (found := _first(parent, name))
            ),
            None,
        ),
        "author": next(
            (name for path in ("by", "creator") for part in content.findall(path) if (name := _name(part))), None
        ),
        "slugline": _first(content, "slugline"),
        "dateline": _first(content, "dateline"),
        "subjects": subjects or None,
        "language": language.get("tag") if language is not None else None,
        "version": item.get("version"),
    }
    values.update({name: value for name, value in own.items() if value})
    if not values.get("title") and not values.get("body"):
        raise ArticleError("the news item has neither headline nor text")
    return values


def _nitf(item: Element) -> dict[str, Any]:
    """The columns of a NITF document (IPTC's standard)."""
    docdata = item.find("head/docdata")
    docdata = Element("docdata") if docdata is None else docdata
    headline = item.find("body/body.head/hedline/hl1")
    if headline is None:
        headline = item.find("body/body.head/headline/hl1")
    content = item.find("body/body.content")
    values = {
        "id": _attribute(docdata, "doc-id", "id-string"),
        "title": (_words(headline) if headline is not None else "") or _first(item, "head/title") or "",
        "body": "\n\n".join(_paragraphs(content)) if content is not None else "",
        "published": _attribute(docdata, "date.issue", "norm")
        or _attribute(docdata, "date.release", "norm")
        or _publication(item),
        "author": _first(item, "body/body.head/byline"),
        "dateline": _first(item, "body/body.head/dateline"),
        "subjects": [key for word in docdata.findall("key-list/keyword") if (key := word.get("key"))] or None,
    }
    if not values["title"] and not values["body"]:
        raise ArticleError("the document has neither headline nor text")
    return values


def _publication(item: Element) -> str | None:
    element = item.find("head/pubdata")
    return element.get("date.publication") if element is not None else None


def _inline(content: Element) -> str:
    """The text of an item's content: paragraphs where there is markup, else lines."""
    best = ""
    for part in content:
        if part.tag in ("inlineXML", "inlineData"):
            text = "\n\n".join(_paragraphs(part)) if len(part) else (part.text or "").strip()
            best = max(best, text, key=len)
    return best


def _paragraphs(element: Element) -> list[str]:
    """The texts of the blocks below an element, in order, what stands between them included."""
    blocks: list[str] = []
    parts: list[str] = []

    def cut() -> None:
        if text := _BLANK.sub(" ", "".join(parts)).strip():
            blocks.append(text)
        parts.clear()

    # A stack instead of recursion: a hostile file may nest deeper than Python does.
    stack: list[tuple[Element, bool]] = [(element, True)]
    while stack:
        node, begins = stack.pop()
        if begins:
            if node.tag in _BLOCKS:
                cut()
            stack.append((node, False))
            if node.tag not in _UNSEEN:
                parts.append(node.text or "")
                stack.extend((child, True) for child in reversed(node))
            continue
        if node.tag in _BLOCKS:
            cut()
        if node is not element:
            parts.append(node.tail or "")
    cut()
    return blocks


def _words(element: Element) -> str:
    return _BLANK.sub(" ", "".join(element.itertext())).strip()


def _first(parent: Element, path: str) -> str | None:
    element = parent.find(path)
    return (_words(element) or None) if element is not None else None


def _attribute(parent: Element, path: str, name: str) -> str | None:
    element = parent.find(path)
    return element.get(name) if element is not None else None


def _name(element: Element) -> str | None:
    """What a concept is called: its name, else its code, else its text."""
    return _first(element, "name") or element.get("literal") or element.get("qcode") or _words(element) or None
