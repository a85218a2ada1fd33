"""The demo's picture: points by month, and how balances are distributed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    """Draw it from the warehouse into a PNG file."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    months, issued, spent, expiring = zip(*query(BY_MONTH), strict=True)
    balances = query(
        f"SELECT active_points FROM talon_one.loyalty_card_balances WHERE as_of = '{as_of}'"  # noqa: S608
    )
    figure, (left, right) = plt.subplots(1, 2, figsize=(14, 5), width_ratios=(3, 2), layout="constrained")
    places = range(len(months))
    left.bar([p - 0.22 for p in places], [float(v) / 1000 for v in issued], 0.4, label="issued", color="#2a6f97")
    left.bar([p + 0.22 for p in places], [float(v) / 1000 for v in expiring], 0.4, label="expiring", color="#d1495b")
    left.plot(places, [float(v) for v in spent], label="spent (points, not thousands)", color="#edae49", marker="o")
    left.set_xticks(list(places), months, rotation=60, ha="right")
    left.set_ylabel("thousand points")
    left.set_title("Points by month")
    left.legend()
    right.hist([float(row[0]) for row in balances], bins=60, color="#2a6f97")
    right.set_title(f"Active points of {len(balances):,} cards on {as_of[:10]}")
    right.set_xlabel("points")
    right.set_ylabel("cards")
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
