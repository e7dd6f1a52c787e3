"""From text to index terms: tokens decided once, stems and stop words by language."""

from searchkit.analysis.analysis import COMPOUNDING, Analysis
from searchkit.analysis.analyzer import Analyzer, analysis_fingerprint, analyzer_of
from searchkit.analysis.detection import AUTO, UNKNOWN, detected, language_code
from searchkit.analysis.folding import fold, fold_value
from searchkit.analysis.languages import LANGUAGES, Language
from searchkit.analysis.query import QueryAnalyzer
from searchkit.analysis.tokenizer import (
    Token,
    character_classes,
    raw_words,
    separate_words,
    separated,
    split_raw,
    tokenize,
)

__all__ = [
    "AUTO",
    "COMPOUNDING",
    "LANGUAGES",
    "UNKNOWN",
    "Analysis",
    "Analyzer",
    "Language",
    "QueryAnalyzer",
    "Token",
    "analysis_fingerprint",
    "analyzer_of",
    "character_classes",
    "detected",
    "fold",
    "fold_value",
    "language_code",
    "raw_words",
    "separate_words",
    "separated",
    "split_raw",
    "tokenize",
]
