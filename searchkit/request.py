"""The arguments of one search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from whoosh import query

from searchkit.codec.layout import Array
from searchkit.dates import resolve_zone
from searchkit.engine.scoring import Ranking
from searchkit.errors import ConfigurationError
from searchkit.facets import Facet
from searchkit.filters import Composition
from searchkit.highlight import Highlight
from searchkit.synonyms import Synonyms

_MATCHES = ("auto", "all", "any")
#: Arguments that may be None, what else they are, and how to say so.
_OPTIONAL: tuple[tuple[str, type | tuple[type, ...], str], ...] = (
    ("after", str, "the cursor of earlier results"),
    ("min_score", (int, float), "a number"),
    ("now", datetime, "a datetime"),
    ("synonyms", Synonyms, "Synonyms(…)"),
)


@dataclass(slots=True)  # not frozen: that would make it slow to make
class Request:
    """The arguments of one search; see :meth:`searchkit.Index.search`."""

    query: str | query.Query
    limit: int | None = 10
    offset: int = 0
    after: str | None = None
    match: str = "auto"
    filters: Mapping[str, Any] | Composition | None = None
    since: Any = None
    until: Any = None
    facets: Sequence[str | Facet] | None = None
    sort: str | Sequence[str] = "relevance"
    ranking: str | Ranking = "default"
    highlight: bool | Highlight | str | Sequence[str] = True
    min_score: float | None = None
    recency: str | timedelta | None = None
    as_of: Any = None
    proximity: bool = False
    expand: bool = False
    now: datetime | None = None
    tz: str | tzinfo | None = None
    collapse: str | None = None
    language: str | None = None
    synonyms: Synonyms | None = None
    among: Array | None = None  #: bool by document: no others are found

    def check(self) -> None:
        """Raise ConfigurationError for what no search can honour."""
        if not isinstance(self.query, (str, query.Query)):
            raise ConfigurationError(f"a query is text or a whoosh query, not {self.query!r}")
        for name, value in (("limit", self.limit), ("offset", self.offset)):
            if value is None and name == "limit":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
                raise ConfigurationError(f"{name} must be a number from 0 on, not {value!r}")
        for name, kinds, wanted in _OPTIONAL:
            value = getattr(self, name)
            if value is not None and not isinstance(value, kinds):
                raise ConfigurationError(f"{name} must be {wanted}, not {value!r}")
        if self.after is not None and self.offset:
            raise ConfigurationError("after and offset exclude each other: a cursor knows where its page ended")
        if self.match not in _MATCHES:
            raise ConfigurationError(f"match must be one of {', '.join(_MATCHES)}, not {self.match!r}")
        for name, value in (("proximity", self.proximity), ("expand", self.expand)):
            if not isinstance(value, bool):
                raise ConfigurationError(f"{name} is true or false, not {value!r}")
        resolve_zone(self.tz)
