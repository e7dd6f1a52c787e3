"""searchkit.sources.markup: pieces of HTML to text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.sources.markup import to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain text, 2 < 3 & more\nlines", "plain text, 2 < 3 & more\nlines"),
        ("a &amp; b &lt;c&gt; &#233;", "a & b <c> é"),
        ("<p>One\ntwo</p><p>Three</p>", "One two\n\nThree"),
        ("a<br/>b<BR>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>end", "a\nb\n\nend"),
        ("<head><title>no</title></head><style>p {}</style>x<script>if (a < b) {}</script>y", "xy"),
        ("<b>bo</b>ld <i>in</i>side", "bold inside"),
        ("<div><div><p>deep</p></div></div>", "deep"),
        ("a<!-- no -->b", "ab"),
        ("<p>unclosed", "unclosed"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert to_text(html) == text


@given(st.text("<>/&;#abscript p\n!-", max_size=40))
def test_any_text_is_taken(html: str) -> None:
    to_text(html)
