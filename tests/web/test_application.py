"""Pages and JSON, as a client gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import searchkit

pytest.importorskip("starlette", reason="the page is an extra: pip install searchkit[web]")
pytest.importorskip("jinja2", reason="the page is an extra: pip install searchkit[web]")
pytest.importorskip("httpx", reason="Starlette's test client needs it")

from starlette.testclient import TestClient

from searchkit.web import application as module
from searchkit.web.application import application
from searchkit.web.work import BusyError


@pytest.fixture(scope="module")
def client(paper: str) -> Iterator[TestClient]:
    with TestClient(application(paper, hosts=["localhost", "::1"]), base_url="http://localhost:8000") as made:
        yield made


class Page(HTMLParser):
    """The elements of a page: tags with attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def links(self, kind: str) -> list[str]:
        """Addresses of links of a class."""
        return [str(of["href"]) for tag, of in self.elements if tag == "a" and kind in (of.get("class") or "").split()]


def page(client: TestClient, address: str, status: int = 200) -> Page:
    response = client.get(address)
    assert response.status_code == status
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Page(response.text)


# ---- the page


def test_the_first_page_has_all_articles_newest_first(client: TestClient) -> None:
    shown = page(client, "/")
    assert "30 articles in 29 stories" in shown.text
    assert shown.links("hit")[0] == "/article?id=n23"
    assert "What a search may say" in shown.text


def test_hits_are_marked_and_lead_to_the_article(client: TestClient, paper: str) -> None:
    shown = page(client, "/?q=wheat&sort=oldest")
    with searchkit.open(paper) as index:
        expected = [hit.id for hit in index.search("wheat", sort="oldest", collapse="story")]
    assert shown.links("hit") == [f"/article?id={id}&q=wheat&sort=oldest" for id in expected]
    assert sum(tag == "mark" for tag, _ in shown.elements) >= 10


def test_pages_follow_each_other(client: TestClient) -> None:
    ids = [re.findall(r"id=(n\d+)", str(page(client, f"/?q=harvest&page={n}").links("hit"))) for n in (1, 2, 3)]
    assert [len(of) for of in ids] == [10, 10, 5]
    assert len({id for of in ids for id in of}) == 25
    assert ("a", {"rel": "next", "href": "/?q=harvest&page=2"}) in page(client, "/?q=harvest").elements
    assert "past the last one" in page(client, "/?q=harvest&page=9").text


def test_values_of_a_facet_are_links_that_choose_and_let_go(client: TestClient) -> None:
    one = page(client, "/?q=harvest&filter=topics%3Dwheat")
    assert "12 articles" in one.text
    assert "/?q=harvest&filter=topics%3Dwheat&filter=topics%3Dgrain" in one.links("value")
    both = page(client, "/?q=harvest&filter=topics%3Dwheat&filter=topics%3Dgrain")
    assert "25 articles" in both.text
    assert len([of for tag, of in both.elements if "chosen" in (of.get("class") or "")]) == 2
    assert "/?q=harvest&filter=topics%3Dgrain" in both.links("value")


def test_a_chosen_path_shows_what_is_below_it(client: TestClient) -> None:
    assert "/?filter=section%3Dnews%2Fasia" not in page(client, "/").links("value")
    shown = page(client, "/?filter=section%3Dnews")
    assert {"/?filter=section%3Dnews%2Fasia", "/"} <= set(shown.links("value"))
    assert "9 articles" in page(client, "/?filter=section%3Dnews%2Fasia").text


def test_ranges_of_numbers_count_what_they_lead_to(client: TestClient) -> None:
    links = [link for link in page(client, "/").links("value") if "words" in link]
    totals = [client.get(link.replace("/?", "/api/search?")).json()["total"] for link in links]
    assert len(links) == 5
    assert sum(totals) == 27


def test_what_is_chosen_stays_in_sight_though_nothing_has_it(client: TestClient) -> None:
    shown = page(client, "/?q=bridge&filter=topics%3Drail")
    assert "/?q=bridge" in shown.links("value")


def test_bars_of_the_timeline_go_into_their_time(client: TestClient) -> None:
    shown = page(client, "/?q=harvest")
    bars = [of for tag, of in shown.elements if tag == "a" and "data-first" in of]
    assert sum(int(str(of["data-count"])) for of in bars) == 25
    full = next(of for of in bars if of["data-count"] != "0")
    assert f"{full['data-count']} article" in page(client, str(full["href"])).text


def test_notes_are_told_and_lead_to_what_was_meant(client: TestClient) -> None:
    shown = page(client, "/?q=harvset+reprot")
    assert "Did you mean" in shown.text
    assert any(of.get("href") == "/?q=harvest+report" for _, of in shown.elements)
    assert "is not a month" in page(client, "/?q=harvest+published:2025-13").text


def test_copies_are_folded_unless_they_are_asked_for(client: TestClient) -> None:
    folded, all_copies = page(client, "/?q=bridge"), page(client, "/?q=bridge&stories=all")
    assert (len(folded.links("hit")), len(all_copies.links("hit"))) == (1, 2)
    assert "1 more of this story" in folded.text


