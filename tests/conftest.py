"""What many tests need: a schema with every kind of field, articles that fit it, and the same index by stock Whoosh."""

from __future__ import annotations

import os
import random
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from hypothesis import settings
from hypothesis import strategies as st
from whoosh.filedb.filestore import FileStorage
from whoosh.index import FileIndex
from whoosh.writing import SegmentWriter

import searchkit
from searchkit import cli, compiled, terminal
from searchkit.article import Article
from searchkit.codec.storage import Storage
from searchkit.engine import accelerated
from searchkit.indexing.numbering import KERNELS
from searchkit.schema import Date, Keyword, Number, Schema, Stored, Text

# Kernels as the Python functions that they are compiled from: coverage sees them, and no test waits for a compiler.
# What is compiled has to pass the same tests: test_accelerated.py runs some of them again.
if "SEARCHKIT_TEST_COMPILED" not in os.environ:
    os.environ["NUMBA_DISABLE_JIT"] = "1"


# python -m pytest tests/query --hypothesis-profile=long
# No deadlines: how long a test takes depends on what runs beside it.
settings.register_profile("beside others", deadline=None)
settings.load_profile("beside others")
settings.register_profile("long", max_examples=20_000, deadline=None)

ROOT = Path(__file__).resolve().parents[1]
WORDS = ["putin", "korea", "grain", "trade", "trades", "trading", "the", "of", "e-mail", "twenty-one-year-old", "U.S."]
ODD = ["Łódź", "café", "北京大学", "AT&T", "O'Neill's", "x²", "1,234.5", "C++", "#tag", "ΐσως", "İ", "\x00", "ไทย"]
VALUES = ["grain", "Grain", "GRAÍN", "north korea", "", "\ufffd", "日本", "a,b", " "]


class _NoKernels:
    def start(self, delay: float = 0.0) -> None:
        """Load nothing."""

    def ready(self) -> None:
        """There are none."""


@pytest.fixture(scope="session", autouse=True)
def building_without_kernels() -> Iterator[None]:
    """Interpreted kernels are slow, so builders do not load them but in tests/indexing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KERNELS, "start", lambda: None)
        yield


@pytest.fixture(autouse=True)
def kernels_of_searches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only searches of tests that are marked "kernels" use them, and those in tests/engine."""
    if request.node.get_closest_marker("kernels"):
        pytest.importorskip("numba", reason="Numba is an extra")
    else:
        monkeypatch.setattr(accelerated, "_kernels", _NoKernels())


@pytest.fixture(scope="session")
def schema() -> Schema:
    """A schema with a field of every kind."""
    return Schema(
        topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), summary=Text(), extra=Stored()
    )


def _with_fields(id: str, title: str, body: str, published: datetime | None, fields: dict[str, Any]) -> Article:
    return Article(id, title, body, published, **fields)


@pytest.fixture(scope="session")
def article_lists() -> st.SearchStrategy[list[Article]]:
    """Lists of arbitrary articles of distinct ids that fit ``schema``."""
    text = st.lists(st.sampled_from(WORDS + ODD), max_size=12).map(" ".join)
    instant = st.one_of(
        st.sampled_from([datetime.min, datetime.max, datetime(1970, 1, 1), datetime(1987, 3, 2, 10, 41, 7, 5)]),
        st.datetimes(),
    ).map(lambda naive: naive.replace(tzinfo=UTC))
    number = st.one_of(st.sampled_from([0, -1, 2**53, -0.0, 1e308, 5e-324]), st.floats(allow_nan=False, width=32))
    fields = st.fixed_dictionaries(
        {},
        optional={
            "topics": st.lists(st.sampled_from(VALUES), max_size=4),
            "source": st.sampled_from(VALUES),
            "words": number.filter(lambda value: abs(value) != float("inf")),
            "updated": instant,
            "summary": text,
            "extra": st.sampled_from([[1, {"a": "b"}], "x", 0]),
        },
    )
    article = st.builds(_with_fields, st.text("abé\x00 ", min_size=1), text, text, st.none() | instant, fields)
    return st.lists(article, max_size=9, unique_by=lambda article: article.id)


@pytest.fixture(scope="session")
def random_articles() -> Callable[..., list[Article]]:
    """``random_articles(count, seed=0)``: articles that fit ``schema``, with a Zipf-like vocabulary."""

    def make(count: int, seed: int = 0) -> list[Article]:
        rng = random.Random(seed)
        vocabulary = [*WORDS, *(f"word{number}" for number in range(400))]
        weights = [1 / rank for rank in range(1, len(vocabulary) + 1)]

        def text(length: int) -> str:
            return " ".join(rng.choices(vocabulary, weights, k=rng.randint(0, length)))

        articles = []
        for number in range(count):
            fields: dict[str, Any] = {"topics": rng.choices(VALUES, k=rng.randint(0, 3)), "summary": text(8)}
            if rng.random() < 0.8:
                fields |= {"source": rng.choice(VALUES), "words": rng.randint(-500, 500) / 4}
            published = None
            if rng.random() < 0.9:
                published = datetime.fromtimestamp(rng.randrange(2_000_000_000), UTC)
            articles.append(Article(f"{seed}-{number}", text(8), text(60), published, **fields))
        return articles

    return make


@pytest.fixture(scope="session")
def new_storage(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Storage]:
    """A new empty directory at each call."""
    return lambda: Storage(tmp_path_factory.mktemp("index"), durable=False)


@pytest.fixture(scope="session")
def stock_document() -> Callable[[Article], dict[str, Any]]:
    """An article as stock Whoosh takes it, and gives it back: instants as naive UTC, no values of None."""

    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.replace(tzinfo=None)
        return value + 0.0 if isinstance(value, float) else value  # to Whoosh, 0.0 and -0.0 are two terms

    def document(article: Article) -> dict[str, Any]:
        fields = {"id": article.id, "title": article.title, "body": article.body, "published": article.published}
        return {name: plain(value) for name, value in (fields | article.fields).items() if value is not None}

    return document


