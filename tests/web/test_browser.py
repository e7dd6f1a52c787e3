"""The page in Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("starlette", reason="the page is an extra: pip install searchkit[web]")
pytest.importorskip("jinja2", reason="the page is an extra: pip install searchkit[web]")
from searchkit.web.application import application

uvicorn = pytest.importorskip("uvicorn", reason="the page is an extra: pip install searchkit[web]")
api = pytest.importorskip("playwright.sync_api", reason="Playwright drives the browser: pip install playwright")


if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

CHROMIUM = shutil.which("chromium")
AXE = os.environ.get("SEARCHKIT_AXE", "")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt-get install chromium"),
]

Open = Callable[..., "Tab"]


@pytest.fixture(scope="module")
def address(paper: str) -> Iterator[str]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(uvicorn.Config(application(paper, hosts=["127.0.0.1"]), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield made
        made.close()


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Open]:
    """``visit("/?q=…", **options of a context)``: a tab with the page. A fault in a script, or a breach of the policy
    against foreign content, fails the test.
    """
    contexts, faults = [], []

    def go(path: str = "/", **options: Any) -> Tab:
        context = browser.new_context(base_url=address, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(10_000)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        tab.on("dialog", lambda dialog: faults.append(dialog.message))
        tab.goto(path)
        return tab

    yield go
    for context in contexts:
        context.close()
    assert faults == []


def status(tab: Tab) -> str:
    return str(tab.locator("#status").inner_text())


def test_typing_completes_and_searching_finds(visit: Open) -> None:
    tab = visit()
    tab.locator("#q").press_sequentially("whe")
    option = tab.get_by_role("option", name="wheat", exact=True)
    option.wait_for()
    tab.keyboard.press("ArrowDown")
    assert option.get_attribute("aria-selected") == "true"
    assert tab.locator("#q").get_attribute("aria-activedescendant") == option.get_attribute("id")
    tab.keyboard.press("Escape")
    assert tab.get_by_role("listbox").count() == 0
    assert tab.locator("#q").get_attribute("aria-expanded") == "false"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/?q=whe")
    tab.locator("#q").fill("whea")
    option.wait_for()
    option.click()
    tab.wait_for_url("**/?q=wheat")
    assert status(tab) == "25 articles"
    assert tab.locator("mark").count() >= 10


def test_several_values_of_a_facet_are_chosen_and_the_focus_stays(visit: Open) -> None:
    tab = visit("/?q=harvest+OR+bridge")
    tab.get_by_role("link", name="wheat").click()
    tab.wait_for_url("**&filter=topics%3Dwheat")
    assert status(tab).startswith("12 articles")
    tab.get_by_role("link", name="city").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_url("**&filter=topics%3Dwheat&filter=topics%3Dcity")
    assert status(tab).startswith("14 articles")
    api.expect(tab.get_by_role("link", name="city").first).to_be_focused()
    tab.go_back()
    api.expect(tab.locator("#status")).to_contain_text("12 articles")
    tab.get_by_role("link", name="Remove Topics: wheat").click()
    tab.wait_for_url("**/?q=harvest+OR+bridge")


def bars(tab: Tab) -> list[dict[str, float]]:
    return [bar.bounding_box() for bar in tab.locator(".bars rect.slot").all()]


def test_the_timeline_is_brushed_by_mouse(visit: Open) -> None:
    tab = visit("/?q=harvest")
    places = bars(tab)
    first, last = places[0], places[len(places) // 2]
    middle = first["y"] + first["height"] / 2
    tab.mouse.move(first["x"] + first["width"] / 2, middle)
    tab.mouse.down()
    tab.mouse.move(last["x"] + last["width"] / 2, middle, steps=8)
    said = tab.locator("#readout").inner_text()
    tab.mouse.up()
    tab.wait_for_url("**since=*until=*")
    api.expect(tab.locator("#status strong")).to_have_text(said.rsplit(": ", 1)[1])
    tab.get_by_role("link", name="All dates").click()
    tab.wait_for_url("**/?q=harvest")


def test_the_timeline_is_brushed_by_touch(visit: Open) -> None:
    tab = visit("/?q=harvest", has_touch=True, viewport={"width": 390, "height": 800})
    places = bars(tab)
    y = places[0]["y"] + 10
    devtools = tab.context.new_cdp_session(tab)
    points = [places[number]["x"] + places[number]["width"] / 2 for number in (0, 1, 2, 3)]
    for kind, x in [("touchStart", points[0]), *(("touchMove", x) for x in points[1:])]:
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    tab.wait_for_url("**since=*until=*")
    assert int(status(tab).split()[0]) < 25


def test_the_timeline_is_brushed_by_keys(visit: Open) -> None:
    tab = visit("/?q=harvest")
    tab.locator(".bars a[tabindex='0']").focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Shift+ArrowRight")
    assert tab.locator(".bars a.within").count() >= 2
    said = tab.locator("#readout").inner_text().rsplit(": ", 1)[1]
    tab.keyboard.press("Enter")
    tab.wait_for_url("**since=*until=*")
    assert status(tab).split()[0] == said


def test_pages_are_turned_and_gone_back_to(visit: Open) -> None:
    tab = visit("/?q=harvest")
    first = tab.locator("a.hit").first.inner_text()
    tab.get_by_role("link", name="Next").click()
    tab.wait_for_url("**&page=2")
    api.expect(tab.locator(".hits")).to_have_attribute("start", "11")
    assert tab.locator("a.hit").first.inner_text() != first
    tab.go_back()
    api.expect(tab.locator(".hits")).to_have_attribute("start", "1")
    assert tab.locator("a.hit").first.inner_text() == first


def test_a_permalink_shows_the_same_in_another_browser(visit: Open) -> None:
    tab = visit()
    tab.locator("#q").fill("harvest")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/?q=harvest")
    tab.get_by_role("link", name="wheat").click()
    tab.wait_for_url("**wheat")
    tab.get_by_role("link", name="Oldest").click()
    tab.wait_for_url("**sort=oldest")
    tab.get_by_label("From").fill("2025-02")
    tab.get_by_role("button", name="Set dates").click()
    tab.wait_for_url("**since=2025-02**")
    path = tab.url.removeprefix(tab.evaluate("location.origin"))
    again = visit(path)
    for selector in ("#status", ".hits", ".filters", ".chips", ".timeline"):
        assert again.locator(selector).inner_text() == tab.locator(selector).inner_text()
    assert again.locator("#q").input_value() == "harvest"


def test_an_article_is_opened_by_keys_alone(visit: Open) -> None:
    tab = visit("/?q=bridge")
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.className") == "hit"
    outline = tab.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/article?**")
    tab.get_by_role("heading", name="The same story").wait_for()
    assert tab.locator(".prose mark").count() >= 1
    tab.keyboard.press("j")
    assert tab.evaluate("document.activeElement.closest('section') !== null")
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "q"
    tab.keyboard.press("Escape")
    tab.get_by_role("link", name="Back to results").click()
    tab.wait_for_url("**/?q=bridge")


def test_focus_is_seen_and_the_skip_link_leads_to_the_results(visit: Open) -> None:
    tab = visit()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.locator(".skip").bounding_box()["y"] >= 0
    tab.keyboard.press("Enter")
    api.expect(tab.locator("#results")).to_be_focused()


def contrast(tab: Tab) -> float:
    """Of text and ground of the page, as WCAG 2 has it."""
    return float(
        tab.evaluate(
            """() => {
              const light = (color) => {
                const part = color.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255)
                  .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
                return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2] + 0.05;
              };
              const style = getComputedStyle(document.documentElement);
              const [one, other] = [light(style.color), light(style.backgroundColor)];
              return Math.max(one, other) / Math.min(one, other);
            }"""
        )
    )


def test_dark_and_light_are_as_the_system_wants_them(visit: Open) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        tab = visit("/?q=harvest", color_scheme=scheme)
        grounds.append(tab.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
        assert contrast(tab) > 10
    assert grounds == ["rgb(253, 253, 251)", "rgb(21, 24, 27)"]


def test_a_narrow_screen_has_all_of_it_without_scrolling_sideways(visit: Open) -> None:
    tab = visit("/?q=harvest", viewport={"width": 320, "height": 640})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320
    assert not tab.locator("#filters").is_visible()
    tab.get_by_role("button", name="Filters").click()
    tab.get_by_role("link", name="wheat").click()
    tab.wait_for_url("**wheat")
    api.expect(tab.locator("#filters")).to_be_visible()  # for the next one
    tab.get_by_role("button", name="Close").click()
    assert status(tab).startswith("12")
    tab.locator("a.hit").first.click()
    tab.wait_for_url("**/article**")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_scripts_links_and_forms_do_the_same(visit: Open) -> None:
    tab = visit("/", java_script_enabled=False)
    tab.locator("#q").fill("harvest")
    tab.get_by_role("button", name="Search", exact=True).click()
    assert status(tab) == "25 articles"
    tab.get_by_role("link", name="wheat").click()
    assert status(tab) == "12 articles"
    tab.get_by_role("link", name="Next").click()
    assert tab.locator("a.hit").count() == 2
    tab.locator(".bars a[href]").first.click()
    assert "Published:" in tab.locator(".chips").inner_text()
    tab.get_by_label("From").fill("2025-05")
    tab.get_by_label("To", exact=True).fill("")
    tab.get_by_role("button", name="Set dates").click()
    assert "since May 2025" in tab.locator(".chips").inner_text()
    assert "Topics: wheat" in tab.locator(".chips").inner_text()
    tab.locator("a.hit").first.click()
    assert tab.locator(".prose mark").count() >= 1
    assert not tab.locator(".keys").is_visible()


def test_a_hostile_article_does_nothing(visit: Open) -> None:
    tab = visit("/?q=evil")
    assert "owned" not in tab.title()
    tab.locator("a.hit").first.click()
    tab.wait_for_url("**/article?**")
    tab.locator(".prose").wait_for()
    assert "<script>" in tab.locator(".prose").inner_text()
    assert tab.locator("main script, main img, a[href^='javascript']").count() == 0
    assert not tab.title().startswith("owned")
    tab.locator("#q").press_sequentially("own")
    tab.wait_for_timeout(300)
    assert tab.locator("#completions script, #completions img").count() == 0


def test_right_to_left_text_runs_so_and_languages_are_said(visit: Open) -> None:
    tab = visit("/article?id=ar")
    assert tab.locator("h1").evaluate("(element) => getComputedStyle(element).direction") == "rtl"
    assert tab.locator(".prose p").first.evaluate("(element) => getComputedStyle(element).direction") == "rtl"
    assert tab.locator("h1").get_attribute("lang") == "en"  # the index says that all its articles are


@pytest.mark.skipif(not Path(AXE).is_file(), reason="SEARCHKIT_AXE does not name axe.min.js (npm install axe-core)")
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 360)])
def test_axe_finds_no_barrier(visit: Open, scheme: str, width: int) -> None:
    script = Path(AXE).read_text("utf-8")
    for path in ("/", "/?q=harvest&filter=topics%3Dwheat", "/?q=harvset+x", "/article?id=s%2F1&q=bridge"):
        tab = visit(path, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True)
        tab.evaluate(script)
        found = tab.evaluate("axe.run().then((result) => result.violations)")
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], path
