"""Tables as text: values parted by commas, semicolons, tabs or bars, under a line of column names."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from searchkit.errors import ArticleError
from searchkit.sources import streams
from searchkit.sources.file import File
from searchkit.sources.record import Record

_DELIMITERS = ",;\t|"

# Rows that show how the table is made: what parts values, and which columns are numbers.
_SAMPLE = 200

# Numbers that come out of a float64 or an int as they went in: no leading zeros, no sign of plus, at most 15 digits.
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{0,14}[1-9])?")

# Excel's own way to say what parts the values.
_SEPARATOR = re.compile(r"sep=(.)\r?", re.IGNORECASE)


def read(file: File) -> Iterator[Record]:
    """The rows of a table, whose first line names the columns. Columns of nothing but numbers are numbers."""
    lines = file.text_lines()
    sample = list(islice(lines, _SAMPLE))
    if sample and (said := _SEPARATOR.fullmatch(sample[0][1])):
        delimiter = said[1]
        del sample[0]
    else:
        delimiter = _delimiter([line for _, line in sample])
    rows = _rows(chain(sample, lines), delimiter, file)
    header = next((values for _, values in rows), None)
    if header is None:
        raise ArticleError("the table is empty")
    columns = _columns(header, file)
    first = list(islice(rows, _SAMPLE))
    numeric = _numeric([values for _, values in first], len(header))
    for line, values in chain(first, rows):
        if len(values) != len(header):
            file.reject(f"{len(values)} values, where the first line names {len(header)} columns", line)
            continue
        yield Record(
            {
                name: _number(value) if position in numeric else value or None
                for position, (name, value) in enumerate(zip(columns, values, strict=True))
                if name is not None
            },
            line,
        )


def _rows(lines: Iterable[tuple[int, str]], delimiter: str, file: File) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line that it begins in; those that cannot be read are rejected."""
    begun: list[int] = []  # numbers of the lines of the row at hand

    def fed() -> Iterator[str]:
        for number, line in lines:
            begun.append(number)
            yield line + "\n"

    reader = csv.reader(fed(), delimiter=delimiter, strict=True)
    while True:
        begun.clear()
        # The longest value is a setting of the whole process, so it is put back before anybody else can see it.
        limit = csv.field_size_limit(streams.MAX_RECORD)
        try:
            row = next(reader, None)
        except csv.Error as error:
            file.reject(f"not a row: {error}", begun[0] if begun else None)
            continue
        finally:
            csv.field_size_limit(limit)
        if row is None:
            return
        if any(value.strip() for value in row):
            yield begun[0], row


def _delimiter(sample: list[str]) -> str:
    """What parts the values: that by which most rows have as many as the first; among equals, that which gives most."""
    best, chosen = (0.0, 0), ","
    for delimiter in _DELIMITERS:
        try:
            widths = [len(row) for row in csv.reader((f"{line}\n" for line in sample), delimiter=delimiter) if row]
        except csv.Error:  # a value longer than the process allows; the lines before it do not show here
            widths = [line.count(delimiter) + 1 for line in sample]
        if widths and widths[0] > 1:
            best, chosen = max((best, chosen), ((widths.count(widths[0]) / len(widths), widths[0]), delimiter))
    return chosen


def _columns(header: list[str], file: File) -> list[str | None]:
    """The names of the columns; None for one without a name, or with the name of an earlier one."""
    names = [name.strip() for name in header]
    for name, count in Counter(names).items():
        if count > 1 and name:
            file.warn(f"the column {name!r} is there {count} times, the first counts", 1)
    return [name if name and name not in names[:position] else None for position, name in enumerate(names)]


def _numeric(rows: list[list[str]], width: int) -> set[int]:
    """The positions of columns that are nothing but numbers, as far as some rows show."""
    found = set()
    for position in range(width):
        values = [row[position] for row in rows if len(row) == width and row[position]]
        if values and all(map(_NUMBER.fullmatch, values)):
            found.add(position)
    return found


def _number(text: str) -> int | float | str | None:
    """The value of a column of numbers; what is none stays a text, which a declared number does not take."""
    if not text:
        return None
    if not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)
