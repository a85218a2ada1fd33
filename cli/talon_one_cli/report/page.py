"""The parts of a report: text, tables, figures, and the page around them."""

from __future__ import annotations

import html
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from talon_one_singer.reporting.printable import printable
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Html:
    """HTML of this program, in contrast to texts of others, which are escaped."""

    text: str


def escaped(value: object) -> str:
    """Return a value as HTML: text is redacted, made printable and escaped."""
    return value.text if isinstance(value, Html) else html.escape(printable(redact(str(value))))


def page(title: str, about: str, parts: Iterable[Html]) -> str:
    """Return a complete HTML document, which loads nothing from anywhere."""
    body = "\n".join(part.text for part in parts)
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escaped(title)}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<style>\n{style}</style></head><body>\n<h1>{escaped(title)}</h1>\n<p class="soft">{escaped(about)}</p>\n'
        f"{body}\n</body></html>\n"
    )


def heading(text: str, *, level: int = 2) -> Html:
    """Return a heading."""
    return Html(f"<h{level}>{escaped(text)}</h{level}>")


def paragraph(text: object, *, kind: str = "") -> Html:
    """Return a paragraph; its kind is soft, good, bad or nothing."""
    return Html(f'<p class="{kind}">{escaped(text)}</p>')


def tiles(figures: Iterable[tuple[str, object]]) -> Html:
    """Return figures with their names, side by side."""
    found = "".join(
        f'<div class="tile"><b>{escaped(value)}</b><span>{escaped(name)}</span></div>' for name, value in figures
    )
    return Html(f'<div class="tiles">{found}</div>')


def table(texts: Sequence[str], numbers: Sequence[str], rows: Iterable[Sequence[object]]) -> Html:
    """Return a table whose text columns are followed by right-aligned columns of numbers."""
    kinds = [""] * len(texts) + [' class="number"'] * len(numbers)
    head = "".join(f"<th{kind}>{escaped(name)}</th>" for kind, name in zip(kinds, [*texts, *numbers], strict=True))
    body = "".join(
        f"<tr>{''.join(f'<td{kind}>{escaped(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>\n"
        for row in rows
    )
    return Html(f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>')


def folded(summary: str, *parts: Html) -> Html:
    """Return parts that are shown when the reader asks for them."""
    return Html(f"<details><summary>{escaped(summary)}</summary>{''.join(part.text for part in parts)}</details>")


def code(text: object) -> Html:
    """Return a text as code."""
    return Html(f"<code>{escaped(text)}</code>")
