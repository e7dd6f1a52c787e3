"""What the errors of a server mean, told by a small server of lies."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import searchkit
from searchkit import Article, errors
from searchkit.remote import bulk
from searchkit.remote.address import Address

pytest.importorskip("opensearchpy", reason="opensearch-py (extra opensearch) is not installed")
INFO = {"version": {"number": "2.19.6", "distribution": "opensearch"}}
MAPPING = {
    "_meta": {"searchkit": {"format": 1, "order": [], "schema": {"language": "en", "stories": False, "fields": {}}}}
}
Answer = tuple[int, Any]


class Liar:
    """Answers requests by their method and path."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Callable[[bytes], Answer]] = {}
        self.asked: list[tuple[str, str]] = []
        index = "news--0123456789ab"
        self.tell("GET", "/", 200, INFO)
        self.tell("HEAD", "/_alias/news", 200, None)
        self.tell("GET", "/_alias/news", 200, {index: {"aliases": {"news": {}}}})
        self.tell("GET", f"/{index}/_mapping", 200, {index: {"mappings": MAPPING}})
        self.tell("POST", "/news/_refresh", 200, {})

    def tell(self, method: str, path: str, status: int, content: Any) -> None:
        self.answers[method, path] = lambda body: (status, content)

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        self.asked.append((method, path))
        found = self.answers.get((method, path.partition("?")[0]))
        return found(body) if found else (404, {"error": {"type": "not_told", "reason": f"{method} {path}"}})


@pytest.fixture
def liar() -> Iterator[Liar]:
    with serving(Liar()) as told:
        yield told


@contextmanager
def serving(told: Liar, encrypted: ssl.SSLContext | None = None) -> Iterator[Liar]:
    """A server of lies, encrypted or not."""

    class Handler(BaseHTTPRequestHandler):
        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = told.answer(self.command, self.path, body)
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(BrokenPipeError):  # nobody waited for it
                self.wfile.write(b"" if self.command == "HEAD" else data)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = respond

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if encrypted is not None:
        server.socket = encrypted.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    scheme = "opensearch+https" if encrypted else "opensearch"
    told.url = f"{scheme}://user:secret@127.0.0.1:{server.server_port}/news?timeout=1"  # type: ignore[attr-defined]
    yield told
    server.shutdown()
    server.server_close()


def fault(reason: str, kind: str = "some_exception") -> dict[str, Any]:
    return {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}}


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (401, "Unauthorized", errors.RemoteAccessError),
        (403, "no permissions for [indices:data/read]", errors.RemoteAccessError),
        (403, "index [news] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)]; flood-stage watermark",
         errors.RemoteFullError),
        (429, "rejected execution", errors.RemoteFullError),
        (503, "no master", errors.RemoteUnavailableError),
        (500, "all shards failed", errors.RemoteUnavailableError),
        (504, "gateway", errors.RemoteTimeoutError),
        (400, "something else", errors.RemoteError),
    ],
)  # fmt: skip
def test_an_answer_of_the_server_is_a_typed_error(liar: Any, status: int, reason: str, kind: type[Exception]) -> None:
    with searchkit.open(liar.url) as index:
        liar.tell("POST", "/news/_count", status, fault(reason))
        liar.tell("GET", "/news/_count", status, fault(reason))
        with pytest.raises(kind) as error:
            len(index)
    assert type(error.value) is kind
    assert reason.split(";")[0] in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "info",
    [
        {"version": {"number": "2.4.0", "distribution": "opensearch"}},
        {"version": {"number": "4.0.0", "distribution": "opensearch"}},
        {"version": {"number": "8.12.0"}},
        {},
    ],
)
def test_a_version_that_is_not_known_to_work_is_refused(liar: Any, info: dict[str, Any]) -> None:
    liar.tell("GET", "/", 200, info)
    with pytest.raises(errors.IndexVersionError, match="is known to work"):
        searchkit.open(liar.url)


def test_indexes_of_others_are_left_alone(liar: Any) -> None:
    liar.tell("GET", "/_alias/news", 200, {"their-index": {"aliases": {"news": {}}}})
    with pytest.raises(errors.SchemaError, match="searchkit did not make it"):
        searchkit.open(liar.url)
    liar.tell("HEAD", "/_alias/news", 404, None)
    liar.tell("HEAD", "/news", 200, None)
    with pytest.raises(errors.SchemaError, match="did not make"):
        searchkit.open(liar.url)
    with pytest.raises(errors.IndexExistsError, match="did not make"):
        searchkit.create(liar.url)
    assert not [method for method, _ in liar.asked if method in ("PUT", "DELETE")]


