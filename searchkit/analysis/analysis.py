"""What decides, beside the rules for all languages, which terms become of a text: said once, kept with the index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from searchkit.analysis.detection import AUTO
from searchkit.analysis.languages import LANGUAGES
from searchkit.analysis.segmenters import SEGMENTED
from searchkit.analysis.tokenizer import raw_words, split_raw
from searchkit.errors import SchemaError

#: The languages whose compounds are taken apart: words are written together there, with few letters between them.
COMPOUNDING = frozenset(("de", "nl"))


@dataclass(frozen=True, init=False)
class Analysis:
    """How the texts of an index become terms: its language, and what is special to it.

    Args:
        language: a code such as "en", or "auto": each article's own.
        stop_words: further words too common to be scored: a query finds them only where it has no others, or in a
            phrase.
        protected: words that are not stemmed: ``news`` then is not found by ``new``. All inflections that are to stand
            for themselves are named.
        dictionary: whether Chinese, Japanese or Korean text is cut into words by a dictionary (the extra
            ``segmenters``) instead of into overlapping pairs of characters, and Korean by spaces: fewer and better
            words, but one that the dictionary does not know may not be found.
        compounds: whether a German or Dutch word is also found inside the compounds that the index itself can tell to
            be made of it, and a compound by its parts side by side. Without a rebuild: queries alone look at it.

    Raises:
        SchemaError: an unknown language, what is no word, or an option that the language has no use for.

    Example:
        >>> Schema(Analysis("en", protected=["News"], stop_words=["reuter"])).analysis
        Analysis('en', stop_words=['reuter'], protected=['news'])
    """

    language: str
    stop_words: frozenset[str]
    protected: frozenset[str]
    dictionary: bool
    compounds: bool

    def __init__(
        self,
        language: str = "en",
        *,
        stop_words: Iterable[str] = (),
        protected: Iterable[str] = (),
        dictionary: bool = False,
        compounds: bool = False,
    ) -> None:
        if language != AUTO and (not isinstance(language, str) or language not in LANGUAGES):
            known = ", ".join(sorted(LANGUAGES))
            raise SchemaError(f"no language {language!r}; there are {known}, and {AUTO!r}")
        for name, value, languages in (
            ("dictionary", dictionary, SEGMENTED),
            ("compounds", compounds, COMPOUNDING | {AUTO}),
        ):
            if not isinstance(value, bool):
                raise SchemaError(f"{name} is True or False, not {value!r}")
            if value and language not in languages:
                raise SchemaError(f"{name} is for {', '.join(sorted(languages))}, not for {language!r}")
        made: dict[str, object] = {
            "language": language,
            "stop_words": self._checked("stop_words", stop_words, language),
            "protected": self._checked("protected", protected, language),
            "dictionary": dictionary,
            "compounds": compounds,
        }
        for key, what in made.items():
            object.__setattr__(self, key, what)

    @staticmethod
    def _checked(name: str, words: Iterable[str], language: str) -> frozenset[str]:
        """Words in the form in which the tokenizer gives them."""
        if isinstance(words, str):
            raise SchemaError(f"{name} are a list of words, not one text")
        small = LANGUAGES[language].capitals if language != AUTO else {}
        found = set()
        for word in words:
            raws = raw_words(word.translate(small)) if isinstance(word, str) else []
            if len(raws) != 1:
                raise SchemaError(f"{name}: {word!r} is not one word")
            parts, whole = split_raw(raws[0])
            found.add(parts[0] if whole is None else whole)
        return frozenset(found)

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the language is said."""
        return not (self.stop_words or self.protected or self.dictionary or self.compounds)

    def within(self, language: str) -> Analysis:
        """That of articles in one language of an index of several."""
        return _within(self, language)

    def __repr__(self) -> str:
        said = [f"{name}={value!r}" for name, value in self._said().items()]
        return f"Analysis({', '.join([repr(self.language), *said])})"

    def _said(self) -> dict[str, Any]:
        """All but the language that is not as it is by default; sets as sorted lists."""
        values = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "language"}
        return {name: value if value is True else sorted(value) for name, value in values.items() if value}

    def to_plain(self) -> str | dict[str, Any]:
        """As plain data: the code of the language if that is all, else a mapping."""
        return self.language if self.is_plain else {"code": self.language, **self._said()}

    @classmethod
    def from_plain(cls, declaration: str | Mapping[str, Any]) -> Analysis:
        """What :meth:`to_plain` described.

        Raises:
            SchemaError: it describes none.
        """
        if isinstance(declaration, str):
            return cls(declaration)
        try:
            options = dict(declaration)
            return cls(options.pop("code"), **options)
        except (KeyError, TypeError, ValueError) as error:
            raise SchemaError(f"not a description of an analysis: {error!r}") from None


@lru_cache
def _within(analysis: Analysis, language: str) -> Analysis:
    words, protected = analysis.stop_words, analysis.protected
    compounds = analysis.compounds and language in COMPOUNDING
    return Analysis(language, stop_words=words, protected=protected, compounds=compounds)
