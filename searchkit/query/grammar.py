"""Query text to a syntax tree. Any text parses: what makes no sense is left out, with a note that says where it stood.

::

    query     = clause*                                   side by side: all of them, or any (the match mode says)
    clause    = either (("OR" | "||") either)*
    either    = sign? (("AND" | "&&") sign?)*
    sign      = ("+" | "-" | "!" | "NOT")* item
    item      = (name ":")? (value | "(" query ")") ("^" number)?
    value     = word | pattern | /regex/ | "phrase" ("~" number)? | word "~" number?
              | ("[" | "{") low "TO" high ("]" | "}") | (">=" | "<=" | ">" | "<") word | "*"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from searchkit.results import Note

#: Parentheses deeper than this, and values or parentheses beyond this many, are not followed.
MAX_DEPTH = 40
MAX_CLAUSES = 1024
#: Nor is text beyond this many characters: whatever is written, it is read in a few hundredths of a second.
MAX_CHARACTERS = 20_480
#: More mistakes than this are not told.
MAX_NOTES = 100

# Halves of surrogate pairs, which no index can be asked for, are no characters.
_NO_HALVES = dict.fromkeys(range(0xD800, 0xE000), "\ufffd")
#: Dashes that keyboards and word processors put where a hyphen or a minus sign is meant.
DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
# What typography and full-width keyboards write for the signs of this grammar. Each is replaced by one character, so
# offsets stay.
_PLAIN = {wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)} | DASHES
#: Quotes of all languages; the last are forms of others, which would appear where values are normalised.
QUOTES = '"“”„‟«»‹›＂〝〞〟「」『』｢｣﹁﹂﹃﹄'
_PLAIN |= dict.fromkeys(map(ord, QUOTES), '"')
_SPACE = re.compile(r"\s+")
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9_]*):(?=[^\s:/)]|/(?!/))")
_WORDS = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_REGEX = re.compile(r"/((?:[^/\s\\]|\\[^\s])+)/(?=[\s()^]|\Z)")
_OPERATORS = frozenset(("AND", "OR", "NOT"))
_WORD = re.compile(r"[^\s()\"]+")
_OPERATOR = re.compile(r"(?:(AND|OR|NOT)(?=[\s(\"]|$)|(&&|\|\|))")
# Bounded, because brackets that nobody closes are looked at from each opening one.
_RANGE = re.compile(r"([\[{])((?:\"[^\"]*\"|[^\[\]{}\"]){0,250})([\]}])")
_TO = re.compile(r"(?<!\s)\s+TO\s+")
_COMPARISON = re.compile(r"(>=|<=|>|<)\s*(?:\"([^\"]*)\"|([^\s()\"^]+))")
_SLOP = re.compile(r"~(\d{1,4})?")
_BOOST = re.compile(r"\^(\d{1,6}(?:\.\d{1,6})?)(?=[\s()]|\Z)")
_FUZZY = re.compile(r"(.*[^~*?])~(\d?)", re.DOTALL)


@dataclass(slots=True)  # not frozen, as are the others: freezing makes them slow to make
class Item:
    """A value, with the field it is looked for in.

    Attributes:
        kind: "word", "pattern", "regex", "fuzzy", "phrase", "range", "exists".
        text: the value; of a range, as it was written.
        start, end: where it stands in the query text, field name included.
        name: the field as written, None for a plain value.
        amount: slop of a phrase, distance of a fuzzy word.
        low, high, low_open, high_open: ends of a range, None = open end; *_open = the end itself is outside.
        boost: factor on its score.
    """

    kind: str
    text: str
    start: int
    end: int
    name: str | None = None
    amount: int = 1
    low: str | None = None
    high: str | None = None
    low_open: bool = False
    high_open: bool = False
    boost: float = 1.0


@dataclass(slots=True)
class Group:
    """Clauses under one operator.

    Attributes:
        joint: "and", "or", or "" for side by side.
        children: the clauses.
        name: the field that they are looked for in, None for the default.
        boost: factor on their scores.
        start, end: where it stands in the query text, field name and parentheses included; of the whole text 0, 0.
    """

    joint: str
    children: tuple[Node, ...]
    name: str | None = None
    boost: float = 1.0
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(slots=True)
class Signed:
    """A clause that must (``+``) or must not (``-``) hold.

    Attributes:
        sign: "+" or "-".
        child: the clause.
        start, end: where it stands in the query text, signs included.
    """

    sign: str
    child: Node
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


Node = Item | Group | Signed


@dataclass
class _Parser:
    """Reads a text from left to right.

    Attributes:
        text: the query text with the signs of the grammar made plain.
        written: the same as it was written, of which values are made; as long as ``text``.
        at: where it is read.
    """

    text: str
    written: str
    at: int = 0
    items: int = 0
    groups: int = 0
    stopped: bool = False
    notes: list[Note] = field(default_factory=list)

    def note(self, kind: str, start: int, end: int, message: str) -> None:
        if len(self.notes) < MAX_NOTES and not self.stopped:
            self.notes.append(Note(kind, start, end, message))

    def stop(self) -> None:
        """Leave out the rest of the text. That operators and parentheses have their other half there is no mistake."""
        message = f"only the first {MAX_CLAUSES} clauses are searched"
        self.notes = [*self.notes[: MAX_NOTES - 1], Note("too-broad", self.at, len(self.text), message)]
        self.stopped, self.at = True, len(self.text)

    def skip(self) -> None:
        if space := _SPACE.match(self.text, self.at):
            self.at = space.end()

    def step_over(self, mark: str) -> None:
        """Step over all of one character that stand here."""
        while self.text[self.at : self.at + 1] == mark:
            self.at += 1

    def operator(self, *wanted: str) -> str:
        """Step over one of some operators: which one, "" if there is none."""
        self.skip()
        found = _OPERATOR.match(self.text, self.at)
        if found is None or found.group() not in wanted:
            return ""
        self.at = found.end()
        return found.group()

    def query(self, depth: int, name: str | None = None) -> Group:
        """Clauses side by side, up to the end or a closing parenthesis."""
        children: list[Node] = []
        while True:
            self.skip()
            if self.at >= len(self.text) or (depth and self.text[self.at] == ")"):
                return Group("", tuple(children), name)
            start = self.at
            child = self.joined(depth, "or", ("OR", "||"))
            if child is not None:
                children.append(child)
            elif self.at == start:  # an operator with nothing before it, or a parenthesis that closes nothing
                found = _OPERATOR.match(self.text, self.at)
                if found:
                    self.at = found.end()
                else:
                    self.step_over(")")
                what = self.text[start : self.at]
                self.note("bad-syntax", start, self.at, f"{what} has nothing to join" if found else f"stray {what}")

    def joined(self, depth: int, joint: str, operators: tuple[str, ...]) -> Node | None:
        """Clauses joined by one operator; AND binds closer than OR."""

        def part() -> Node | None:
            return self.joined(depth, "and", ("AND", "&&")) if joint == "or" else self.signed(depth)

        first = part()
        if first is None:
            return None
        children = [first]
        while operator := self.operator(*operators):
            end = self.at
            if (child := part()) is None:
                self.note("bad-syntax", end - len(operator), end, f"{operator} has nothing after it")
                break
            children.append(child)
        if len(children) == 1:
            return first
        return Group(joint, tuple(children), start=first.start, end=children[-1].end)

    def signed(self, depth: int) -> Node | None:
        """An item with the signs before it."""
        self.skip()
        sign, start = "", self.at
        while True:
            if self.operator("NOT"):
                sign = "" if sign == "-" else "-"
                continue
            mark = self.text[self.at : self.at + 1]
            following = self.text[self.at + 1 : self.at + 2]
            if mark not in ("+", "-", "!") or not following.strip() or following == ")":
                break
            self.at += 1
            flipped = "" if sign == "-" else "-"
            sign = (sign or "+") if mark == "+" else flipped
        child = self.item(depth)
        if child is None:
            if signs := self.text[start : self.at].strip():
                self.note("bad-syntax", start, start + len(signs), f"{signs} has nothing after it")
            return None
        return Signed(sign, child, start, child.end) if sign else child

    def item(self, depth: int) -> Node | None:
        self.skip()
        start = self.at
        if self.at >= len(self.text) or self.text[self.at] == ")" or _OPERATOR.match(self.text, self.at):
            return None
        if max(self.items, self.groups) >= MAX_CLAUSES:
            self.stop()
            return None
        name = None
        if found := _NAME.match(self.text, self.at):
            name = found.group(1)
            self.at = found.end()
        if self.text[self.at] == "(":
            self.groups += 1
            group = self.parenthesis(depth, name)
            group.start, group.end = start, self.at
            return group
        self.items += 1
        item = self.value(start, name)
        boost = _BOOST.match(self.text, self.at)
        if boost:
            self.at = boost.end()
            return replace(item, boost=float(boost.group(1)), end=self.at)
        return item

    def parenthesis(self, depth: int, name: str | None) -> Group:
        start = self.at
        self.at += 1
        if depth >= MAX_DEPTH:
            self.step_over("(")
            self.note("bad-syntax", start, self.at, f"parentheses deeper than {MAX_DEPTH} are not followed")
            return Group("", (), name)
        group = self.query(depth + 1, name)
        if self.at < len(self.text):
            self.at += 1
        else:
            self.note("bad-syntax", start, start + 1, "this ( is not closed")
        if boost := _BOOST.match(self.text, self.at):
            self.at = boost.end()
            group = replace(group, boost=float(boost.group(1)))
        return group

    def value(self, start: int, name: str | None) -> Item:
        text = self.text
        if text[self.at] == '"':
            return self.phrase(start, name)
        found = _RANGE.match(text, self.at) if name is not None else None
        if found is not None and (ends := _ends(found.group(2))) is not None:
            self.at = found.end()
            low, high = map(_limit, ends)
            low_open, high_open = found.group(1) == "{", found.group(3) == "}"
            return Item("range", found.group(), start, self.at, name, 1, low, high, low_open, high_open)
        if name is not None and (found := _COMPARISON.match(text, self.at)):
            self.at = found.end()
            sign, limit = found.group(1), found.group(2) or found.group(3) or ""
            if sign[0] == ">":
                return Item("range", found.group(), start, self.at, name, low=limit, low_open=sign == ">")
            return Item("range", found.group(), start, self.at, name, high=limit, high_open=sign == "<")
        if found := _REGEX.match(text, self.at):
            self.at = found.end()
            return Item("regex", found.group(1), start, self.at, name)
        found = _WORD.match(text, self.at)
        assert found is not None  # what else begins an item was handled above
        self.at = found.end()
        word = found.group()
        written = self.written[found.start() : found.end()]
        if (place := word.rfind("^")) > 0 and _BOOST.fullmatch(word, place):
            self.at -= len(word) - place
            word, written = word[:place], written[:place]
        if name is not None and word == "*":
            return Item("exists", word, start, self.at, name)
        if fuzzy := _FUZZY.fullmatch(word):
            letters = written[: fuzzy.end(1)]
            return Item("fuzzy", letters, start, self.at, name, amount=int(fuzzy.group(2) or 1))
        if re.search(r"[*?]", word) and re.search(r"\w", word):
            mixed = "".join(mark if mark in "*?" else own for mark, own in zip(word, written, strict=True))
            return Item("pattern", mixed, start, self.at, name)
        return Item("word", written, start, self.at, name)

    def phrase(self, start: int, name: str | None) -> Item:
        opening = self.at
        closing = self.text.find('"', opening + 1)
        if closing < 0:
            self.note("bad-syntax", opening, opening + 1, "this quote is not closed")
            # The quote alone is dropped: what follows is searched as words.
            self.at += 1
            self.skip()
            if self.at >= len(self.text) or self.text[self.at] in "()":
                return Item("word", "", start, self.at, name)
            return self.value(start, name)
        self.at = closing + 1
        item = Item("phrase", self.written[opening + 1 : closing], start, self.at, name)
        if slop := _SLOP.match(self.text, self.at):
            self.at = slop.end()
            item = replace(item, amount=max(1, int(slop.group(1) or 1)), end=self.at)
        return item


def _ends(text: str) -> tuple[str, str] | None:
    """Both ends of what stands in the brackets of a range; None if it is no range."""
    start = 0
    if text.lstrip()[:1] == '"':
        start = text.find('"', text.find('"') + 1) + 1
    to = _TO.search(text, start)
    return None if to is None or (start and to.start() != start) else (text[: to.start()], text[to.end() :])


def _limit(text: str) -> str | None:
    """An end of a range: None where it is open, and as it stands between quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1]
    return None if text in ("", "*") else text.strip('"')


