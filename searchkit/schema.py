"""What an index holds besides title and body: field kinds, their declaration, and what Whoosh makes of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from difflib import get_close_matches
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, ClassVar

from searchkit.analysis import (
    AUTO,
    UNKNOWN,
    Analysis,
    Analyzer,
    analysis_fingerprint,
    analyzer_of,
    detected,
    language_code,
)
from searchkit.analysis.paths import are_paths
from searchkit.article import CORE_FIELDS, Article, to_utc
from searchkit.errors import ArticleError, ConfigurationError, SchemaError

if TYPE_CHECKING:
    from whoosh import fields


@dataclass(frozen=True)
class Kind:
    """Base of the field kinds."""

    name: ClassVar[str]


@dataclass(frozen=True)
class Text(Kind):
    """Words: searchable as ``field:word`` and ranked. Values are strings."""

    name: ClassVar[str] = "text"


@dataclass(frozen=True)
class Keyword(Kind):
    """Exact values for filters, facets and sorting. Values are strings, or lists of them.

    Args:
        multiple: whether an article may have several values.
        hierarchical: whether values are paths, such as ``news/europe/uk``: an article is then found by the ancestors of
            its values too, ``news`` and ``news/europe``. Space around names and empty names (at either end, or of two
            separators) do not count; a path without any name is no value, one of more than 32 levels an ArticleError.
    """

    multiple: bool = False
    hierarchical: bool = False
    name: ClassVar[str] = "keyword"

    @property
    def is_list(self) -> bool:
        """Whether its column keeps lists."""
        return self.multiple or self.hierarchical


@dataclass(frozen=True)
class Number(Kind):
    """A number for filters, ranges and sorting, kept as float64. Whole numbers come out as int."""

    name: ClassVar[str] = "number"


@dataclass(frozen=True)
class Date(Kind):
    """An instant for filters, calendar facets and sorting. Values as ``Article.published`` takes them."""

    name: ClassVar[str] = "date"


@dataclass(frozen=True)
class Stored(Kind):
    """Kept with the article and returned with it, not searchable. Any value that JSON can express."""

    name: ClassVar[str] = "stored"


KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in (Text, Keyword, Number, Date, Stored)}

#: Names that Hit, Results and Article use themselves.
RESERVED = frozenset(
    (
        *CORE_FIELDS,
        "article",
        "fields",
        "fragments",
        "highlights",
        "language",
        "more",
        "rank",
        "score",
        "self",
        "snippet",
        "stories",
        "story",
        "to_dict",
        "values",
    )
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WEB_ADDRESS = re.compile(r"https?://\S+")
#: Beyond this, whole numbers are no longer exact in a float64.
MAX_EXACT = 2**53


_CORE_KINDS: dict[str, Kind] = {"id": Keyword(), "title": Text(), "body": Text(), "published": Date()}


class Schema:
    """The declaration of an index.

    ``id``, ``title``, ``body`` and ``published`` are always there.

    Args:
        language: code of the language whose spelling, stemmer and stop words are used: those of Snowball and more, see
            :data:`searchkit.analysis.LANGUAGES`; "und" = none in particular; "auto" = of each article its own, which
            its key ``language`` says or py3langid (the extra ``languages``) recognises: ``language`` is a field then.
        stories: whether articles that tell the same are found when they are indexed, for ``collapse="story"``. It takes
            24 bytes an article.
        **declared: further fields by name, e.g. ``topics=Keyword(multiple=True)``.

    Raises:
        SchemaError: an unknown language, a name that is reserved or not an identifier, or a kind that is none.

    Example:
        >>> Schema("de", topics=Keyword(multiple=True), words=Number())
        Schema(language='de', topics=Keyword(multiple=True, hierarchical=False), words=Number())
    """

    def __init__(self, /, language: str | Analysis = "en", *, stories: bool = True, **declared: Kind) -> None:
        if not isinstance(stories, bool):
            raise SchemaError(
                f"stories is True or False, not {stories!r}; as the name of a field it is reserved", "stories"
            )
        #: How texts become terms; in an index of several languages, what is the same for all of them.
        self.analysis = language if isinstance(language, Analysis) else Analysis(language)
        self.language = self.analysis.language
        self.stories = stories
        #: The analyzer of all articles; in an index of several languages the one for no language in particular.
        self.analyzer = analyzer_of(self.analysis.within(UNKNOWN) if self.is_mixed else self.analysis)
        for name, kind in declared.items():
            if name in RESERVED:
                raise SchemaError(f"the field name {name!r} is reserved", name)
            if not _NAME.fullmatch(name):
                raise SchemaError(f"{name!r} cannot name a field: letters, digits and _ only, a letter first", name)
            if isinstance(kind, type) and issubclass(kind, Kind):
                raise SchemaError(f"field {name!r}: write {kind.__name__}(), not {kind.__name__}", name)
            if type(kind) not in KINDS.values():
                raise SchemaError(f"field {name!r}: {kind!r} is not a field kind ({', '.join(sorted(KINDS))})", name)
        self.declared: Mapping[str, Kind] = dict(declared)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # holds a mapping; equality is by declaration

    def __repr__(self) -> str:
        language = self.language if self.analysis.is_plain else self.analysis
        options = [f"language={language!r}", *([] if self.stories else ["stories=False"])]
        parts = [*options, *(f"{name}={kind!r}" for name, kind in self.declared.items())]
        return f"Schema({', '.join(parts)})"

    @property
    def text_groups(self) -> tuple[tuple[str, ...], ...]:
        """The text fields, those that share one list of postings together: title and body, then each declared one."""
        declared = ((name,) for name, kind in self.declared.items() if isinstance(kind, Text))
        return (("title", "body"), *declared)

    @property
    def is_mixed(self) -> bool:
        """Whether each article has a language of its own, in the field ``language``."""
        return self.language == AUTO

    def language_of(self, article: Article) -> str:
        """The code of the language that an article is in.

        Raises:
            ArticleError: what it says itself is not text.
            ConfigurationError: it says nothing, and py3langid, which would tell, is not installed.
        """
        if not self.is_mixed:
            return self.language
        named = article.fields.get("language")
        if named is None:
            return detected(f"{article.title}\n{article.body}")
        if not isinstance(named, str):
            raise ArticleError(f"article {article.id!r}, field 'language': {named!r} is not a string")
        return language_code(named)

    def analyzer_of(self, article: Article) -> Analyzer:
        """The analyzer of a stored article."""
        return self.analyzer_in(self.language_of(article))

    def analyzer_in(self, language: str) -> Analyzer:
        """The analyzer of articles in a language."""
        return analyzer_of(self.analysis.within(language)) if self.is_mixed else self.analyzer

    def fingerprint(self) -> str:
        """A digest of all that decides on index terms; another one means that they may be others now."""
        return analysis_fingerprint() if self.is_mixed else self.analyzer.fingerprint()

    @property
    def columns(self) -> dict[str, Kind]:
        """The fields that have a column of values, ``published`` first."""
        kinds: dict[str, Kind] = {"published": Date()}
        if self.is_mixed:
            kinds["language"] = Keyword()
        kinds.update((name, kind) for name, kind in self.declared.items() if not isinstance(kind, (Text, Stored)))
        return kinds

    def kind(self, name: str) -> Kind | None:
        """The kind of a field of this index (``id`` is a Keyword), None if it has no such field."""
        if name == "language" and self.is_mixed:
            return Keyword()
        return _CORE_KINDS.get(name) or self.declared.get(name)

    def nearest(self, name: str) -> str | None:
        """The field name most like ``name``, None if none is like it."""
        close = get_close_matches(name.lower(), [*CORE_FIELDS, *self.declared], n=1, cutoff=0.6)
        return close[0] if close else None

    def require(self, name: str, *kinds: type[Kind], use: str) -> Kind:
        """The kind of field ``name``, which a caller wants to ``use`` (a verb phrase for the error text).

        Raises:
            ConfigurationError: there is no such field, or it is of none of ``kinds``.
        """
        if not isinstance(name, str):
            raise ConfigurationError(f"a field has a name, not {name!r}")
        kind = self.kind(name)
        if kind is None:
            near = self.nearest(name)
            raise ConfigurationError(f"no field {name!r}{f'; did you mean {near!r}?' if near else ''}")
        if not isinstance(kind, kinds):
            wanted = " or ".join(sorted(allowed.name for allowed in kinds))
            raise ConfigurationError(f"cannot {use} {name!r}: it is a {kind.name} field, not {wanted}")
        return kind

    def to_dict(self) -> dict[str, Any]:
        """The declaration as plain data, for the manifest and the command line."""
        fields = {name: {"kind": kind.name, **asdict(kind)} for name, kind in self.declared.items()}
        return {"language": self.analysis.to_plain(), "stories": self.stories, "fields": fields}

    @classmethod
    def from_dict(cls, declaration: Mapping[str, Any]) -> Schema:
        """The schema that :meth:`to_dict` described; one that says nothing of stories has none.

        Raises:
            SchemaError: it describes none.
        """
        try:
            declared = {
                name: KINDS[options["kind"]](**{key: value for key, value in options.items() if key != "kind"})
                for name, options in declaration["fields"].items()
            }
            if reserved := {"language", "stories"} & declared.keys():
                name = reserved.pop()
                raise SchemaError(f"the field name {name!r} is reserved", name)
            # Indexes were written before there were stories.
            return cls(
                Analysis.from_plain(declaration["language"]), stories=declaration.get("stories", False), **declared
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise SchemaError(f"not a schema declaration: {error!r}") from None

    def to_whoosh(self) -> fields.Schema:
        """The Whoosh schema: the one in the table of contents, and what an index by Whoosh's own codec would use."""
        from whoosh import fields  # slow to import, and a reader of the manifest can do without

        from searchkit.analysis import whoosh as types

        made: dict[str, fields.FieldType] = {
            "id": types.identifier_field(),
            "title": types.TextField(self.analysis),
            "body": types.TextField(self.analysis),
            "published": types.DateField(),
        }
        if self.is_mixed:
            made["language"] = types.KeywordField(multiple=False)
        for name, kind in self.declared.items():
            match kind:
                case Text():
                    made[name] = types.TextField(self.analysis)
                case Keyword(hierarchical=True):
                    made[name] = types.PathField()
                case Keyword(multiple=multiple):
                    made[name] = types.KeywordField(multiple)
                case Number():
                    made[name] = types.NumberField()
                case Date():
                    made[name] = types.DateField()
                case _:
                    made[name] = fields.STORED()
        return fields.Schema(**made)

    @classmethod
    def infer(cls, articles: Iterable[Article], language: str | Analysis = "en", limit: int = 1000) -> Schema:
        """A schema that fits the fields of the first ``limit`` articles.

        Lists of strings, and strings of at most 100 characters of which under half are distinct, become Keyword,
        longer ones Text, numbers Number, ISO dates Date; what fits none of these, and addresses of the web, is Stored.
        Keywords that look like paths of one hierarchy are hierarchical. Names that no field can have are left out.

        Example:
            >>> Schema.infer([Article("1", "", "", words=3, topics=["grain"])])
            Schema(language='en', words=Number(), topics=Keyword(multiple=True, hierarchical=False))
        """
        seen: dict[str, list[Any]] = {}
        for article in islice(articles, limit):
            for name, value in article.fields.items():
                seen.setdefault(name, []).append(value)
        declared = {name: _infer_kind(values) for name, values in seen.items()}
        return cls(
            language,
            stories=True,
            **{name: kind for name, kind in declared.items() if _NAME.fullmatch(name) and name not in RESERVED},
        )


def _infer_kind(values: list[Any]) -> Kind:
    if all(isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value) for value in values):
        return Keyword(multiple=True, hierarchical=are_paths(chain.from_iterable(values)))
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        fits = all(math.isfinite(value) and (isinstance(value, float) or abs(value) <= MAX_EXACT) for value in values)
        return Number() if fits else Stored()
    if all(isinstance(value, date) or (isinstance(value, str) and _is_iso_date(value)) for value in values):
        return Date()
    if all(isinstance(value, str) for value in values):
        if all(map(_WEB_ADDRESS.fullmatch, values)):
            return Stored()  # nobody looks for words in it, and each makes dozens of its own
        if max(map(len, values)) > 100:
            return Text()
        if len(set(values)) * 2 < len(values):
            return Keyword(hierarchical=are_paths(values))
    return Stored()


def _is_iso_date(text: str) -> bool:
    try:
        to_utc(text)
    except ValueError:
        return False
    return True


def as_utc_value(value: Any) -> datetime:
    """The instant of a Date field's value; ValueError or TypeError when it is none."""
    if not isinstance(value, (str, date)):
        raise TypeError(f"{value!r} is not a date")
    return to_utc(value)
