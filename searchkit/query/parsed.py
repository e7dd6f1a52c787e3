"""A query understood, as something that can be kept, sent and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import parse_qsl, urlencode

from whoosh.query import Query

from searchkit.analysis import QueryAnalyzer
from searchkit.dates import as_span, from_micros, resolve_zone
from searchkit.errors import ConfigurationError
from searchkit.query.interchange import from_json, to_json
from searchkit.query.parse import Mode, parse_query
from searchkit.query.printing import to_text
from searchkit.query.texts import Vocabulary
from searchkit.results import Note
from searchkit.schema import Schema

_PARAMETERS = ("q", "match", "now", "tz")
_MATCHES = ("auto", "all", "any")


@dataclass(frozen=True)
class ParsedQuery:
    """A query as an index understands it; see :meth:`searchkit.Index.parse`.

    Attributes:
        typed: the query text that was read.
        match: whether all its plain words must match, or any of them.
        now, tz: by what its relative and local dates were read; now is aware.
        node: the Whoosh query, which ``search`` takes too.
        notes: what was wrong with it.
    """

    typed: str
    match: str
    now: datetime
    tz: str | tzinfo | None
    node: Query
    notes: tuple[Note, ...]

    @property
    def text(self) -> str:
        """It as query text that means the same at any time and in any match mode, and parses to an equal node."""
        return to_text(self.node)

    def to_json(self) -> dict[str, Any]:
        """It as plain data for JSON, which ``Index.parse`` reads."""
        return to_json(self.node)

    def to_params(self) -> str:
        """It as the query string of a URL, for a link that finds the same at any time; :func:`read_params` reads it.

        What was typed stays, with the present of its relative dates: ``q=tram+since%3Amonday&match=all&now=…``.

        Raises:
            ConfigurationError: its time zone has no name.
        """
        parameters = {"q": self.typed, "match": self.match, "now": self.now.isoformat()}
        if self.tz is not None:
            parameters["tz"] = _zone_name(self.tz)
        return urlencode(parameters, errors="replace")


def parsed_query(
    query: str | Mapping[str, Any],
    schema: Schema,
    vocabulary: Vocabulary,
    match: str,
    now: datetime | None,
    tz: str | tzinfo | None,
    analyzer: QueryAnalyzer | None = None,
) -> ParsedQuery:
    """A query understood; for its arguments and errors see :meth:`searchkit.Index.parse`."""
    if match not in ("all", "any"):
        raise ConfigurationError(f"match must be all or any, not {match!r}: only a search knows what there is")
    if not isinstance(query, (str, Mapping)):
        raise ConfigurationError(f"a query is text or a mapping as JSON has it, not {query!r}")
    if now is not None and not isinstance(now, datetime):
        raise ConfigurationError(f"now must be a datetime, not {now!r}")
    zone = resolve_zone(tz)
    if now is None or now.utcoffset() is None:
        now = datetime.now(UTC) if now is None else from_micros(as_span(now, tz=zone).start or 0)
    source = query if isinstance(query, str) else from_json(query)
    mode: Mode = "any" if match == "any" else "all"
    found = parse_query(source, schema, vocabulary, mode, now=now, tz=tz, analyzer=analyzer)
    typed = query if isinstance(query, str) else to_text(found.node)
    return ParsedQuery(typed, match, now, tz, found.node, found.notes)


def _zone_name(tz: str | tzinfo) -> str:
    name = tz if isinstance(tz, str) else "UTC" if tz is UTC else getattr(tz, "key", None)
    if not isinstance(name, str):
        raise ConfigurationError(f"a link names a time zone such as 'Europe/Paris', which {tz!r} has no name for")
    return name


def read_params(text: str) -> dict[str, Any]:
    """The arguments of ``Index.parse`` and ``Index.search`` in the query string of a URL, which may come from anywhere.

    Parameters of other names are left to whoever made them.

    Returns:
        ``query``, and ``match``, ``now`` (aware) and ``tz`` where they are given.

    Raises:
        ConfigurationError: ``match`` or ``now`` is wrong, one is given twice, or there are too many.
    """
    try:
        pairs = [
            (name, value)
            for name, value in parse_qsl(text.removeprefix("?"), keep_blank_values=True, max_num_fields=100)
            if name in _PARAMETERS
        ]
    except ValueError:
        raise ConfigurationError("a link has at most 100 parameters") from None
    given = dict(pairs)
    if len(given) < len(pairs):
        raise ConfigurationError(f"{', '.join(_PARAMETERS)} are given once at most in a link")
    arguments: dict[str, Any] = {"query": given.get("q", "")}
    if "match" in given:
        if given["match"] not in _MATCHES:
            raise ConfigurationError(f"match must be one of {', '.join(_MATCHES)}, not {given['match']!r}")
        arguments["match"] = given["match"]
    if "now" in given:
        try:
            now = datetime.fromisoformat(given["now"])
            arguments["now"] = now.replace(tzinfo=UTC) if now.utcoffset() is None else now
        except ValueError:
            raise ConfigurationError(f"now must be a time in ISO 8601, not {given['now']!r}") from None
    if "tz" in given:
        arguments["tz"] = given["tz"]
    return arguments