def test_an_article_is_shown_with_marks_its_story_and_its_like(client: TestClient) -> None:
    shown = page(client, "/article?id=s%2F1&q=cables&filter=topics%3Dcity")
    assert ("mark", {}) in shown.elements
    assert "The same story Bridge shut" in shown.text
    assert any(of.get("href") == "/?q=cables&filter=topics%3Dcity" for _, of in shown.elements)
    similar = page(client, "/article?id=n3")
    assert "More like this Harvest report" in similar.text
    assert ("a", {"href": "https://example.org/a?b=1&c=2", "rel": "noopener noreferrer nofollow", "dir": "auto"}) in (
        similar.elements
    )
    assert sum(tag == "p" and of == {"dir": "auto"} for tag, of in similar.elements) == 2


def test_an_article_that_the_query_does_not_find_is_shown_without_marks(client: TestClient) -> None:
    assert ("mark", {}) not in page(client, "/article?id=n3&q=bridge").elements


def test_without_a_title_the_beginning_of_the_text_stands_for_it(client: TestClient) -> None:
    heading = "أعلنت وزارة النقل اليوم افتتاح خط جديد للقطار في المدينة"
    assert heading in page(client, f"/?{urlencode({'q': 'للقطار'})}").text
    assert page(client, "/article?id=ar").text.count(heading) == 3  # title, heading, text


def test_what_is_wrong_is_told(client: TestClient) -> None:
    assert "page must be a number" in page(client, "/?page=0", 400).text
    wrong_date = page(client, "/?q=harvest&since=2025-13&sort=oldest", 400)
    assert "2025-13 is not a month" in wrong_date.text
    kept = {of.get("name"): of.get("value") for tag, of in wrong_date.elements if tag == "input"}
    assert kept == {"q": "harvest", "sort": "oldest"}  # to be asked again without the date
    assert "no field 'topic'" in page(client, "/?filter=topic%3Da", 400).text
    assert "unknown time zone" in page(client, "/?tz=Nowhere", 400).text
    assert "no article 'zzz'" in page(client, "/article?id=zzz", 404).text
    assert "there is nothing here" in page(client, "/nowhere", 404).text


# ---- hostile articles and requests


def test_a_hostile_article_is_never_live(client: TestClient) -> None:
    for address in (
        "/?q=evil",
        "/article?id=..&q=evil",
        "/?filter=topics%3Devil<script>x</script>",
        "/?q=<script>evil",
    ):
        response = client.get(address)
        shown = Page(response.text)
        assert [of for tag, of in shown.elements if tag == "script"] == [
            {"type": "module", "src": next(str(of["src"]) for tag, of in shown.elements if tag == "script")}
        ]
        assert {str(of["src"])[:8] for tag, of in shown.elements if tag == "img"} == {"/static/"}
        assert not any(name.startswith("on") or name == "style" for _, of in shown.elements for name in of)
        assert not any(str(of.get("href", "")).startswith("javascript:") for _, of in shown.elements)
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", response.text)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "q": st.text(max_size=30),
            "filter": st.sampled_from(
                ["topics=", "words=a", "words=1..", "section=/", "section=news/", "x", "=", "id=n1"]
            ),
            "since": st.text(max_size=10) | st.sampled_from(["2025", "yesterday"]),
            "more": st.text(max_size=5) | st.just("topics"),
            "language": st.sampled_from(["en", "de", "<"]),
            "id": st.text(max_size=5) | st.just("ar"),
        },
    ),
    st.sampled_from(["/", "/article", "/api/search", "/api/suggest", "/api/article/n1"]),
)
def test_no_request_breaks_anything(client: TestClient, values: dict[str, str], path: str) -> None:
    response = client.get(f"{path}?{urlencode(values, errors='replace')}")
    assert response.status_code in (200, 400, 404)
    if path.startswith("/api"):
        response.json()
    else:
        assert not any(name.startswith("on") for _, of in Page(response.text).elements for name in of)


def test_every_answer_has_the_headers_that_keep_others_out(client: TestClient) -> None:
    for address in ("/", "/nowhere", "/api/search", "/static/page.css"):
        headers = client.get(address).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8000", "127.0.0.1.nip.io"])
def test_other_names_of_this_machine_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


def test_nothing_but_reading(client: TestClient) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        response = client.request(method, "/api/search")
        assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    head = client.head("/?q=harvest")
    assert (head.status_code, head.content) == (200, b"")


def test_addresses_have_an_end(client: TestClient) -> None:
    assert client.get(f"/?q={'a' * 8000}").status_code == 200
    assert client.get(f"/?q={'a' * 9000}").status_code == 414
    assert client.get(f"/{'a' * 9000}").status_code == 414


def test_a_client_that_asks_too_often_is_told_to_wait(paper: str) -> None:
    with TestClient(application(paper, rate=1.0)) as client:
        statuses = [client.get("/api/suggest?q=ha") for _ in range(6)]
    assert [response.status_code for response in statuses] == [200] * 4 + [429] * 2
    assert statuses[-1].headers["retry-after"] == "1"


