"""How long the page of ``searchkit serve`` keeps a reader waiting: for the first result, and for each thing done.

    python -m benchmarks.page --index news.idx [--queries 40]

A server is started as a process of its own. First the page is fetched without a browser, over one connection that is
kept. Then Chromium, driven by Playwright, does what a reader does: searches, turns the page, chooses the value of a
facet, opens an article, goes back; each is timed inside the browser, from the click until the new content was painted
(two animation frames after it was in place). Queries are two words of titles, spread evenly over the index.
"""

from __future__ import annotations

import argparse
import http.client
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlencode, urlsplit

import searchkit
from benchmarks.tables import table

_CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
#: Does something to the page, and tells how many milliseconds later it is another one, painted.
_TIMED = """([selector, text]) => new Promise((done) => {
  const element = document.querySelector(selector);
  if (!element) return done(null);
  const main = document.querySelector("main");
  const began = performance.now();
  const seen = new MutationObserver(() => {
    if (document.querySelector("main") === main) return;
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  });
  seen.observe(document.body, { childList: true });
  if (text === null) element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  else {
    element.value = text;
    element.form.requestSubmit();
  }
})"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", required=True, metavar="DIR")
    parser.add_argument("--queries", type=int, default=40, help="That are searched for.")
    given = parser.parse_args()
    queries = titles(given.index, given.queries)
    command = [sys.executable, "-m", "searchkit", "serve", "--index", given.index, "--port", "0", "--rate", "0"]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"http://\S+/", server.stdout.readline())
        assert found is not None
        try:
            fetch = connection(found[0])
            fetch(address(queries[0]))
            print(f"from the command to the first results: {time.perf_counter() - began:.2f} s")
            fetched = {
                "first page, all articles": [fetch("/") for _ in queries],
                "search": [fetch(address(query)) for query in queries],
                "second page": [fetch(address(query, page="2")) for query in queries],
                "completion": [fetch(f"/api/suggest?{urlencode({'q': query[:-2]})}") for query in queries],
            }
            print(table(["fetched, ms", "median", "90th of 100", "slowest"], rows(fetched)))
            if shutil.which("chromium") is None:
                print("there is no Chromium here, so nothing is timed in a browser")
                return
            opened, timed = browsed(found[0], queries)
            print(f"from an empty tab to the first results painted: {opened:.0f} ms")
            print(table(["in the browser, ms", "median", "90th of 100", "slowest"], rows(timed)))
            every = statistics.median([each for of in timed.values() for each in of])
            print(f"median of all interactions: {every:.1f} ms")
        finally:
            server.terminate()


def titles(path: str, count: int) -> list[str]:
    """Two words of titles, spread over the index."""
    found = []
    with searchkit.open(path) as index:
        for number in range(count):
            offset = len(index) * number // count
            (hit,) = index.search("", sort="oldest", limit=1, offset=offset, highlight=False)
            words = sorted((word for word in hit.title.split() if word.isalpha()), key=len)
            found.append(" ".join(words[-2:]) or "news")
    return found


def address(query: str, **more: str) -> str:
    """The page of a query."""
    return f"/?{urlencode({'q': query, **more})}"


def connection(address: str) -> Callable[[str], float]:
    """What fetches a path from a server, over a connection that is kept, and tells the milliseconds."""
    parts = urlsplit(address)
    kept = http.client.HTTPConnection(parts.hostname or "", parts.port)

    def fetch(path: str) -> float:
        began = time.perf_counter()
        kept.request("GET", path)
        response = kept.getresponse()
        response.read()
        assert response.status == 200, (path, response.status)
        return (time.perf_counter() - began) * 1000

    return fetch


def browsed(address: str, queries: Sequence[str]) -> tuple[float, dict[str, list[float]]]:
    """Milliseconds from an empty tab to the first results, and those of each thing that a reader does."""
    from playwright.sync_api import sync_playwright

    timed: dict[str, list[float]] = {"search": [], "next page": [], "facet": [], "article": [], "back": []}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_CHROMIUM)
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        began = time.perf_counter()
        tab.goto(f"{address}?{urlencode({'q': queries[0]})}")
        tab.locator(".hit").first.wait_for()
        opened = (time.perf_counter() - began) * 1000
        for query in queries:
            for name, selector, text in (
                ("search", "#q", query),
                ("next page", ".pages a[rel=next]", None),
                ("facet", ".facet a.value:not(.chosen)", None),
                ("article", "a.hit", None),
                ("back", "#back", None),
            ):
                milliseconds = tab.evaluate(_TIMED, [selector, text])
                if milliseconds is not None:  # not all results have a second page
                    timed[name].append(milliseconds)
            while tab.locator(".chips a").count():
                tab.evaluate(_TIMED, [".chips a", None])
        browser.close()
    return opened, timed


def rows(timed: dict[str, list[float]]) -> list[list[str]]:
    """A table's rows."""
    found = []
    for name, milliseconds in timed.items():
        ordered = sorted(milliseconds)
        figures = (statistics.median(ordered), ordered[len(ordered) * 9 // 10], ordered[-1])
        found.append([f"{name} ({len(ordered)})", *(f"{figure:.1f}" for figure in figures)])
    return found


if __name__ == "__main__":
    main()
