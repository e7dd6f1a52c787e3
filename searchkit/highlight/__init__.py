"""Snippets: which words of a text a query matched, the fragments that show them best, and their safe renderings.

Everything here is a pure function of its arguments, but for what a :class:`Finder` remembers; all of it is safe to call
from many threads.
"""

from searchkit.highlight.choice import Fragment, fragments, mark_whole
from searchkit.highlight.finder import Finder, Marks, Phrase
from searchkit.highlight.highlighted import NOT_HIGHLIGHTED, Highlight, Highlighted, Highlights, highlighted_whole
from searchkit.highlight.render import to_html, to_plain, to_terminal

__all__ = [
    "NOT_HIGHLIGHTED",
    "Finder",
    "Fragment",
    "Highlight",
    "Highlighted",
    "Highlights",
    "Marks",
    "Phrase",
    "fragments",
    "highlighted_whole",
    "mark_whole",
    "to_html",
    "to_plain",
    "to_terminal",
]