def test_too_much_at_once_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object) -> None:
        raise BusyError("too much is being searched for at the moment")

    monkeypatch.setattr(module.Work, "do", busy)
    for address in ("/", "/api/search"):
        response = client.get(address)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")


def test_a_fault_says_nothing_of_itself(paper: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret path")

    monkeypatch.setattr(searchkit.Index, "search", fail)
    with TestClient(application(paper), raise_server_exceptions=False) as client:
        response = client.get("/api/search")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert response.headers["x-frame-options"] == "DENY"


# ---- static files


def test_static_files_are_kept_by_browsers_until_they_change(client: TestClient) -> None:
    addresses = re.findall(r'"(/static/[^"]+)"', client.get("/").text)
    assert {address.partition("?")[0] for address in addresses} == {
        "/static/page.css", "/static/page.js", "/static/icon.svg",
    }  # fmt: skip
    for address in addresses:
        first = client.get(address)
        assert first.headers["cache-control"] == "public, max-age=31536000"
        again = client.get(address, headers={"if-none-match": f'"x", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(address, headers={"if-none-match": '"other"'}).content == first.content
    assert client.get("/static/page.css?v=old").headers["cache-control"] == "public, max-age=0"
    assert client.get("/static/..%2f__init__.py").status_code == 404


# ---- the API


def test_search_gives_what_the_index_gives(client: TestClient, paper: str) -> None:
    address = "/api/search?q=harvest&filter=topics%3Dwheat&facet=topics&facet=words:0,100&facet=published:month"
    found = client.get(f"{address}&sort=-words&limit=3&highlight=title&since=2025-02&now=2025-09-01").json()
    with searchkit.open(paper) as index:
        expected = index.search(
            "harvest",
            filters={"topics": "wheat"},
            facets=["topics", searchkit.Ranges("words", [0, 100]), "published:month"],
            sort="-words",
            limit=3,
            highlight="title",
            since="2025-02",
            now=datetime(2025, 9, 1),
        ).to_dict()
    del found["took"], expected["took"]
    assert found == json.loads(json.dumps(expected))


def test_the_next_page_goes_on_after_a_cursor(client: TestClient) -> None:
    first = client.get("/api/search?q=harvest&limit=20").json()
    second = client.get(f"/api/search?q=harvest&limit=20&after={first['cursor']}").json()
    assert len({hit["id"] for hit in first["hits"] + second["hits"]}) == 25
    assert second["cursor"] is None


def test_suggest_completes_words_and_values(client: TestClient) -> None:
    assert client.get("/api/suggest?q=big+har").json() == {"suggestions": ["big harvest", "big harbour"]}
    assert client.get("/api/suggest?q=gr&field=topics&limit=1").json() == {"suggestions": ["grain"]}


def test_an_article_has_its_fields_and_marks(client: TestClient) -> None:
    found = client.get("/api/article/s/1?q=cables").json()
    assert found["id"] == "s/1"
    assert found["fields"] == {"topics": ["city"], "section": "local", "words": 900}
    (mark,) = found["highlights"]["body"]["marks"]
    assert found["body"][slice(*mark)] == "cables"
    assert client.get("/api/article/zzz").json() == {"error": "no article 'zzz'"}


def test_what_is_wrong_is_told_to_programs(client: TestClient) -> None:
    for address, message in [
        ("/api/search?lmit=3", "no parameter 'lmit'; did you mean 'limit'?"),
        ("/api/search?facet=topic", "no field 'topic'; did you mean 'topics'?"),
        ("/api/search?since=2025-13", "2025-13"),
        ("/api/search?collapse=words", "words"),
    ]:
        response = client.get(address)
        assert response.status_code == 400
        assert message in response.json()["error"]
    assert client.get("/api/nothing").json() == {"error": "there is nothing here"}


def test_answers_are_as_openapi_describes_them(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    for address, name in [
        ("/api/search?q=harvest&facet=topics&collapse=story", "Search"),
        ("/api/search?q=harvset+published:2025-13", "Search"),
        ("/api/suggest?q=ha", "Suggest"),
        ("/api/article/ar", "Article"),
        ("/api/article/zh?q=长江", "Article"),
        ("/api/search?x=1", "Error"),
    ]:
        _check(client.get(address).json(), schemas[name], name)


def _check(value: object, schema: dict[str, object], place: str) -> None:
    """Whether a value is of a JSON Schema, as far as ours go."""
    kinds = {"string": str, "integer": int, "number": (int, float), "object": dict, "array": list, "null": type(None)}
    named = schema.get("type")
    if named is None:
        return
    assert any(isinstance(value, kinds[name]) for name in ([named] if isinstance(named, str) else named)), place
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value), place
        for key, item in value.items():
            of = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            _check(item, of, f"{place}.{key}")
    elif isinstance(value, list):
        for item in value:
            _check(item, schema["items"], f"{place}[]")
