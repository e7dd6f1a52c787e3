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

_MATCHES = ("auto", "all", "any")


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
        if self.after is not None and not isinstance(self.after, str):
            raise ConfigurationError(f"after must be the cursor of earlier results, not {self.after!r}")
        if self.after is not None and self.offset:
            raise ConfigurationError("after and offset exclude each other: a cursor knows where its page ended")
        if self.match not in _MATCHES:
            raise ConfigurationError(f"match must be one of {', '.join(_MATCHES)}, not {self.match!r}")
        if self.min_score is not None and not isinstance(self.min_score, (int, float)):
            raise ConfigurationError(f"min_score must be a number, not {self.min_score!r}")
        for name, value in (("proximity", self.proximity), ("expand", self.expand)):
            if not isinstance(value, bool):
                raise ConfigurationError(f"{name} is true or false, not {value!r}")
        if self.now is not None and not isinstance(self.now, datetime):
            raise ConfigurationError(f"now must be a datetime, not {self.now!r}")
        resolve_zone(self.tz)