def test_no_server_and_a_slow_one_are_told_apart(liar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.RemoteUnavailableError, match=r"cannot be reached: .*refused"):
        searchkit.open("opensearch://user:secret@127.0.0.1:1/news")
    hang = threading.Event()
    with searchkit.open(liar.url) as index:
        liar.answers["POST", "/news/_count"] = lambda body: ((hang.wait(20) and 200) or 200, {"count": 1})
        liar.answers["GET", "/news/_count"] = liar.answers["POST", "/news/_count"]
        with pytest.raises(errors.RemoteTimeoutError, match="did not answer in 1 s"):
            len(index)
    hang.set()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl, which makes the certificates, is not installed")
def test_an_encrypted_server_is_believed_by_its_authority_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, host in (("right", "127.0.0.1"), ("other", "127.0.0.1"), ("wrong-host", "127.0.0.9")):
        made = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ]
        made += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=IP:{host}"]
        made += ["-keyout", str(tmp_path / f"{name}.key"), "-out", str(tmp_path / f"{name}.crt")]
        subprocess.run(made, check=True, capture_output=True)

    def encrypted(name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / f"{name}.crt", tmp_path / f"{name}.key")
        return context

    with serving(Liar(), encrypted("right")) as liar:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "right.crt"))
        with searchkit.open(liar.url) as index:  # type: ignore[attr-defined]
            assert str(index.path).startswith("opensearch+https://127.0.0.1:")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.crt"))
        with pytest.raises(errors.RemoteUnavailableError, match="no encrypted connection") as error:
            searchkit.open(liar.url)  # type: ignore[attr-defined]
        assert "secret" not in str(error.value)
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(errors.RemoteUnavailableError, match="no encrypted connection"):
            searchkit.open(liar.url)  # type: ignore[attr-defined]
    with serving(Liar(), encrypted("wrong-host")) as liar:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "wrong-host.crt"))
        with pytest.raises(errors.RemoteUnavailableError, match="no encrypted connection"):
            searchkit.open(liar.url)  # type: ignore[attr-defined]


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opensearchpy", None)
    with pytest.raises(errors.ConfigurationError, match=r"searchkit\[opensearch\]"):
        searchkit.open("opensearch://h/n")


# ---- many changes


class Bulk:
    """A server's bulk API: each request is answered by the next of some scripts, then everything is fine."""

    def __init__(self, *scripts: Callable[[list[str]], Answer]) -> None:
        self.scripts = list(scripts)
        self.requests: list[list[str]] = []

    def __call__(self, body: bytes) -> Answer:
        lines = [json.loads(line) for line in body.split(b"\n") if line]
        ids = [next(iter(line.values()))["_id"] for line in lines if set(line) & {"index", "delete"} and len(line) == 1]
        self.requests.append(ids)
        if self.scripts:
            return self.scripts.pop(0)(ids)
        return items(dict.fromkeys(ids, (201, None)))


def items(results: dict[str, tuple[int, dict[str, Any] | None]]) -> Answer:
    told = []
    for id, (status, error) in results.items():
        own: dict[str, Any] = {"_id": id, "status": status}
        own |= {"result": "created"} if error is None else {"error": error}
        told.append({"index": own})
    return 200, {"errors": any(error for _, error in results.values()), "items": told}


