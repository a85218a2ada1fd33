"""The chart of the demo: points by month, and the distribution of balances.

``python -m talon_one_cli.demo.picture WAREHOUSE AS_OF PNG`` prints the path of the picture.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from talon_one_singer.cli.output import say

if TYPE_CHECKING:
    from collections.abc import Callable

BY_MONTH = """
    WITH moves AS (
        SELECT date_trunc('month', created) AS month, CASE type WHEN 'addition' THEN amount END AS issued,
               CASE type WHEN 'subtraction' THEN amount END AS spent, NULL AS expired
        FROM talon_one.loyalty_card_transactions
        UNION ALL
        SELECT date_trunc('month', expiry_at), NULL, NULL, amount
        FROM talon_one.loyalty_card_transactions WHERE type = 'addition' AND expiry_kind = 'timestamp'
    )
    SELECT strftime(month, '%Y-%m'), coalesce(sum(issued), 0), coalesce(sum(spent), 0), coalesce(sum(expired), 0)
    FROM moves WHERE month < TIMESTAMPTZ '2019-02-01' GROUP BY 1 ORDER BY 1
"""


def draw(query: Callable[[str], list[tuple[Any, ...]]], as_of: str, path: Path) -> Path:
    """Draw the chart from the warehouse, write it to a PNG file, and return its path."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    months, issued, spent, expiring = zip(*query(BY_MONTH), strict=True)
    balances = query(
        f"SELECT active_points FROM talon_one.loyalty_card_balances WHERE as_of = '{as_of}'"  # noqa: S608
    )
    figure, panels = plt.subplot_mosaic(
        [["points", "balances"], ["spent", "balances"]], figsize=(14, 6), width_ratios=(3, 2), layout="constrained"
    )
    positions = list(range(len(months)))
    points, below, right = panels["points"], panels["spent"], panels["balances"]
    points.bar([p - 0.2 for p in positions], [float(v) / 1000 for v in issued], 0.4, label="issued", color="#2a6f97")
    points.bar(
        [p + 0.2 for p in positions],
        [float(v) / 1000 for v in expiring],
        0.4,
        label="reaching their expiry date",
        color="#d1495b",
    )
    points.set_title("Points issued, and points that expire if not spent, by month")
    points.legend(ncols=2)
    points.margins(y=0.3)
    below.bar(positions, [float(v) / 1000 for v in spent], 0.6, color="#edae49")
    below.set_title("Points spent by month")
    for panel in (points, below):
        panel.set_ylabel("thousand points")
        panel.set_xticks(positions, months, rotation=60, ha="right", fontsize=8)
    right.hist([float(row[0]) for row in balances], bins=60, color="#2a6f97")
    right.set_title(f"Active points of {len(balances):,} cards on {as_of[:10]}")
    right.set_xlabel("points")
    right.set_ylabel("cards")
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path


def main() -> None:
    """Draw the chart of a warehouse."""
    warehouse, as_of, path = sys.argv[1:]
    with duckdb.connect(warehouse, read_only=True) as db:
        say(str(draw(lambda sql: db.execute(sql).fetchall(), as_of, Path(path))))


if __name__ == "__main__":
    main()
