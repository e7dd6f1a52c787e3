from __future__ import annotations

import pytest

from searchkit.errors import ConfigurationError
from searchkit.remote.address import Address, is_address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("opensearch://localhost/news", Address((("localhost", 9200),), "news")),
        ("opensearch://a:1,b/n.1-2_3", Address((("a", 1), ("b", 9200)), "n.1-2_3")),
        ("opensearch+https://u:p%40%3A@h:9/n", Address((("h", 9),), "n", True, ("u", "p@:"))),
        ("opensearch://u@h/n?shards=3&replicas=0&timeout=5", Address((("h", 9200),), "n", False, ("u", ""), 3, 0, 5)),
        ("opensearch://[::1]:9/n", Address((("[::1]", 9),), "n")),
    ],
)
def test_an_address_says_where_an_index_is(text: str, expected: Address) -> None:
    assert is_address(text)
    assert Address.parse(text) == expected


def test_the_environment_may_say_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENSEARCH_USER", "reader")
    monkeypatch.setenv("OPENSEARCH_PASSWORD", "secret")
    assert Address.parse("opensearch://h/n").credentials == ("reader", "secret")
    assert Address.parse("opensearch://other:x@h/n").credentials == ("other", "x")


def test_no_text_of_an_address_has_the_password() -> None:
    address = Address.parse("opensearch+https://u:secret@h:9,i:8/n")
    assert str(address) == "opensearch+https://h:9,i:8/n"
    assert "secret" not in repr(address)


@pytest.mark.parametrize(
    "text",
    [
        "http://h/n", "opensearch://h", "opensearch://h/", "opensearch:///n", "opensearch://h/N", "opensearch://h/_n",
        "opensearch://h/a/b", "opensearch://h/a*", "opensearch://h:x/n", "opensearch://h:99999/n",
        "opensearch://u:secret@h:0/n", "opensearch://h/n?shard=1", "opensearch://h/n?shards=0",
        "opensearch://h/n?replicas=x", "opensearch://u:secret@/n", "opensearch://u:secret@h/N",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        Address.parse(text)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("path", ["news.idx", "opensearch", "opensearch:/h", "http://h/n", 3, None])
def test_paths_are_no_addresses(path: object) -> None:
    assert not is_address(path)