def _plain_words(text: str) -> Group | None:
    """The tree of words and single spaces, the same as the parser's: side by side, or all joined by one operator."""
    if len(text) > MAX_CHARACTERS or text.count(" ") > 2 * MAX_CLAUSES or not _WORDS.fullmatch(text):
        return None
    items: list[Node] = []
    operators = set()
    start = 0
    for word in text.split(" "):
        end = start + len(word)
        if word in _OPERATORS:
            operators.add(word)
        else:
            items.append(Item("word", word, start, end))
        start = end + 1
    if len(items) > MAX_CLAUSES:
        return None
    if not operators:
        return Group("", tuple(items))
    joined = text.split(" ")[1::2]
    if len(operators) > 1 or "NOT" in operators or len(joined) != len(items) - 1 or set(joined) != operators:
        return None
    return Group("", (Group(operators.pop().lower(), tuple(items), start=0, end=len(text)),))


def without_halves(text: str) -> str:
    """A text without halves of surrogate pairs, as long as it was."""
    return text if text.isascii() else text.translate(_NO_HALVES)


def plain_signs(text: str) -> str:
    """A text with the signs of typography and full-width keyboards made plain, as long as it was."""
    return text if text.isascii() else text.translate(_PLAIN)


def parse_text(text: str) -> tuple[Group, list[Note]]:
    """The syntax tree of a query text, and notes on what was left out of it. Never raises for any text."""
    if (plain := _plain_words(text)) is not None:  # most queries are, and need not go the long way
        return plain, []
    written = without_halves(text[:MAX_CHARACTERS])
    parser = _Parser(plain_signs(written), written)
    tree = parser.query(0)
    if len(text) > MAX_CHARACTERS and not parser.stopped:
        message = f"only the first {MAX_CHARACTERS:,} characters of a query are read"
        parser.notes.append(Note("too-broad", MAX_CHARACTERS, len(text), message))
    return tree, parser.notes