@pytest.fixture(scope="session")
def stock_index(
    tmp_path_factory: pytest.TempPathFactory, stock_document: Callable[[Article], dict[str, Any]]
) -> Callable[..., FileIndex]:
    """``stock_index(schema, *batches)``: an index by Whoosh's own codec, one segment a batch of articles."""

    def build(schema: Schema, *batches: Sequence[Article]) -> FileIndex:
        index = FileStorage(str(tmp_path_factory.mktemp("stock"))).create_index(schema.to_whoosh())
        for batch in batches:
            writer = SegmentWriter(index)
            for article in batch:
                writer.add_document(**stock_document(article))
            writer.commit(merge=False)
        return index

    return build


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The directory of data sets that are too large for the repository."""
    shared = Path(os.environ.get("SEARCHKIT_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not (shared / "data").is_dir():
        pytest.skip("no data sets: set SEARCHKIT_SHARED to the directory that holds data/")
    return shared / "data"


# ---- the same tests on a server


@pytest.fixture(scope="session")
def opensearch() -> Iterator[str]:
    """The address of an OpenSearch server, ``opensearch://host:port``: one that is named, or one that is started."""
    pytest.importorskip("opensearchpy", reason="opensearch-py (extra opensearch) is not installed")
    if named := os.environ.get("SEARCHKIT_OPENSEARCH_URL"):
        yield named.rstrip("/")
        return
    from tests.remote.server import Cluster, Unavailable

    try:
        cluster = Cluster().start()
    except Unavailable as error:
        pytest.skip(f"no OpenSearch can be started here: {error}")
    with cluster:
        yield cluster.url.replace("http://", "opensearch://")


@pytest.fixture(scope="module")
def new_server_index(request: pytest.FixtureRequest) -> Iterator[Callable[..., searchkit.Index]]:
    """``new_server_index(schema)``: an empty index on a server."""
    with ExitStack() as made:

        def create(schema: Schema | None = None) -> searchkit.Index:
            server = request.getfixturevalue("opensearch")
            index: Any = searchkit.create(f"{server}/test-{uuid4().hex}", schema)
            made.callback(index.remove)
            return index  # type: ignore[no-any-return]

        yield create


@pytest.fixture(scope="module", params=["embedded", pytest.param("server", marks=pytest.mark.server)])
def new_index(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_server_index: Callable[..., searchkit.Index],
) -> Iterator[Callable[..., searchkit.Index]]:
    """``new_index(schema)``: an empty index. Whoever uses it is tested in a directory and, once more, on a server."""
    with ExitStack() as made:

        def create(schema: Schema | None = None) -> searchkit.Index:
            return made.enter_context(searchkit.create(tmp_path_factory.mktemp("index") / "x", schema))

        yield create if request.param == "embedded" else new_server_index


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Expect what differs on a server to differ: a test that no longer does fails, and so does a case that is none."""
    reasons = tomllib.loads((ROOT / "tests" / "server_differences.toml").read_text("utf-8"))
    seen: set[str] = set()
    left = {(name, pattern) for name, cases in reasons.items() for pattern in cases}
    for item in items:
        if not item.get_closest_marker("server"):
            continue
        name, _, case = item.nodeid.rpartition("::")[2].partition("[")
        case = case.removesuffix("]").removeprefix("server").removeprefix("-")
        seen.add(name)
        for pattern, reason in reasons.get(name, {}).items():
            if fnmatchcase(case, pattern):
                left.discard((name, pattern))
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
                break
    stale = [] if any("::" in str(arg) for arg in config.args) else [entry for entry in left if entry[0] in seen]
    if stale:
        raise pytest.UsageError(f"tests/server_differences.toml names cases that there are not: {sorted(stale)}")


# ---- the command line


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """``run("search", …)``: a command, its output and its exit status; an unexpected exception is raised."""
    monkeypatch.setattr(compiled, "_is_disabled", False)  # what a command does to its process ends with the test

    def invoke(*args: object, status: int = 0) -> Result:
        result = CliRunner().invoke(cli.main, [str(arg) for arg in args], prog_name="searchkit")
        assert result.exit_code == status, (result.output, result.exception)
        return result

    return invoke


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both outputs are a terminal of 60 columns and 16 colours."""
    monkeypatch.setattr(terminal, "is_terminal", lambda stream: True)
    for name, value in {"COLUMNS": "60", "TERM": "xterm", "COLORTERM": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An index of the seed files, only to be read."""
    path = tmp_path_factory.mktemp("seeds") / "idx"
    with searchkit.create(path) as index:
        index.rebuild(searchkit.read(str(ROOT / "seeds")))
    return str(path)


@pytest.fixture
def wire(tmp_path: Path) -> str:
    """A small index with a field of every kind."""
    schema = Schema(topics=Keyword(multiple=True), source=Keyword(), words=Number(), updated=Date(), note=Stored())
    articles = [
        Article("a", "Grain up", "Grain rose.", "2025-01-05", topics=["grain", "a..b"], source="wire", words=100),
        Article("b", "Grain down", "Grain fell.", "2025-02-05", topics=["grain"], words=250.5, updated="2025-03-01"),
        Article("c", "Trade talks", "Trade, no wheat.", "2025-03-05", topics=["trade"], source="post", words=500),
        Article("d", "", "An undated story of grain and trade."),
    ]
    with searchkit.create(tmp_path / "wire", schema) as index:
        index.rebuild(articles)
    return str(tmp_path / "wire")
