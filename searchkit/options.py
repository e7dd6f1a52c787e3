"""The options that several commands have, and what the values of options mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import click

from searchkit import shell_completion
from searchkit.analysis import LANGUAGES, Analysis
from searchkit.errors import ConfigurationError, SchemaError
from searchkit.schema import RESERVED, Date, Keyword, Kind, Number, Schema, Stored, Text

if TYPE_CHECKING:
    from searchkit.engine.scoring import Ranking
    from searchkit.facets import Facet

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: What ``--field name:kind`` can say.
KINDS: dict[str, Kind] = {
    "text": Text(),
    "keyword": Keyword(),
    "keywords": Keyword(multiple=True),
    "path": Keyword(hierarchical=True),
    "paths": Keyword(multiple=True, hierarchical=True),
    "number": Number(),
    "date": Date(),
    "stored": Stored(),
}

index_option = click.option(
    "--index",
    "path",
    required=True,
    metavar="DIR",
    help="The directory of the index.",
    shell_complete=shell_completion.directories,
)
field_option = click.option(
    "--field", "fields", multiple=True, metavar="NAME:KIND", help=f"Declare a field; a kind is {', '.join(KINDS)}."
)
_WORDS = click.File(encoding="utf-8-sig")
_ANALYSIS = (
    click.option("--compounds", is_flag=True, help="Find German and Dutch words inside compounds too."),
    click.option("--dictionary", is_flag=True, help="Cut Chinese, Japanese or Korean into words by a dictionary."),
    click.option("--protect", metavar="FILE", type=_WORDS, help="Words that are not stemmed, parted by space."),
    click.option(
        "--stop-words", metavar="FILE", type=_WORDS, help="Further words too common to score, parted by space."
    ),
    click.option(
        "--language",
        default="en",
        show_default=True,
        metavar="CODE",
        shell_complete=shell_completion.words_of("auto", *LANGUAGES),
        help="Language of stems and stop words; auto: of each article its own.",
    ),
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document, and nothing else.")
match_option = click.option(
    "--match",
    default="auto",
    show_default=True,
    help="auto, all or any of the plain words.",
    shell_complete=shell_completion.words_of("auto", "all", "any"),
)
_ranking_option = click.option(
    "--ranking",
    default="default",
    show_default=True,
    help="default, bm25 or whoosh.",
    shell_complete=shell_completion.words_of("default", "bm25", "whoosh"),
)
_boost_option = click.option(
    "--boost",
    "boosts",
    multiple=True,
    metavar="FIELD=N",
    help="What a word in this field counts for; 2 in a title, else 1.",
)
_proximity_option = click.option(
    "--proximity", is_flag=True, help="Raise the best articles where words are as near each other as asked."
)
_recency_option = click.option("--recency", metavar="AGE", help='The age at which scores are halved: 30d, "6 months".')


def selection_options(command: _Command) -> _Command:
    """The options by which commands select articles beside the query."""
    for option in (
        click.option(
            "--tz", metavar="ZONE", help="Time zone of dates, asked for and shown, e.g. Europe/Paris; UTC unless given."
        ),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="FIELD=VALUE",
            shell_complete=shell_completion.names_of(shell_completion.filters),
            help="An exact value, or for numbers and dates a range LOW..HIGH with both ends included, either end left "
            "out for an open one. The same field again: any of these values.",
        ),
        click.option("--until", metavar="DATE", help="Published until the end of this date."),
        click.option("--since", metavar="DATE", help='Published since this date: 2025-10, "1 Oct 2025", "last week".'),
    ):
        command = option(command)
    return command


def ranking_options(command: _Command) -> _Command:
    """The options that say how to rank; see :func:`ranking_of`."""
    for option in (_recency_option, _proximity_option, _boost_option, _ranking_option):
        command = option(command)
    return command


def ranking_of(ranking: str, boosts: Iterable[str]) -> str | Ranking:
    """The ranking of a name with the boosts of some ``FIELD=N`` texts, as the API takes it."""
    found: dict[str, float] = {}
    for text in boosts:
        name, _, number = text.partition("=")
        try:
            found[name] = float(number)
        except ValueError:
            raise ConfigurationError(f"--boost {text!r}: write FIELD=N") from None
    if not found:
        return ranking
    if ranking != "default":
        raise ConfigurationError(f"--boost is for the default ranking, not for {ranking!r}")
    from searchkit.engine.scoring import BM25F  # with NumPy, which other commands do without

    return BM25F(found)


def analysis_options(command: _Command) -> _Command:
    """The options that say how texts become terms; see :func:`analysis_of`."""
    for option in _ANALYSIS:
        command = option(command)
    return command


def analysis_of(
    language: str,
    stop_words: Iterable[str] | None,
    protect: Iterable[str] | None,
    dictionary: bool,
    compounds: bool,
) -> Analysis:
    """What these options say."""
    return Analysis(
        language,
        stop_words=words_in(stop_words),
        protected=words_in(protect),
        dictionary=dictionary,
        compounds=compounds,
    )


def words_in(lines: Iterable[str] | None) -> list[str]:
    """The words of a list, # begins a remark."""
    return [word for line in lines or () for word in line.partition("#")[0].split()]


