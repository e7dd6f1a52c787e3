"""bm25s, with the NumPy back end that it takes by default and, faster for one query, with its Numba back end.

It ranks by any of the words, and keeps no text. One index serves both back ends.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bm25s
import Stemmer

from benchmarks.peers.peer import TOP, Hits, Peer, Question, Record

_IDS = "ids.json"


class Bm25s(Peer):
    """bm25s over title and body as one text, all words kept, the Snowball stemmer."""

    kinds = frozenset({"term", "or"})
    backend = "numpy"

    def __init__(self, fields: str = "all") -> None:
        super().__init__(fields)
        self._stemmer = Stemmer.Stemmer("english")
        logging.getLogger("bm25s").setLevel(logging.WARNING)

    @classmethod
    def version(cls) -> str:
        return version("bm25s")

    def _tokens(self, texts: list[str]) -> Any:
        return bm25s.tokenize(texts, stopwords=[], stemmer=self._stemmer, show_progress=False)

    def build(self, directory: Path, documents: Iterable[Record], threads: int | None) -> None:
        ids, texts = [], []
        for article in documents:
            ids.append(article.id)
            texts.append(f"{article.title} {article.body}")
        retriever = bm25s.BM25()
        retriever.index(self._tokens(texts), show_progress=False)
        retriever.save(str(directory))
        (directory / _IDS).write_text(json.dumps(ids))

    def open(self, directory: Path) -> None:
        self._ids: list[str] = json.loads((directory / _IDS).read_text())
        self._retriever = bm25s.BM25.load(str(directory))
        self._retriever.backend = self.backend

    def prepared(self, question: Question) -> Callable[[], object]:
        retrieve = self._retriever.retrieve
        tokens = self._stemmer.stemWords([*question.words])
        return lambda: retrieve([tokens], k=TOP, show_progress=False)

    def typed(self, question: Question) -> Callable[[], Any]:
        retrieve, ids, text, tokenize = self._retriever.retrieve, self._ids, " ".join(question.words), self._tokens

        def hits() -> Hits:
            found, scores = retrieve(tokenize([text]), k=TOP, show_progress=False)
            best = zip(found[0].tolist(), scores[0].tolist(), strict=True)
            return [(ids[row], score) for row, score in best if score > 0]  # it fills up with what does not match

        return hits

    def ranked(self, words: Sequence[str], count: int, **options: Any) -> Hits:
        tokens, k = self._tokens([" ".join(words)]), min(count, len(self._ids))
        found, scores = self._retriever.retrieve(tokens, k=k, show_progress=False)
        best = zip(found[0].tolist(), scores[0].tolist(), strict=True)
        return [(self._ids[row], score) for row, score in best if score > 0]


class Bm25sNumba(Bm25s):
    """The same with the other back end."""

    backend = "numba"


PEER = Bm25s
NUMBA = Bm25sNumba
