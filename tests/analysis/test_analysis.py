"""What an index says of its analysis besides its language."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.analysis import Analysis, analyzer_of
from searchkit.errors import SchemaError


def test_protected_words_stand_as_they_are_and_others_are_stemmed() -> None:
    plain, special = analyzer_of("en"), analyzer_of(Analysis("en", protected=["News", "E-Mails", "café's"]))
    words = ["news", "new", "e-mails", "mails", "cafés", "café"]
    assert plain.terms(words) == ["news", "new", "e-mail", "mail", "cafe", "cafe"]
    assert special.terms(["generalizations", "news"]) == ["general", "news"]
    assert special.terms(words) == ["news", "new", "e-mails", "mail", "cafe", "cafe"]
    assert analyzer_of(Analysis("en", protected=["trading"])).terms(["trading", "trades"]) == ["trading", "trade"]


def test_further_stop_words_are_stop_words_in_every_spelling() -> None:
    english = analyzer_of(Analysis("en", stop_words=["Reuter"]))
    assert [english.is_stop_word(word) for word in ("the", "reuter", "reuters")] == [True, True, False]
    assert not analyzer_of("en").is_stop_word("reuter")
    french = analyzer_of(Analysis("fr", stop_words=["agence"]))
    assert french.is_stop_word("l'agence")
    assert list(french.are_stop_words(["agence", "agences"])) == [True, False]


def test_a_plain_analysis_is_its_language() -> None:
    assert analyzer_of("en").terms(["trades"]) == analyzer_of(Analysis("en")).terms(["trades"])
    assert Analysis("en").to_plain() == "en"
    assert Analysis("en").is_plain
    assert repr(Analysis("en", protected=["b", "a"])) == "Analysis('en', protected=['a', 'b'])"


options = st.fixed_dictionaries(
    {},
    optional={
        "stop_words": st.lists(st.from_regex(r"[A-Za-zéß]{1,8}", fullmatch=True), max_size=4),
        "protected": st.lists(st.from_regex(r"[A-Za-zé]{1,5}(-[a-z]{1,4})?", fullmatch=True), max_size=4),
    },
)


@given(st.sampled_from(["de", "nl", "tr", "en"]), options, st.booleans())
def test_an_analysis_comes_back_from_plain_data(language: str, said: dict[str, Any], compounds: bool) -> None:
    made = Analysis(language, **said, compounds=compounds and language in ("de", "nl"))
    assert Analysis.from_plain(json.loads(json.dumps(made.to_plain()))) == made
    assert eval(repr(made)) == made


def test_that_of_one_language_of_several_keeps_what_is_for_all() -> None:
    mixed = Analysis("auto", stop_words=["afp"], protected=["news"], compounds=True)
    assert mixed.within("de") == Analysis("de", stop_words=["afp"], protected=["news"], compounds=True)
    assert mixed.within("fr") == Analysis("fr", stop_words=["afp"], protected=["news"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"language": "xx"}, "no language 'xx'"),
        ({"language": None}, "no language None"),
        ({"stop_words": "the"}, "a list of words"),
        ({"stop_words": ["new york"]}, "'new york' is not one word"),
        ({"protected": ["!"]}, "'!' is not one word"),
        ({"protected": [3]}, "3 is not one word"),
        ({"dictionary": True}, "dictionary is for ja, ko, zh, not for 'en'"),
        ({"language": "auto", "dictionary": True}, "not for 'auto'"),
        ({"compounds": True}, "compounds is for auto, de, nl, not for 'en'"),
        ({"language": "de", "compounds": 1}, "compounds is True or False, not 1"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SchemaError) as error:
        Analysis(**arguments)
    assert message in str(error.value)


@pytest.mark.parametrize("plain", [{}, {"code": "en", "colour": 1}, 3, {"code": "en", "stop_words": 5}])
def test_what_describes_none_is_refused(plain: Any) -> None:
    with pytest.raises(SchemaError):
        Analysis.from_plain(plain)
