"""What a page was asked for, and the links to what may be asked next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from searchkit.errors import ConfigurationError
from searchkit.options import filters_of
from searchkit.schema import Keyword, Schema
from searchkit.web.parameters import PAGE, PAGE_OF_ARTICLE, read

#: Hits on a page.
SIZE = 10


@dataclass(frozen=True)
class Asked:
    """The state of a page, all of which is in its address.

    Attributes:
        values: by the names of :data:`searchkit.web.parameters.PAGE`.
    """

    values: Mapping[str, Any]

    @classmethod
    def read(cls, query_string: str) -> Asked:
        """What an address asks for; parameters of other names are left to whoever made them.

        Raises:
            ConfigurationError: a value is wrong.
        """
        return cls(read(query_string, PAGE, strict=False))

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def is_everything(self) -> bool:
        """Whether it is all that the index holds."""
        return not any(self.values[name] for name in ("q", "filter", "since", "until", "language"))

    # ---- addresses

    def fields(self, *left_out: str) -> list[tuple[str, str]]:
        """The state as names and values, without what is so anyway, and without some names: for a form."""
        found: list[tuple[str, str]] = []
        for parameter in PAGE:
            value = self.values[parameter.name]
            if parameter.name in left_out or value in (None, [], parameter.default):
                continue
            items = value if parameter.repeated else [value.isoformat() if parameter.name == "now" else value]
            found += [(parameter.name, str(item)) for item in items]
        return found

    def link(self, **changes: Any) -> str:
        """The address of the page with some values changed, from its first page on unless ``page`` is given."""
        changed = Asked({**self.values, "page": 1, **changes})
        query = urlencode(changed.fields(), errors="replace")
        return f"/?{query}" if query else "/"

    def article(self, id: str) -> str:
        """The address of an article, which knows what was searched for."""
        return f"/article?{urlencode([('id', id), *self.fields()], errors='replace')}"

    def toggled(self, field: str, value: str, schema: Schema) -> str:
        """The address where a value of a field is asked for as well or, if it is now, no longer.

        Of a path, what lies above and below goes; of a number field, the other range does.
        """
        item = f"{field}={value}"
        kept = [other for other in self.values["filter"] if other != item]
        if len(kept) == len(self.values["filter"]):
            kind = schema.kind(field)
            if not isinstance(kind, Keyword):
                kept = [other for other in kept if other.partition("=")[0] != field]
            elif kind.hierarchical:
                kept = [other for other in kept if not _are_related(other, item)]
            kept.append(item)
        return self.link(filter=kept)

    def chosen(self, field: str) -> list[str]:
        """The values of a field that are asked for."""
        pairs = (item.partition("=") for item in self.values["filter"])
        return [value for name, _, value in pairs if name == field]

    # ---- what is searched for

    def arguments(self, schema: Schema) -> dict[str, Any]:
        """The arguments of ``Index.search``, without what is counted.

        Raises:
            ConfigurationError: a filter is none.
        """
        names = ("match", "since", "until", "language", "now", "tz", "sort")
        found = {name: self.values[name] for name in names}
        found |= {"query": self.values["q"], "filters": filters_of(schema, self.values["filter"])}
        found |= {"limit": SIZE, "offset": (self.values["page"] - 1) * SIZE}
        found["collapse"] = "story" if schema.stories and self.values["stories"] == "once" else None
        return found


def _are_related(one: str, other: str) -> bool:
    """Whether one path is above the other."""
    return one.startswith(f"{other}/") or other.startswith(f"{one}/")


def read_article(query_string: str) -> tuple[str, Asked]:
    """The id of the article that an address is of, and the page that it was found on.

    Raises:
        ConfigurationError: a value is wrong, or there is no id.
    """
    values = read(query_string, PAGE_OF_ARTICLE, strict=False)
    id = values.pop("id")
    if id is None:
        raise ConfigurationError("the address of an article has its id")
    return id, Asked(values)
