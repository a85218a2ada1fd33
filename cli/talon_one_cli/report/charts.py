"""Charts as SVG in the colors of the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_cli.report.page import Html, escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

COLORS = ("--one", "--two", "--three", "--four")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 960, 260, 62, 10, 12, 34
_LABEL_WIDTH = 58


@dataclass(frozen=True, slots=True)
class Series:
    """Values of one color, one for each label."""

    name: str
    values: Sequence[float]


def bars(labels: Sequence[str], series: Sequence[Series], *, about: str, stacked: bool = False) -> Html:
    """Return a chart of bars, side by side or on top of each other.

    Args:
        labels: below the bars.
        series: at most four.
        about: what the chart shows, for readers who do not see it.
        stacked: put the bars on top of each other.
    """
    tops = [sum(values) if stacked else max(values) for values in zip(*(one.values for one in series), strict=True)]
    step = _step(max(tops, default=0))
    most = step * max(1, math.ceil(max(tops, default=0) / step))
    drawn = _grid(step, most) + _labels(labels)
    slot = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    width = slot * 0.76 / (1 if stacked else len(series))
    for index, label in enumerate(labels):
        below = 0.0
        for number, one in enumerate(series):
            value = one.values[index]
            x = _LEFT + slot * (index + 0.12) + (0 if stacked else number * width)
            drawn += _bar(x, width, (below, value, most), COLORS[number], f"{label}: {value:,.10g} {one.name}")
            below += value if stacked else 0
    return _figure(drawn, series, about)


def lines(seconds: Sequence[float], series: Sequence[Series], *, about: str) -> Html:
    """Return a chart of growing counts over the seconds of a run."""
    most_seconds = max(seconds, default=0) or 1
    highest = max((value for one in series for value in one.values), default=0)
    step = _step(highest)
    most = step * max(1, math.ceil(highest / step))
    between = _step(most_seconds)
    drawn = _grid(step, most)
    for number in range(int(most_seconds / between) + 1):
        x = _x(number * between / most_seconds)
        anchor = "end" if x > _WIDTH - _RIGHT - _LABEL_WIDTH / 2 else "middle"
        drawn += f'<text x="{x:.1f}" y="{_HEIGHT - 10}" text-anchor="{anchor}">{number * between:,.6g} s</text>'
    for number, one in enumerate(series):
        points = " ".join(
            f"{_x(at / most_seconds):.1f},{_y(value / most):.1f}" for at, value in zip(seconds, one.values, strict=True)
        )
        drawn += f'<polyline points="{points}" fill="none" style="stroke: var({COLORS[number]})" stroke-width="2.5"/>'
    return _figure(drawn, series, about)


def short(value: float) -> str:
    """Return a number in few characters: 12.5k, 3M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def _step(highest: float) -> float:
    """Return the distance of grid lines: 1, 2 or 5 times a power of ten, so that there are at most five."""
    if highest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(highest / 4))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 5 >= highest)


def _grid(step: float, most: float) -> str:
    drawn = ""
    for number in range(round(most / step) + 1):
        y = _y(number * step / most)
        drawn += f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" style="stroke: var(--line)"/>'
        drawn += f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{short(number * step)}</text>'
    return drawn


def _labels(labels: Sequence[str]) -> str:
    slot = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    every = max(1, math.ceil(_LABEL_WIDTH / slot))
    return "".join(
        f'<text x="{_LEFT + slot * (index + 0.5):.1f}" y="{_HEIGHT - 10}" text-anchor="middle">{escaped(label)}</text>'
        for index, label in enumerate(labels)
        if index % every == 0
    )


def _bar(x: float, width: float, values: tuple[float, float, float], color: str, title: str) -> str:
    below, value, most = values
    top, bottom = _y((below + value) / most), _y(below / most)
    place = f'x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(bottom - top, 0):.1f}"'
    return f'<rect {place} style="fill: var({color})"><title>{escaped(title)}</title></rect>'


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def _figure(drawn: str, series: Sequence[Series], about: str) -> Html:
    legend = "".join(
        f'<span><i style="background: var({COLORS[number]})"></i>{escaped(one.name)}</span>'
        for number, one in enumerate(series)
    )
    return Html(
        f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(about)}">{drawn}</svg>'
        f'<figcaption class="legend">{legend}</figcaption></figure>'
    )
