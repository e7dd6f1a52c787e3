"""The language of a text: by its script where only one language has it, else by the model of py3langid.

py3langid (the extra ``languages``) is langid.py (Lui and Baldwin, "langid.py: An Off-the-shelf Language Identification
Tool", 2012) with a newer model: naive Bayes over byte sequences.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from functools import cache
from typing import Any

from searchkit.analysis.languages import LANGUAGES
from searchkit.analysis.tokenizer import raw_words
from searchkit.errors import ConfigurationError

#: In place of a language code: each article's own.
AUTO = "auto"
#: What is neither named nor recognised.
UNKNOWN = "und"
#: So many characters of a text are looked at: the languages of news are told apart by a hundred.
_LOOKED_AT = 400
#: What the model is less sure of than this is of no language in particular.
_SURE = 0.2

# Other codes of a language, older ones, and those of its standards.
_ALIASES = {
    "nb": "no",
    "nn": "no",
    "iw": "he",
    "in": "id",
    "ji": "yi",
    "fil": "tl",
    "bs": "hr",
    "cmn": "zh",
    "arb": "ar",
}
# The first language of a script is taken unless the stop words of another are more frequent. None: ask the model.
_SCRIPTS: dict[str, tuple[str, ...] | None] = {
    "[a-zà-ɏḀ-ỿ]": None,
    "[\u0400-\u052f]": None,
    "[\u0600-\u06ff\u0750-\u077f]": None,
    "[\u0900-\u097f]": None,
    "[\uac00-\ud7a3]": ("ko",),
    "[\u3041-\u30ff]": ("ja",),
    "[\u4e00-\u9fff]": ("zh",),
    "[\u1200-\u137f]": ("am", "ti"),
    "[\u0370-\u03ff]": ("el",),
    "[\u0590-\u05ff]": ("he", "yi"),
    "[\u0e00-\u0e7f]": ("th",),
    "[\u0530-\u058f]": ("hy",),
    "[\u0b80-\u0bff]": ("ta",),
    "[\u0980-\u09ff]": ("bn",),
    "[\u0a80-\u0aff]": ("gu",),
}
_detecting = threading.Lock()


def language_code(name: str) -> str:
    """The code of :data:`~searchkit.analysis.languages.LANGUAGES` for a language tag (BCP 47): ``de-AT``, ``zh_Hant``.

    "und" for one that is not among them.
    """
    primary = re.split("[-_]", name.strip().lower(), maxsplit=1)[0]
    code = _ALIASES.get(primary, primary)
    return code if code in LANGUAGES else UNKNOWN


def detected(text: str) -> str:
    """The code of the language that a text is written in; "und" if it is not clear.

    Raises:
        ConfigurationError: it takes py3langid to tell, which is not installed.
    """
    text = text[:_LOOKED_AT]
    if not text.isascii():
        # Japanese is written with Han characters too, so a few Kana say more than many of them.
        small = text.lower()
        counts = {script: len(re.findall(script, small)) for script in _SCRIPTS}
        counts["[\u3041-\u30ff]"] *= 5
        script = max(counts, key=counts.__getitem__)
        if not counts[script]:
            return UNKNOWN
        if (languages := _SCRIPTS[script]) is not None:
            return languages[0] if len(languages) == 1 else _by_stop_words(text, languages)
    elif not re.search("[A-Za-z]{2}", text):
        return UNKNOWN
    with _detecting:
        language, probability = _model().classify(text)
    return language if probability >= _SURE else UNKNOWN


def _by_stop_words(text: str, languages: tuple[str, ...]) -> str:
    words = Counter(raw_words(text))
    return max(languages, key=lambda code: sum(words[word] for word in LANGUAGES[code].stop_words))


@cache
def _model() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise ConfigurationError(
            "to recognise languages takes py3langid: install searchkit[languages], or give each article its language"
        ) from None
    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    model.set_languages([code for code in LANGUAGES if code in set(model.labels)])
    return model
