"""The journal of effects: what each event has caused.

The Rule Engine is not emulated, so that a seed or a control endpoint writes the journal.
Source: https://docs.talon.one/docs/dev/integration-api/api-effects
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_emulator.domain.account import raw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_one_emulator.domain.account import Account

REDEEMED = "acceptCoupon"
_COLUMNS = "id, event, campaign, ruleset, rule_index, rule, type, coupon, props"


class Effect(NamedTuple):
    """A row of table ``effects``; ``props`` is JSON, ``coupon`` the id of the coupon that triggered it."""

    id: int
    event: int
    campaign: int
    ruleset: int
    rule_index: int
    rule: str
    type: str
    coupon: int | None
    props: str


def write(account: Account, effects: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows without their ids; the effects of an event keep their order."""
    account.store.db.executemany(
        "INSERT INTO effects (event, campaign, ruleset, rule_index, rule, type, coupon, props)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        effects,
    )


def of_events(account: Account, events: Sequence[int]) -> Mapping[int, list[Effect]]:
    """Return the effects of each event that has any, in their order."""
    marks = ", ".join("?" * len(events))
    found: dict[int, list[Effect]] = {}
    for row in account.store.rows(f"SELECT {_COLUMNS} FROM effects WHERE event IN ({marks}) ORDER BY id", events):  # noqa: S608
        found.setdefault(row[1], []).append(Effect(*row))
    return found


def describe(effect: Effect) -> dict[str, Any]:
    """Return the JSON object Effect."""
    return {
        "campaignId": effect.campaign,
        "rulesetId": effect.ruleset,
        "ruleIndex": effect.rule_index,
        "ruleName": effect.rule,
        "effectType": effect.type,
        "props": raw(effect.props),
        **({} if effect.coupon is None else {"triggeredByCoupon": effect.coupon}),
    }


def redemptions(account: Account, coupon: int) -> int:
    """Return how often a coupon was redeemed."""
    count = account.store.scalar("SELECT count(*) FROM effects WHERE coupon = ? AND type = ?", [coupon, REDEEMED])
    return int(count)
