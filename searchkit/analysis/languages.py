"""What differs from language to language: spelling, stemmer, stop words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from searchkit.analysis import light, orthography
from searchkit.analysis.orthography import Spelling
from searchkit.analysis.stop_lists import stop_list


@dataclass(frozen=True)
class Language:
    """How words of one language become terms.

    Attributes:
        code: ISO 639-1 where it has one (else 639-3), or "und" for none in particular.
        name: in English.
        stemmer: name of the Snowball algorithm, "" for none.
        light: a stemmer of our own where Snowball has none.
        spelling: the normal spelling of a word, before it is stemmed; None = as written.
        passes: how often the stemmer is applied; Arabic words carry prefixes and endings in layers.
        has_marks: whether marks belong to the letters of its words, as the vowels of Indian scripts do.
        capitals: capital letters whose small letters are not those of Unicode, with their small letters.
    """

    code: str
    name: str
    stemmer: str = ""
    light: Callable[[str], str] | None = None
    spelling: Spelling | None = None
    passes: int = 1
    has_marks: bool = False
    capitals: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """Words as written that are not scored unless a query has no others."""
        return stop_list(self.code)


LANGUAGES = {
    language.code: language
    for language in (
        Language("en", "English", "english"),
        Language("und", "no language in particular"),
        # Those of Snowball.
        Language("ar", "Arabic", "arabic", spelling=orthography.arabic, passes=2),
        Language("ca", "Catalan", "catalan", spelling=orthography.catalan),
        Language("cs", "Czech", "czech"),
        Language("da", "Danish", "danish", spelling=orthography.scandinavian),
        Language("de", "German", "german"),
        Language("el", "Greek", "greek", spelling=orthography.greek),
        Language("eo", "Esperanto", "esperanto"),
        Language("es", "Spanish", "spanish", spelling=orthography.spanish),
        Language("et", "Estonian", "estonian"),
        Language("eu", "Basque", "basque"),
        Language("fa", "Persian", "persian", spelling=orthography.persian),
        Language("fi", "Finnish", "finnish"),
        Language("fr", "French", "french", spelling=orthography.french),
        Language("ga", "Irish", "irish", spelling=orthography.irish),
        Language("hi", "Hindi", "hindi", spelling=orthography.devanagari, has_marks=True),
        Language("hu", "Hungarian", "hungarian"),
        Language("hy", "Armenian", "armenian"),
        Language("id", "Indonesian", "indonesian"),
        Language("it", "Italian", "italian", spelling=orthography.italian),
        Language("lt", "Lithuanian", "lithuanian"),
        Language("ne", "Nepali", "nepali", spelling=orthography.devanagari, has_marks=True),
        Language("nl", "Dutch", "dutch"),
        Language("no", "Norwegian", "norwegian", spelling=orthography.scandinavian),
        Language("pl", "Polish", "polish"),
        Language("pt", "Portuguese", "portuguese", spelling=orthography.portuguese),
        Language("ro", "Romanian", "romanian", spelling=orthography.romanian),
        Language("ru", "Russian", "russian", spelling=orthography.russian),
        Language("sr", "Serbian", "serbian", spelling=orthography.serbian),
        Language("st", "Sesotho", "sesotho"),
        Language("sv", "Swedish", "swedish"),
        Language("ta", "Tamil", "tamil", spelling=orthography.indian, has_marks=True),
        Language("tr", "Turkish", "turkish", spelling=orthography.turkish, capitals={ord("I"): "ı", ord("İ"): "i"}),
        Language("yi", "Yiddish", "yiddish", spelling=orthography.hebrew),
        # Light stemmers of our own.
        Language("am", "Amharic", light=light.amharic, spelling=orthography.amharic),
        Language("ko", "Korean", light=light.korean),
        Language("ti", "Tigrinya", light=light.tigrinya, spelling=orthography.tigrinya),
        # Words as they are spelled.
        Language("af", "Afrikaans"),
        Language("bg", "Bulgarian"),
        Language("bn", "Bengali", spelling=orthography.indian),
        Language("gl", "Galician"),
        Language("gu", "Gujarati", spelling=orthography.indian),
        Language("ha", "Hausa", spelling=orthography.hausa),
        Language("he", "Hebrew", spelling=orthography.hebrew),
        Language("hr", "Croatian"),
        Language("ja", "Japanese"),
        Language("lv", "Latvian"),
        Language("mr", "Marathi", spelling=orthography.devanagari),
        Language("ms", "Malay"),
        Language("sk", "Slovak"),
        Language("sl", "Slovene"),
        Language("so", "Somali"),
        Language("sw", "Swahili"),
        Language("th", "Thai", spelling=orthography.indian),
        Language("tl", "Tagalog"),
        Language("uk", "Ukrainian"),
        Language("ur", "Urdu", spelling=orthography.urdu),
        Language("vi", "Vietnamese"),
        Language("yo", "Yoruba", spelling=orthography.yoruba),
        Language("zh", "Chinese"),
        Language("zu", "Zulu"),
    )
}
