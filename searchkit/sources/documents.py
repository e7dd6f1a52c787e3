"""One article a file: seed files, plain text and Markdown, the latter two with front matter or without.

Front matter is what stands between two lines ``---`` at the top, in YAML, or between two lines ``+++``, in TOML. Its
keys are the columns of the article; what follows is its body. Where no title is given, a text's is its first line, if
that is followed by a blank one, and Markdown's its first heading.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

from searchkit.article import Article
from searchkit.errors import ArticleError
from searchkit.sources import encodings, seedfile
from searchkit.sources.file import File, shown
from searchkit.sources.record import Record

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"\s*(\S[^\n]*)\n(?:={3,}|-{3,})[ \t]*(?:\n|$)")

# A longer first line is a paragraph.
_MAX_TITLE = 200


def read_text(file: File) -> Iterator[Article | Record]:
    """The article of a .txt file: a seed file where its first line says so, else plain text."""
    content = file.content()
    if seedfile.is_meant(content):
        yield from _seed(file, content)
        return
    columns, body, _ = _parts(file, content)
    if _lacks_title(columns):
        first, _, rest = body.partition("\n")
        is_title = len(first) <= _MAX_TITLE and not rest.partition("\n")[0].strip()
        columns["title"] = first.strip() if is_title else file.stem.rpartition("/")[2]
        body = rest.strip() if is_title else body
        file.remark(f"guessed: title from {'the first line' if is_title else 'the name of the file'}")
    yield _record(file, columns, body)


def read_markdown(file: File) -> Iterator[Record]:
    """The article of a Markdown file, whose marks are kept."""
    columns, body, _ = _parts(file, file.content())
    if _lacks_title(columns):
        heading = _UNDERLINED.match(body) or _HEADING.search(body)
        columns["title"] = heading[1].strip() if heading else file.stem.rpartition("/")[2]
        file.remark(f"guessed: title from {'the first heading' if heading else 'the name of the file'}")
    yield _record(file, columns, body)


def _seed(file: File, content: bytes) -> Iterator[Article]:
    id = file.stem.rpartition("/")[2]  # wherever it is, in an archive too
    try:
        if file.path is not None and shown(file.path.name) != file.path.name:
            raise ArticleError("the name of the file is not Unicode and cannot be its id")
        article = seedfile.article(content, id, file.warn)
    except ArticleError as error:
        file.reject(error.reason, error.line, id)
    else:
        yield article


def _parts(file: File, content: bytes) -> tuple[dict[str, Any], str, int]:
    """Front matter, body, and the line that the body begins in."""
    text, guess = encodings.decode(content)
    if guess:
        file.warn(f"it is not UTF-8 and declares no encoding, taken as {guess}")
    text = text.replace("\r\n", "\n")
    fence = text[:3]
    first, _, rest = text.partition("\n")
    if fence not in ("---", "+++") or first.rstrip() != fence:
        if not text.strip():
            raise ArticleError("the file is empty")
        return {}, text.strip(), 1
    end = re.search(rf"^{re.escape(fence)}[ \t]*$", rest, re.MULTILINE)
    if end is None:
        if fence == "---":  # a line across the page, as in Markdown
            return {}, text.strip(), 1
        raise ArticleError(f"the front matter has no end, a line {fence}", line=1)
    matter = rest[: end.start()]
    columns = _yaml(matter) if fence == "---" else _toml(matter)
    return columns, rest[end.end() :].strip(), 2 + matter.count("\n")


def _yaml(text: str) -> dict[str, Any]:
    import yaml  # slow to import

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """YAML without references, which a few lines of can stand for more than any memory holds."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.events.AliasEvent):
                raise yaml.MarkedYAMLError(problem="references are not read", problem_mark=self.peek_event().start_mark)
            return super().compose_node(parent, index)

    try:
        found = yaml.load(text, Loader)  # noqa: S506 (it is a safe one)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ArticleError(f"the front matter is not YAML: {problem}", line=mark.line + 2 if mark else 1) from None
    except (ValueError, RecursionError, OverflowError) as error:  # such as the 31st of February
        raise ArticleError(f"the front matter is not YAML: {error}", line=1) from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ArticleError(f"the front matter must be keys and values, not a {type(found).__name__}", line=2)
    return {str(name): value for name, value in found.items()}


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ArticleError(f"the front matter is not TOML: {error}", line=1) from None


def _lacks_title(columns: dict[str, Any]) -> bool:
    return not {"title", "headline"} & {name.casefold() for name in columns}


def _record(file: File, columns: dict[str, Any], body: str) -> Record:
    values = {**columns, "body": body}
    if not values.get("id"):
        values["id"] = file.stem
    return Record(values)
