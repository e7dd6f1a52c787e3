from __future__ import annotations

import sys

import pytest

from searchkit.analysis import analyzer_of, detection
from searchkit.analysis.detection import detected, language_code
from searchkit.analysis.whoosh import text_analyzer
from searchkit.errors import ConfigurationError

SCRIPTS = {
    "ko": "아이들이 학교에서 나무를 심었다.",
    "ja": "東京都の新聞社が古い図書館の本を読んだ。",
    "zh": "三所大学共用一台望远镜。",
    "el": "Η πόλη άνοιξε ένα νέο λιμάνι.",
    "he": "העיר פתחה נמל חדש",
    "yi": "דער בחור האָט געזאָגט אַז ער איז נישט קראַנק און די מאַמע",
    "am": "ባቡሩ ከአዲስ አበባ ተነሳ እና ሰዎች ውስጥ ነበሩ ነገር ግን",
    "ti": "እቲ መገዲ ኣብ ሃገር እዩ ካብ ናብ ምስ ኣሎ",
    "hy": "Քաղաքը բացեց նոր նավահանգիստ",
    "ta": "நகரம் புதிய துறைமுகத்தைத் திறந்தது",
    "th": "เมืองเปิดท่าเรือใหม่",
}


@pytest.mark.parametrize("code", SCRIPTS)
def test_a_script_of_its_own_tells_the_language(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "_model", lambda: pytest.fail("the script should have been enough"))
    assert detected(SCRIPTS[code]) == code


@pytest.mark.parametrize("text", ["", "12 345", "…!", "x", "\n"])
def test_a_text_without_words_is_in_no_language(text: str) -> None:
    assert detected(text) == "und"


def test_the_model_tells_languages_of_one_script_apart() -> None:
    pytest.importorskip("py3langid")
    assert detected("Die Straße zum See ist nach dem Regen noch immer gesperrt.") == "de"
    assert detected("The road to the lake is still closed after the rain.") == "en"
    assert detected("La route du lac est toujours fermée après la pluie.") == "fr"
    assert detected("Дорога к озеру всё ещё закрыта после дождя.") == "ru"


def test_without_the_model_a_text_that_needs_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    detection._model.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(ConfigurationError, match=r"searchkit\[languages\]"):
        detected("The road to the lake is closed.")


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("zh_Hant", "zh"),
        ("EN", "en"),
        ("nb", "no"),
        ("iw", "he"),
        ("tlh", "und"),
        ("", "und"),
    ],
)
def test_language_tags(tag: str, code: str) -> None:
    assert language_code(tag) == code


def test_the_chain_of_several_languages_takes_what_it_is_told_or_recognises() -> None:
    chain = text_analyzer("auto")
    german = [token.text for token in chain("Die alten Häuser", language="de")]
    assert german == analyzer_of("de").terms(["die", "alten", "häuser"])
    assert [token.text for token in chain("학교에서")] == ["학교"]