def schema_of(fields: Iterable[str], analysis: Analysis) -> Schema:
    """The schema that ``NAME:KIND`` texts declare."""
    declared: dict[str, Kind] = {}
    for field in fields:
        name, colon, kind = field.partition(":")
        if not colon or kind not in KINDS:
            raise SchemaError(f"--field {field!r}: write NAME:KIND, where a kind is {', '.join(KINDS)}", name)
        if name in declared:
            raise SchemaError(f"the field {name!r} is declared twice", name)
        if name in RESERVED:  # Schema says the same, but Python stops at "language" before it can
            raise SchemaError(f"the field name {name!r} is reserved", name)
        declared[name] = KINDS[kind]
    return Schema(analysis, stories=True, **declared)


def declared_fields(schema: Schema) -> list[tuple[str, str]]:
    """The declared fields and their kinds, in the words of ``--field``."""
    words = {kind: word for word, kind in KINDS.items()}
    return [(name, words[kind]) for name, kind in schema.declared.items()]


def facets_of(schema: Schema, given: Iterable[str]) -> list[str | Facet]:
    """Facets as the API takes them: names, and of ``FIELD:BOUND,BOUND,…`` texts ranges of numbers."""
    return [_ranges(text) if isinstance(schema.kind(text.partition(":")[0]), Number) else text for text in given]


def _ranges(text: str) -> str | Facet:
    from searchkit.facets import Ranges  # with NumPy, which other commands do without

    name, colon, bounds = text.partition(":")
    try:
        return Ranges(name, list(map(float, bounds.split(",")))) if colon else text
    except ValueError:
        raise ConfigurationError(f"--facet {text!r}: write {name}:BOUND,BOUND,… with numbers, ascending") from None


def filters_of(schema: Schema, given: Iterable[str]) -> dict[str, Any] | None:
    """``FIELD=VALUE`` texts as the API takes filters; None if there are none."""
    found: dict[str, list[Any]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--filter {text!r}: write FIELD=VALUE or FIELD=LOW..HIGH")
        found.setdefault(name, []).append(_filter_value(schema.kind(name), value))
    for name, values in found.items():
        if len(values) > 1 and any(isinstance(value, tuple) for value in values):
            raise ConfigurationError(f"a range of {name!r} cannot be combined with another filter of {name!r}")
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()} or None


def _filter_value(kind: Kind | None, text: str) -> Any:
    if not isinstance(kind, (Number, Date)):
        return text  # two dots may be part of a keyword
    low, dots, high = text.partition("..")
    if not dots:
        return _end(kind, text)
    return tuple(_end(kind, end) if end else None for end in (low, high))


def _end(kind: Kind, text: str) -> float | str:
    if isinstance(kind, Number):
        with suppress(ValueError):  # the API says what it wanted instead
            return float(text)
    return text
