"""The analysis as Whoosh sees it: analyzers and field types that go into the pickled table of contents.

Names and module path of everything here are frozen: a Whoosh program that opens an index imports them. State is plain
strings and numbers. The bulk builder writes precisely what Whoosh's own writer would write through these classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from whoosh import analysis, columns, fields
from whoosh.util.numeric import to_sortable

from searchkit.analysis.analysis import Analysis
from searchkit.analysis.analyzer import Analyzer, analyzer_of
from searchkit.analysis.detection import AUTO, detected
from searchkit.analysis.folding import fold_value
from searchkit.analysis.paths import normal_path, with_ancestors


class _Analyzing:
    """State of what analyzes text: of plain types, and of an index that is special in nothing its language alone."""

    #: As in tables of contents that are older than it.
    language = "und"
    protected: tuple[str, ...] = ()
    dictionary = False

    def __init__(self, language: str | Analysis = "und") -> None:
        made = Analysis(language) if isinstance(language, str) else language
        self.language = made.language
        if made.protected:
            self.protected = tuple(sorted(made.protected))
        if made.dictionary:
            self.dictionary = True

    def _analyzer(self, code: str) -> Analyzer:
        """The analyzer of a language, the only one where that is not "auto"."""
        made = _analysis(self.language, self.protected, self.dictionary)
        return analyzer_of(made.within(code) if self.language == AUTO else made)


@lru_cache
def _analysis(language: str, protected: tuple[str, ...], dictionary: bool) -> Analysis:
    """Remembered: to check the protected words takes longer than most texts."""
    return Analysis(language, protected=protected, dictionary=dictionary)


class WordTokenizer(_Analyzing, analysis.Tokenizer):  # type: ignore[misc]  # whoosh has no types
    """Words as written, with positions and offsets; the whole of a hyphenated word at its first part's position.

    Args:
        language: a language code, or "auto": each text's own, which a caller of the chain says as ``language=`` or else
            is recognised; tokens carry it. Or an analysis.
    """

    def __call__(
        self,
        value: str,
        positions: bool = False,
        chars: bool = False,
        keeporiginal: bool = False,
        removestops: bool = True,
        start_pos: int = 0,
        start_char: int = 0,
        mode: str = "",
        language: str = "",
        **kwargs: Any,
    ) -> Iterator[analysis.Token]:
        code = self.language if self.language != AUTO else language or detected(value)
        token = analysis.Token(positions, chars, removestops=removestops, mode=mode, language=code, **kwargs)
        for word, position, start, end in self._analyzer(code).tokenize(value):
            token.text = word
            token.boost = 1.0
            token.stopped = False
            if keeporiginal:
                token.original = word
            if positions:
                token.pos = start_pos + position
            if chars:
                token.startchar = start_char + start
                token.endchar = start_char + end
            yield token


class TermFilter(_Analyzing, analysis.Filter):  # type: ignore[misc]  # whoosh has no types
    """Words as written to index terms. ``no_morph=True`` leaves them as written.

    Args:
        language: a language code, or "auto": that of the tokens. Or an analysis.
    """

    is_morph = True

    def __call__(self, tokens: Iterator[analysis.Token]) -> Iterator[analysis.Token]:
        is_mixed = self.language == AUTO
        term = None if is_mixed else self._analyzer(self.language).term
        for token in tokens:
            if not getattr(token, "no_morph", False):
                if is_mixed:
                    term = self._analyzer(token.language).term
                assert term is not None
                token.text = term(token.text)
            yield token


def text_analyzer(language: str | Analysis) -> analysis.CompositeAnalyzer:
    """The analyzer chain of a text field."""
    return WordTokenizer(language) | TermFilter(language)


class ValueTokenizer(analysis.IDTokenizer):  # type: ignore[misc]  # whoosh has no types
    """A keyword value as one token, folded."""

    def __call__(self, value: str, **kwargs: Any) -> Iterator[analysis.Token]:
        return super().__call__(fold_value(value), **kwargs)  # type: ignore[no-any-return]


class TextField(fields.TEXT):  # type: ignore[misc]  # whoosh has no types
    """Scored text with positions. Hyphenated wholes are indexed but not counted in the field's length."""

    def __init__(self, language: str | Analysis) -> None:
        super().__init__(analyzer=text_analyzer(language), phrase=True, stored=True)

    def index(self, value: str, **kwargs: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        for text, frequency, weight, posting in super().index(value, **kwargs):
            # Whoosh adds the frequency to the field length and takes the score from the weight.
            yield text, 0 if b"-" in text else frequency, weight, posting


class KeywordField(fields.ID):  # type: ignore[misc]  # whoosh has no types
    """Exact values: the column keeps them as given, terms are folded. A multiple field takes a list of values."""

    def __init__(self, multiple: bool) -> None:
        super().__init__(stored=True, sortable=not multiple)
        self.analyzer = ValueTokenizer()
        self.multiple = multiple

    def index(self, value: str | list[str], **kwargs: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        values = value if isinstance(value, (list, tuple)) else [value]
        return super().index([fold_value(item) for item in values], **kwargs)  # type: ignore[no-any-return]


class PathTokenizer(ValueTokenizer):
    """A path as one token, normal and folded."""

    def __call__(self, value: str, **kwargs: Any) -> Iterator[analysis.Token]:
        return super().__call__(normal_path(value), **kwargs)


class PathField(KeywordField):
    """Values that are paths; the terms of an article are its paths and all their ancestors."""

    def __init__(self) -> None:
        super().__init__(multiple=True)
        self.analyzer = PathTokenizer()

    def index(self, value: str | list[str], **kwargs: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        values = value if isinstance(value, (list, tuple)) else [value]
        return super().index(with_ancestors(values), **kwargs)


class DateField(fields.DATETIME):  # type: ignore[misc]  # whoosh has no types
    """An instant as naive UTC. Reading the column of an undated article gives None instead of an OverflowError."""

    def __init__(self) -> None:
        super().__init__(stored=True, sortable=True)

    def from_column_value(self, x: int) -> datetime | None:
        try:
            return super().from_column_value(x)  # type: ignore[no-any-return]
        except (OverflowError, ValueError):
            return None


class NumberField(fields.NUMERIC):  # type: ignore[misc]  # whoosh has no types
    """A float64; NaN in the column where an article has none."""

    def __init__(self) -> None:
        # Whoosh cannot write its own column of a float: its default is NaN, not the integer that it keeps for it.
        column = columns.NumericColumn("Q", default=to_sortable(float, 64, True, float("nan")))
        super().__init__(float, stored=True, sortable=column, shift_step=8)


def identifier_field() -> fields.ID:
    """The id of an article: unique, exact."""
    return fields.ID(unique=True, stored=True, sortable=columns.VarBytesColumn())
