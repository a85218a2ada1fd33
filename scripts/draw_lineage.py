"""Draw docs/images/dbt-lineage.svg: which model of the dbt package reads which.

``--check`` only says whether the picture is current.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUT = ROOT / "docs" / "images" / "dbt-lineage.svg"
REF = re.compile(r"\bref\('(\w+)'\)")
POINTS = ["points_ledger", "points_moves", "points_walk", "points_lots"]
BOX, GAP, LEFT, STEP = (250, 26), 12, 20, 350


def models() -> dict[str, list[str]]:
    """Return the models and what each of them reads."""
    paths = [*(ROOT / "dbt" / "models").rglob("*.sql"), *(ROOT / "dbt" / "snapshots").rglob("*.sql")]
    return {path.stem: list(dict.fromkeys(REF.findall(path.read_text(encoding="utf-8")))) for path in sorted(paths)}


def column_of(name: str) -> int:
    """Return the column of a model: staging, points with the snapshot, or marts."""
    if name.startswith("stg_"):
        return 0
    return 1 if name in POINTS or name.endswith("_snapshot") else 2


def placed(read: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Return the position of each model's box."""
    columns: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for name in sorted(read, key=lambda name: (POINTS.index(name) if name in POINTS else len(POINTS), name)):
        columns[column_of(name)].append(name)
    rows = max(map(len, columns.values()))
    found = {}
    for column, names in columns.items():
        pitch = (BOX[1] + GAP) * rows / len(names)
        for row, name in enumerate(names):
            found[name] = (LEFT + column * STEP, round(50 + pitch * (row + 0.5) - BOX[1] / 2))
    return found


def svg() -> str:
    """Return the picture."""
    read = models()
    at = placed(read)
    width, height = LEFT * 2 + 2 * STEP + BOX[0], max(y for _, y in at.values()) + BOX[1] + 30
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="t">',
        '  <title id="t">Tables of a load on the left, points of the ledgers in the middle, marts on the right</title>',
        f'  <rect width="{width}" height="{height}" rx="12" fill="#f8f9fa"/>',
        '  <g fill="none" stroke="#3b5bdb" stroke-opacity="0.55">',
    ]
    lines += [_arrow(at[source], at[name]) for name, sources in read.items() for source in sources]
    lines += ["  </g>", '  <g font-size="13" text-anchor="middle" fill="#212529">']
    for column, title in enumerate(("staging: tables of a load", "points and snapshot", "marts")):
        lines.append(f'    <text x="{LEFT + column * STEP + BOX[0] // 2}" y="30" font-weight="bold">{title}</text>')
    for name, (x, y) in at.items():
        box = f'<rect x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="6" fill="#ffffff" stroke="#495057"/>'
        text = f'<text x="{x + BOX[0] // 2}" y="{y + 18}">{name.removeprefix("stg_talon_one__")}</text>'
        lines.append(f"    {box}{text}")
    return "\n".join([*lines, "  </g>", "</svg>", ""])


def _arrow(source: tuple[int, int], target: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = source, target
    if x1 == x2:
        middle = x1 + BOX[0] // 2
        if y2 - y1 < 3 * BOX[1]:
            return f'    <path d="M{middle} {y1 + BOX[1]} L{middle} {y2}"/>'
        side = x1 + BOX[0]
        return f'    <path d="M{side} {y1 + 13} C{side + 40} {y1 + 13} {side + 40} {y2 + 13} {side} {y2 + 13}"/>'
    start, end, bend = x1 + BOX[0], x2, (x2 - x1 - BOX[0]) // 2
    return f'    <path d="M{start} {y1 + 13} C{start + bend} {y1 + 13} {end - bend} {y2 + 13} {end} {y2 + 13}"/>'


def main() -> int:
    """Write the picture, or report that it is not current."""
    if "--check" in sys.argv:
        if not OUT.exists() or OUT.read_text(encoding="utf-8") != svg():
            print(f"{OUT.relative_to(ROOT)} is not current; run: make docs", file=sys.stderr)
            return 1
        return 0
    OUT.write_text(svg(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
