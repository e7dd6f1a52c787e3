"""Each peer that is installed finds what a look at every article finds."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.corpus import synthetic
from benchmarks.peers.peer import Peer, Question, Record, is_empty, records
from benchmarks.peers.process import Corpus, Indexes, PeerError, Process
from benchmarks.resample import Source, write

#: Of Debian's Python Xapian is seen only if that is the one that runs the tests.
PEERS = ["searchkit", "tantivy", "fts5", "bm25s", "whoosh", "xapian"]
LIBRARIES = {"fts5": "sqlite3"}
KINDS = ["term", "and", "or", "phrase", "dates", "prefix", "facets", "page"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    path = tmp_path_factory.mktemp("corpus") / "articles.jsonl"
    write(Source.of(synthetic(60)), 120, path)
    return Corpus("small", path)


@pytest.fixture(scope="module")
def articles(corpus: Corpus) -> list[Record]:
    return [*records(corpus.path)]


@pytest.fixture(scope="module", params=PEERS)
def peer(request: pytest.FixtureRequest, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Peer:
    pytest.importorskip(LIBRARIES.get(request.param, request.param))
    made: Peer = import_module(f"benchmarks.peers.{request.param}").PEER()
    directory = tmp_path_factory.mktemp(request.param)
    made.build(directory, made.documents(records(corpus.path)), 1)
    made.open(directory)
    return made


@pytest.fixture(scope="module")
def asked(articles: list[Record]) -> dict[str, Question]:
    """A question of each kind, of words that no stemmer joins with others here."""
    words = articles[0].body.lower().replace(".", "").split()
    long = [word for word in words if len(word) > 5][:2]
    day = articles[60].published
    assert day is not None
    return {
        "term": Question("term", (long[0],)),
        "and": Question("and", tuple(long)),
        "or": Question("or", tuple(long)),
        "phrase": Question("phrase", tuple(words[3:5])),
        "dates": Question("dates", ("said",), "2024-01-01", f"{day:%Y-%m-%d}"),
        "prefix": Question("prefix", (long[0][:4],)),
        "facets": Question("facets", (long[0],)),
        "page": Question("page", tuple(long)),
    }


def truth(articles: list[Record], question: Question) -> set[str]:
    """The ids of the articles that match."""

    def texts(article: Record) -> list[str]:
        return [f" {text.lower().replace('.', '')} " for text in (article.title, article.body)]

    def has(article: Record, word: str) -> bool:
        end = "" if question.kind == "prefix" else " "
        return any(f" {word}{end}" in text for text in texts(article))

    def matches(article: Record) -> bool:
        found = [has(article, word) for word in question.words]
        if question.kind == "phrase":
            return any(f" {' '.join(question.words)} " in text for text in texts(article))
        if question.kind == "dates":
            low, high = question.bounds()
            return all(found) and article.published is not None and low <= article.published < high
        return any(found) if question.kind == "or" else all(found)

    return {article.id for article in articles if matches(article)}


class TestPeers:
    @pytest.mark.parametrize("kind", KINDS)
    def test_find_articles_that_match_and_no_others(
        self, peer: Peer, articles: list[Record], asked: dict[str, Question], kind: str
    ) -> None:
        if kind not in peer.kinds:
            pytest.skip("it cannot answer this")
        question = asked[kind]
        expected = truth(articles, question)
        assert expected
        answer = peer.typed(question)()
        assert not is_empty(answer, kind)
        hits = answer[0] if kind in ("facets", "page") else answer
        found = {hit[0] for hit in hits}
        assert len(found) == len(hits) == min(len(expected), 10)
        assert found <= expected
        if (total := peer.total(question)) is not None:
            assert total == len(expected)
        peer.prepared(question)() if kind != "page" else None


class TestProcess:
    def test_answers_and_tells_what_went_wrong(
        self, corpus: Corpus, asked: dict[str, Question], tmp_path: Path
    ) -> None:
        directory = Indexes(tmp_path).of("fts5", corpus)
        question = asked["or"].to_dict()
        with Process("fts5") as process:
            process.tell("open", directory=str(directory))
            assert process.tell("typed", questions=[question], budget=1.0)["empty"] == 0
            assert len(process.tell("prepared", questions=[question] * 2, passes=2, budget=1.0)["times"]) == 2
            assert process.tell("throughput", questions=[question], threads=2, seconds=0.05)["per_second"] > 0
            with pytest.raises(PeerError, match="unterminated string"):
                process.tell("typed", questions=[{"kind": "term", "words": ['"']}], budget=1.0)
            assert process.tell("totals", questions=[question])["totals"][0] > 0

    def test_builds_an_index_once(self, corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        indexes = Indexes(tmp_path)
        first = indexes.of("fts5", corpus)
        made = (first / "articles.db").stat().st_mtime_ns
        assert indexes.of("fts5", corpus) == first
        assert (first / "articles.db").stat().st_mtime_ns == made
        assert capsys.readouterr().err.count("building") == 1
