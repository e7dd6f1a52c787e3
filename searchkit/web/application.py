"""The application: addresses, and what answers each."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from searchkit.errors import ConfigurationError
from searchkit.options import facets_of, filters_of
from searchkit.web.articles import NoArticleError, as_json
from searchkit.web.asked import Asked, read_article
from searchkit.web.assets import assets
from searchkit.web.guard import Guard, Rates
from searchkit.web.live import Live
from searchkit.web.openapi import description
from searchkit.web.pages import article_page, results_page
from searchkit.web.parameters import ENDPOINTS, read
from searchkit.web.rendering import environment
from searchkit.web.work import BusyError, Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

_Handler = Callable[[Request], Awaitable[Response]]


class Answers:
    """What answers requests.

    Args:
        live: the index.
        work: where searches are done.
    """

    def __init__(self, live: Live, work: Work) -> None:
        self._live = live
        self._work = work
        self._templates = environment()

    def routes(self) -> list[Route]:
        """The addresses."""
        api = {"search": self._search, "suggest": self._suggest, "article": self._article}
        return [
            Route("/", self._html(self._results)),
            Route("/article", self._html(self._shown_article)),
            Route("/static/{name}", self._static),
            Route("/api/openapi.json", self._openapi),
            *(Route(ENDPOINTS[name].route, self._json(name, make)) for name, make in api.items()),
        ]

    # ---- the page

    def _results(self, query_string: str) -> str:
        asked = Asked.read(query_string)
        return self._templates.get_template("results.html").render(results_page(self._live, asked))

    def _shown_article(self, query_string: str) -> str:
        id, asked = read_article(query_string)
        return self._templates.get_template("article.html").render(article_page(self._live, asked, id))

    def _html(self, make: Callable[[str], str]) -> _Handler:
        async def handle(request: Request) -> Response:
            page = await self._work.do(partial(make, request.url.query))
            return HTMLResponse(page, headers={"Cache-Control": "private, no-cache"})

        return handle

    async def _static(self, request: Request) -> Response:
        asset = assets().get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        tag = f'"{asset.tag}"'
        is_this = request.query_params.get("v") == asset.tag
        headers = {"ETag": tag, "Cache-Control": f"public, max-age={31_536_000 if is_this else 0}"}
        known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
        if known & {tag, "*"}:
            return Response(status_code=304, headers=headers)
        return Response(asset.content, media_type=asset.type, headers=headers)

    # ---- the API

    def _search(self, values: dict[str, Any], _: str) -> dict[str, Any]:
        index = self._live.current()
        arguments = {**values, "query": values["q"], "filters": filters_of(index.schema, values["filter"])}
        arguments |= {"facets": facets_of(index.schema, values["facet"]), "sort": values["sort"] or "relevance"}
        arguments["highlight"] = values["highlight"] or True
        for name in ("q", "filter", "facet"):
            del arguments[name]
        return index.search(**arguments).to_dict()

    def _suggest(self, values: dict[str, Any], _: str) -> dict[str, Any]:
        return {"suggestions": self._live.current().suggest(values["q"], values["limit"], values["field"])}

    def _article(self, values: dict[str, Any], id: str) -> dict[str, Any]:
        return as_json(self._live.current(), id, values)

    def _json(self, name: str, make: Callable[[dict[str, Any], str], dict[str, Any]]) -> _Handler:
        parameters = ENDPOINTS[name].parameters

        def work(query_string: str, id: str) -> str:
            return json.dumps(make(read(query_string, parameters, strict=True), id))

        async def handle(request: Request) -> Response:
            text = await self._work.do(partial(work, request.url.query, request.path_params.get("id", "")))
            return _json_response(text)

        return handle

    async def _openapi(self, request: Request) -> Response:
        return _json_response(json.dumps(description()))

    # ---- what goes wrong

    async def failed(self, request: Request, error: Exception) -> Response:
        """The answer to a request that cannot be honoured, for people or for programs as they asked."""
        status, message = _told(error)
        headers = {"Retry-After": "1"} if status == 503 else {}
        if request.url.path.startswith("/api/"):
            return _json_response(json.dumps({"error": message}), status, headers)
        page = self._templates.get_template("error.html").render(
            name=self._live.name, message=message, status=status, asked=_asked_by(request)
        )
        return HTMLResponse(page, status, headers)


def _asked_by(request: Request) -> Asked:
    """What a request asks for, so that it can be asked better; nothing where that cannot be read."""
    try:
        return Asked.read(request.url.query)
    except ConfigurationError:
        return Asked.read("")


def _told(error: Exception) -> tuple[int, str]:
    """The status of an error, and what is said of it."""
    match error:
        case NoArticleError():
            return 404, str(error)
        case ConfigurationError():
            return 400, str(error)
        case BusyError():
            return 503, f"{error}: please try again"
        case HTTPException():
            return error.status_code, "there is nothing here" if error.status_code == 404 else error.detail
    return 500, "something went wrong here; the server's log says what"


def _json_response(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, {"Cache-Control": "private, no-cache", **(headers or {})}, "application/json")


def application(
    path: str, *, hosts: Iterable[str] | None = None, rate: float = 0.0, threads: int = 2, patience: float = 10.0
) -> ASGIApp:
    """An index as an ASGI application.

    Args:
        path: of the index.
        hosts: names that it is reached by, None = any.
        rate: requests a second of one client, in the long run; four times as many at once. 0 = as many as they like.
        threads: searches at once.
        patience: seconds that a request may take.

    Raises:
        SearchkitError: there is no index that can be opened.
    """
    live, work = Live(path), Work(threads, patience=patience)
    answers = Answers(live, work)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        work.close()
        live.close()

    errors: dict[Any, Any] = dict.fromkeys((ConfigurationError, BusyError, HTTPException, Exception), answers.failed)
    app = Starlette(routes=answers.routes(), exception_handlers=errors, lifespan=lifespan)
    app.router.redirect_slashes = False  # such a redirect would repeat the Host header
    return Guard(app, hosts, Rates(rate, 4 * rate))
