"""From text to index terms: tokens decided once, stems and stop words by language."""

from searchkit.analysis.analyzer import Analyzer, analyzer_of
from searchkit.analysis.languages import LANGUAGES, Language, fold, fold_value
from searchkit.analysis.tokenizer import Token, character_classes, raw_words, split_raw, tokenize

__all__ = [
    "LANGUAGES",
    "Analyzer",
    "Language",
    "Token",
    "analyzer_of",
    "character_classes",
    "fold",
    "fold_value",
    "raw_words",
    "split_raw",
    "tokenize",
]
