"""searchkit: embeddable full-text search for news and other dated articles."""

from typing import TYPE_CHECKING, Any

from searchkit.errors import (
    ArticleError,
    ConfigurationError,
    CopyError,
    IndexCorruptError,
    IndexExistsError,
    IndexLockedError,
    IndexNotFoundError,
    IndexVersionError,
    RemoteError,
    SchemaError,
    SearchkitError,
)

if TYPE_CHECKING:
    from searchkit.analysis.analysis import Analysis
    from searchkit.article import Article, Skipped
    from searchkit.copying import CopyReport, copy
    from searchkit.engine.scoring import BM25, BM25F, Ranking
    from searchkit.explain import Explanation
    from searchkit.facet_counts import FacetCount, FacetCounts
    from searchkit.facets import Ranges, Terms
    from searchkit.filters import all_of, any_of, none_of
    from searchkit.highlight import Highlight, Highlighted
    from searchkit.index import Index, create, open
    from searchkit.indexing.writer import Report
    from searchkit.query.interchange import to_json
    from searchkit.query.parsed import ParsedQuery, read_params
    from searchkit.query.printing import to_text
    from searchkit.results import Hit, Note, Results
    from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text
    from searchkit.significant import SignificantTerm
    from searchkit.sources import Source, read
    from searchkit.suggest import Correction
    from searchkit.synonyms import Synonyms
    from searchkit.trend import Trend
    from searchkit.watching import SyncReport, sync, watch

__all__ = [
    "BM25",
    "BM25F",
    "Analysis",
    "Article",
    "ArticleError",
    "ConfigurationError",
    "CopyError",
    "CopyReport",
    "Correction",
    "Date",
    "Explanation",
    "FacetCount",
    "FacetCounts",
    "Highlight",
    "Highlighted",
    "Hit",
    "Index",
    "IndexCorruptError",
    "IndexExistsError",
    "IndexLockedError",
    "IndexNotFoundError",
    "IndexVersionError",
    "Keyword",
    "Note",
    "Number",
    "ParsedQuery",
    "Ranges",
    "Ranking",
    "RemoteError",
    "Report",
    "Results",
    "Schema",
    "SchemaError",
    "SearchkitError",
    "SignificantTerm",
    "Skipped",
    "Source",
    "Stored",
    "SyncReport",
    "Synonyms",
    "Terms",
    "Text",
    "Trend",
    "all_of",
    "any_of",
    "copy",
    "create",
    "none_of",
    "open",
    "read",
    "read_params",
    "sync",
    "to_json",
    "to_text",
    "watch",
]

# NumPy and Whoosh come with some of these, others with a decoder of JSON: a program waits only for what it uses.
_LAZY = {
    "BM25": "searchkit.engine.scoring",
    "BM25F": "searchkit.engine.scoring",
    "Analysis": "searchkit.analysis.analysis",
    "Article": "searchkit.article",
    "CopyReport": "searchkit.copying",
    "Correction": "searchkit.suggest",
    "Date": "searchkit.schema",
    "Explanation": "searchkit.explain",
    "FacetCount": "searchkit.facet_counts",
    "FacetCounts": "searchkit.facet_counts",
    "Highlight": "searchkit.highlight",
    "Highlighted": "searchkit.highlight",
    "Hit": "searchkit.results",
    "Index": "searchkit.index",
    "Keyword": "searchkit.schema",
    "Note": "searchkit.results",
    "Number": "searchkit.schema",
    "ParsedQuery": "searchkit.query.parsed",
    "Ranges": "searchkit.facets",
    "Ranking": "searchkit.engine.scoring",
    "Report": "searchkit.indexing.writer",
    "Results": "searchkit.results",
    "Schema": "searchkit.schema",
    "SignificantTerm": "searchkit.significant",
    "Skipped": "searchkit.article",
    "Source": "searchkit.sources",
    "Stored": "searchkit.schema",
    "SyncReport": "searchkit.watching",
    "Synonyms": "searchkit.synonyms",
    "Terms": "searchkit.facets",
    "Text": "searchkit.schema",
    "Trend": "searchkit.trend",
    "all_of": "searchkit.filters",
    "any_of": "searchkit.filters",
    "copy": "searchkit.copying",
    "create": "searchkit.index",
    "none_of": "searchkit.filters",
    "open": "searchkit.index",
    "read": "searchkit.sources",
    "read_params": "searchkit.query.parsed",
    "sync": "searchkit.watching",
    "to_json": "searchkit.query.interchange",
    "to_text": "searchkit.query.printing",
    "watch": "searchkit.watching",
}


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("searchkit")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value
