"""What may be asked for in a URL: the one table that requests are read by and that OpenAPI is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

from searchkit import read_params
from searchkit.errors import ConfigurationError

#: What a link says of its query: :func:`searchkit.read_params` reads these.
_OF_LINKS = {"q": "query", "match": "match", "now": "now", "tz": "tz"}


@dataclass(frozen=True)
class Parameter:
    """One name in a query string.

    Attributes:
        name: of it.
        description: for people.
        kind: "string" or "integer".
        default: what it is where it is not given.
        choices: the values it may have; none = any.
        low, high: ends of an integer, included.
        repeated: whether it may be given several times, for several values.
        format: of a string, as OpenAPI has it.
    """

    name: str
    description: str
    kind: str = "string"
    default: Any = None
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    repeated: bool = False
    format: str | None = None

    def read(self, text: str) -> Any:
        """The value that a text says.

        Raises:
            ConfigurationError: it says none.
        """
        if self.choices and text not in self.choices:
            raise ConfigurationError(f"{self.name} must be one of {', '.join(self.choices)}, not {text!r}")
        if self.kind == "string":
            return text
        # int() also reads signs, underscores and foreign digits.
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else -1
        if not self.low <= number <= self.high:
            raise ConfigurationError(f"{self.name} must be a number from {self.low} to {self.high}, not {text!r}")
        return number


_MATCH = Parameter(
    "match",
    "Whether all plain words must match, any of them, or all and, where no article has them all, any.",
    default="auto",
    choices=("auto", "all", "any"),
)
_NOW = Parameter("now", "What relative dates are counted from; the present if not given.", format="date-time")
_TZ = Parameter("tz", "Time zone by which dates are read and periods counted, such as Europe/Paris.", default="UTC")
#: What a page and the API are asked alike.
_ASKED = (
    Parameter("q", "What to look for, in searchkit's query language. Empty: all articles, newest first.", default=""),
    _MATCH,
    Parameter(
        "filter",
        "FIELD=VALUE, or FIELD=LOW..HIGH of numbers and dates, both ends included, either left out for an open one. "
        "The same field again: any of these values.",
        repeated=True,
    ),
    Parameter("since", 'Published since this date: 2025-10, "1 Oct 2025", "last week".'),
    Parameter("until", "Published until the end of this date."),
    Parameter("language", "Code of the language that the words are in, in an index of several."),
    _NOW,
    _TZ,
)

#: How many hits from the first on a page may begin; what comes later costs more than anybody would wait for.
DEEPEST = 10_000

SEARCH = (
    *_ASKED,
    Parameter(
        "facet",
        "A field whose values are counted, a date field with a period (published:month, published:auto), or ranges of "
        "numbers (words:0,100,500).",
        repeated=True,
    ),
    Parameter("sort", "relevance, newest, oldest, a field, or -field; again: ties by this.", repeated=True),
    Parameter("collapse", "story (articles that tell the same) or a keyword field: only the best of each is a hit."),
    Parameter("highlight", "A text field to give with its marks and their offsets.", repeated=True),
    Parameter("limit", "Hits to give.", "integer", 10, low=0, high=100),
    Parameter("offset", "Hits to leave out before.", "integer", 0, low=0, high=DEEPEST),
    Parameter("after", "The cursor of the page before, instead of an offset: the same search goes on."),
)
SUGGEST = (
    Parameter("q", "What was typed: its last word is completed.", default=""),
    Parameter("field", "A keyword field: the whole text is completed to its values instead."),
    Parameter("limit", "Completions to give at most.", "integer", 8, low=1, high=50),
)
ARTICLE = (
    Parameter("q", "Words to mark in title and body, in searchkit's query language.", default=""),
    _MATCH,
    _NOW,
    _TZ,
)
#: What the page knows.
PAGE = (
    *_ASKED,
    Parameter("sort", "relevance, newest or oldest.", default="relevance", choices=("relevance", "newest", "oldest")),
    Parameter(
        "stories", "Whether articles that tell the same are shown once.", default="once", choices=("once", "all")
    ),
    Parameter("page", "Which page of hits, from 1.", "integer", 1, low=1, high=DEEPEST // 10),
    Parameter("more", "A field of which more values are listed.", repeated=True),
)
#: What the page of an article knows: which it is, and where it was found.
PAGE_OF_ARTICLE = (Parameter("id", "Of the article."), *PAGE)


def read(query_string: str, parameters: Iterable[Parameter], *, strict: bool) -> dict[str, Any]:
    """The values of some parameters in a query string, by name; defaults included.

    Args:
        query_string: as it is in the URL.
        parameters: those there are.
        strict: whether other names are refused; on a page they are left to whoever made them.

    Raises:
        ConfigurationError: a value is wrong, a name unknown, something is given twice, or there is too much of it.
    """
    known = {parameter.name: parameter for parameter in parameters}
    said = read_params(query_string)  # which checks how many there are, and match and now
    values: dict[str, Any] = {name: [] if one.repeated else one.default for name, one in known.items()}
    given: set[str] = set()
    for name, text in parse_qsl(query_string, keep_blank_values=True):
        if name not in known:
            if strict:
                raise ConfigurationError(_unknown(name, known))
            continue
        parameter = known[name]
        if parameter.repeated:
            values[name].append(parameter.read(text))
        elif name in given:
            raise ConfigurationError(f"{name} is given once at most")
        elif text:  # a form sends its empty fields too
            values[name] = said[_OF_LINKS[name]] if name in _OF_LINKS else parameter.read(text)
        given.add(name)
    return values


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"no parameter {name!r}{f'; did you mean {close[0]!r}?' if close else ''}"


@dataclass(frozen=True)
class Endpoint:
    """One address of the API.

    Attributes:
        path: with the names of what varies in braces.
        summary: what it gives.
        parameters: of the query string.
    """

    path: str
    summary: str
    parameters: tuple[Parameter, ...]

    @property
    def route(self) -> str:
        """The path as Starlette has it, where an id may have slashes."""
        return "{id:path}".join(self.path.split("{id}"))


ENDPOINTS = {
    "search": Endpoint("/api/search", "Find articles.", SEARCH),
    "suggest": Endpoint("/api/suggest", "How a text may go on that a reader is typing.", SUGGEST),
    "article": Endpoint("/api/article/{id}", "One article, with what a query matches in it.", ARTICLE),
}