BUSY = {"type": "rejected_execution_exception", "reason": "queue is full"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(bulk, "PATIENCE", 0.2)


def test_what_the_server_has_no_time_for_is_sent_again(liar: Any) -> None:
    sent = Bulk(
        lambda ids: items({id: (429, BUSY) if id in "bc" else (201, None) for id in ids}),
        lambda ids: (503, fault("no node")),
        lambda ids: items({id: (429, BUSY) if id == "c" else (201, None) for id in ids}),
    )
    liar.answers["POST", "/news/_bulk"] = sent
    with searchkit.open(liar.url) as index:
        report = index.add([Article(id, "", "") for id in "abc"])
    assert (report.added, report.skipped) == (3, [])
    assert list(map("".join, dict.fromkeys(map(tuple, sent.requests)))) == ["abc", "bc", "c"]


def test_an_earlier_article_that_is_sent_again_does_not_undo_a_later_one(liar: Any) -> None:
    kept: dict[str, str] = {}
    times = iter(range(100))

    def busy_at_first(body: bytes) -> Answer:
        lines = [json.loads(line) for line in body.split(b"\n") if line]
        told = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            id = action["index"]["_id"]
            if next(times) == 0:
                told.append({"index": {"_id": id, "status": 429, "error": BUSY}})
            else:
                kept[id] = document["body"]
                told.append({"index": {"_id": id, "status": 201, "result": "created"}})
        return 200, {"errors": True, "items": told}

    liar.answers["POST", "/news/_bulk"] = busy_at_first
    with searchkit.open(liar.url) as index:
        report = index.add([Article("a", "", "older"), Article("a", "", "newer")])
    assert kept == {"a": "newer"}
    assert "the last article of each was kept" in report.warnings[0]


@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_user_who_may_not_write_is_no_fault_of_the_articles(liar: Any, on_error: Any) -> None:
    denied = {"type": "security_exception", "reason": "no permissions for [indices:data/write/bulk]"}
    liar.answers["POST", "/news/_bulk"] = lambda body: items({"a": (403, denied)})
    with searchkit.open(liar.url) as index, pytest.raises(errors.RemoteAccessError, match="no permissions"):
        index.add([Article("a", "", "")], on_error=on_error)


def test_a_server_that_stays_busy_is_told(liar: Any) -> None:
    liar.answers["POST", "/news/_bulk"] = lambda body: items({"a": (429, BUSY)})
    with searchkit.open(liar.url) as index, pytest.raises(errors.RemoteFullError, match="queue is full"):
        index.add([Article("a", "", "")])


def test_a_full_disk_is_told_at_once(liar: Any) -> None:
    block = {"type": "cluster_block_exception", "reason": "index [news] blocked by: flood-stage watermark"}
    sent = Bulk(lambda ids: items({"a": (403, block)}))
    liar.answers["POST", "/news/_bulk"] = sent
    with searchkit.open(liar.url) as index, pytest.raises(errors.RemoteFullError, match="flood-stage"):
        index.add([Article("a", "", "")])
    assert len(sent.requests) == 1


def test_an_article_that_the_server_refuses_is_skipped_or_raised(liar: Any) -> None:
    wrong = {"type": "mapper_parsing_exception", "reason": "failed to parse", "caused_by": {"reason": "too deep"}}
    answer = Bulk(*[lambda ids: items({id: (400, wrong) if id == "b" else (201, None) for id in ids})] * 2)
    liar.answers["POST", "/news/_bulk"] = answer
    articles = [Article(id, "", "") for id in "abc"]
    with searchkit.open(liar.url) as index:
        report = index.add(articles, on_error="skip")
        assert (report.added, [skipped.id for skipped in report.skipped]) == (2, ["b"])
        assert "failed to parse: too deep" in report.skipped[0].reason
        with pytest.raises(errors.ArticleError, match="'b'"):
            index.add(articles)


def test_what_is_larger_than_the_server_takes_is_the_articles_own_fault(liar: Any) -> None:
    sent = Bulk()

    def small_only(body: bytes) -> Answer:
        return sent(body) if len(body) < 600 else (413, fault("Request Entity Too Large"))

    liar.answers["POST", "/news/_bulk"] = small_only
    with searchkit.open(liar.url) as index:
        articles = [Article(str(number), "", "x" * 300) for number in range(5)] + [Article("big", "", "x" * 999)]
        report = index.add(articles, on_error="skip")
    assert (report.added, [skipped.id for skipped in report.skipped]) == (5, ["big"])
    assert "larger than the server takes" in report.skipped[0].reason


def test_requests_are_of_a_bounded_size(liar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_BYTES", 1000)
    sent = Bulk()
    liar.answers["POST", "/news/_bulk"] = sent
    with searchkit.open(liar.url) as index:
        index.add([Article(str(number), "", "x" * 350) for number in range(5)] + [Article("big", "", "x" * 5000)])
    assert [len(request) for request in sent.requests] == [2, 2, 1, 1]


def test_a_writer_sends_nothing_before_its_end(liar: Any) -> None:
    sent = Bulk()
    liar.answers["POST", "/news/_bulk"] = sent
    with searchkit.open(liar.url) as index:
        with pytest.raises(KeyError), index.writer() as writer:  # noqa: PT012
            writer.add(Article("a", "", ""))
            raise KeyError
        assert sent.requests == []
        with index.writer() as writer:
            writer.add(Article("a", "", ""))
            writer.delete("a")
            writer.delete("b")
            writer.add(Article("b", "", ""))
        assert sent.requests == [["a", "b"]]
        with pytest.raises(errors.ConfigurationError, match="closed"):
            writer.add(Article("c", "", ""))


def test_an_address_that_is_shown_has_no_password(liar: Any) -> None:
    with searchkit.open(liar.url) as index:
        assert "secret" not in repr(index) + str(index.path) + repr(index._connection)  # type: ignore[attr-defined]
    assert Address.parse(liar.url).credentials == ("user", "secret")
