"""The chart of the results: for some rows, a bar for each program, as long as its rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from results import medians
from rows.model import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rows.model import Row

SHOWN = ("tap_a", "tap_a_50ms", "tap_b", "load_duckdb", "push", "push_50ms")
WIDTH, LABEL, BAR, STEP, TITLE = 860, 220, 440, 18, 34
COLORS = {OURS: "#1f6feb", "limit": "#c9d1d9"}
OTHERS = "#8b949e"


def _color(name: str) -> str:
    return next((color for start, color in COLORS.items() if name.startswith(start)), OTHERS)


def draw(results: Mapping[str, Any], rows: list[Row]) -> str:
    """Return the chart as SVG."""
    y, parts = 8, []
    for row in (row for row in rows if row.name in SHOWN and row.name in results):
        found = medians(results[row.name])
        most = max(one.rate for one in found.values())
        parts.append(f'<text x="8" y="{y + 18}" font-weight="bold">{escape(row.title)} ({row.unit}/s)</text>')
        y += TITLE - 6
        for name, one in sorted(found.items(), key=lambda pair: -pair[1].rate):
            length = max(2.0, BAR * one.rate / most)
            parts.append(f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>')
            parts.append(f'<rect x="{LABEL}" y="{y + 2}" width="{length:.1f}" height="12" fill="{_color(name)}"/>')
            parts.append(f'<text x="{LABEL + length + 6:.1f}" y="{y + 12}">{one.rate:,.0f}</text>')
            y += STEP
        y += 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="white"/>', *parts, "</svg>"]) + "\n"
