"""Events of an Application with their effects, effects as CSV, and event types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import Answer, Call, handles, ok
from talon_one_emulator.domain import cart
from talon_one_emulator.domain.account import APPLICATION_ID, raw, stamp
from talon_one_emulator.domain.loyalty.transactions import ORDERS
from talon_one_emulator.domain.promotions import effects
from talon_one_emulator.handlers.listing import count, ordering, window
from talon_one_emulator.handlers.management.csv_answer import csv_answer, date
from talon_one_emulator.handlers.management.filters import between, check_application, where

if TYPE_CHECKING:
    from collections.abc import Iterator

_ORDERS = {"id": "id", "created": "created", "type": "type"}
_TYPE_ORDERS = {"id": "min(id)", "created": "min(created)", "name": "type", "title": "type"}
_COLUMNS = (
    "id, created, profile, type, attributes, store, integration_id,"
    " (SELECT id FROM profiles WHERE integration_id = profile),"
    " (SELECT id FROM sessions WHERE integration_id = session)"
)
_CAUSED = "id IN (SELECT event FROM effects WHERE {})"
_OF_COUPON = _CAUSED.format("coupon IN (SELECT id FROM coupons WHERE value = ?)")
_OF_CAMPAIGN = _CAUSED.format("campaign IN (SELECT id FROM campaigns WHERE instr(lower(name), lower(?)))")
_EFFECTS = (
    "created,name,applicationid,campaignid,rulesetid,ruleindex,sessionintegrationid,profileintegrationid,sessionid,"
    "profileid,eventid,event_type,total_revenue,props,couponid,store_id,store_integration_id"
)
_EFFECTS_BY_TEXT = (
    "applicationid,campaignid,couponid,created,event_type,eventid,name,profileintegrationid,props,ruleindex,rulesetid,"
    "sessionid,profileid,sessionintegrationid,total_revenue,store_integration_id"
)


@handles(endpoints.GET_APPLICATION_EVENTS_WITHOUT_TOTAL_COUNT)
def get_application_events_without_total_count(call: Call) -> Answer:
    """List events with their effects; the order without ``sort`` is that of the switch ``order``."""
    check_application(call)
    query = call.query
    condition, args = where([
        ("type = ?", query.get("type")),
        *between(call, "created", "createdAfter", "createdBefore"),
        ("session = ?", query.get("session")),
        ("profile = ?", query.get("profile")),
        (_CAUSED.format("type = ?"), query.get("effectType")),
        (_CAUSED.format("instr(lower(rule), lower(?))"), query.get("ruleQuery")),
        (_OF_COUPON, query.get("couponCode")),
        (_OF_CAMPAIGN, query.get("campaignQuery")),
    ])  # fmt: skip
    order = ordering(query.get("sort"), _ORDERS, ORDERS[call.account.switches.order])
    rows, more = window(call, "events", condition, args, order=order, columns=_COLUMNS)
    caused = effects.of_events(call.account, [row[0] for row in rows])
    return ok({"hasMore": more, "data": [_describe(row, caused.get(row[0], [])) for row in rows]})


def _describe(row: tuple[Any, ...], caused: list[effects.Effect]) -> dict[str, Any]:
    event, created, _, kind, attributes, store, name, profile, session = row
    optional = {"storeIntegrationId": store, "integrationId": name, "profileId": profile, "sessionId": session}
    return {
        "id": event,
        "created": stamp(created),
        "applicationId": APPLICATION_ID,
        "type": kind,
        "attributes": raw(attributes),
        "effects": [effects.describe(effect) for effect in caused],
        **{field: value for field, value in optional.items() if value is not None},
    }


@handles(endpoints.EXPORT_EFFECTS)
def export_effects(call: Call) -> Answer:
    """Export effects with their events, ordered by event."""
    check_application(call)
    condition, args = where([
        ("f.campaign = ?", call.query.get("campaignId")),
        *between(call, "e.created", "createdAfter", "createdBefore"),
    ])  # fmt: skip
    rows = call.account.store.rows(
        "SELECT e.created, f.type, f.campaign, f.ruleset, f.rule_index, e.session, e.profile, s.id, p.id, e.id, e.type,"  # noqa: S608
        " s.body, f.props, f.coupon, e.store FROM effects f JOIN events e ON e.id = f.event"
        " LEFT JOIN sessions s ON s.integration_id = e.session LEFT JOIN profiles p ON p.integration_id = e.profile"
        f" WHERE {condition} ORDER BY e.created, e.id, f.id",
        args,
    )
    return csv_answer(call, _EFFECTS, _effect_lines(call, rows), text=_EFFECTS_BY_TEXT)


def _effect_lines(call: Call, rows: list[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        created, kind, campaign, ruleset, index, session, profile, session_id, profile_id, event, event_type = row[:11]
        body, props, coupon, store = row[11:]
        yield {
            "created": date(call, created),
            "name": kind,
            "applicationid": APPLICATION_ID,
            "campaignid": campaign,
            "rulesetid": ruleset,
            "ruleindex": index,
            "sessionintegrationid": session or "",
            "profileintegrationid": profile,
            "sessionid": "" if session_id is None else session_id,
            "profileid": "" if profile_id is None else profile_id,
            "eventid": event,
            "event_type": event_type,
            "total_revenue": _revenue(body),
            "props": props,
            "couponid": "" if coupon is None else coupon,
            "store_integration_id": store or "",
        }


def _revenue(session: str | None) -> Any:
    body = json_text.decode(session or "{}")
    return cart.totals(body.get("cartItems", []), body.get("additionalCosts") or {}).total


@handles(endpoints.GET_EVENT_TYPES)
def get_event_types(call: Call) -> Answer:
    """List the types of the events that there are; each has the id and the time of its first event."""
    condition, args = where([("type = ?", call.query.get("name"))])
    order = ordering(call.query.get("sort"), _TYPE_ORDERS, "min(id)")
    columns = "min(id), min(created), type"
    rows, _ = window(call, "events", f"{condition} GROUP BY type", args, order=order, columns=columns)
    total = count(call, "(SELECT DISTINCT type FROM events)", condition, args)
    data = [{"id": first, "created": stamp(created), "title": name, "name": name} for first, created, name in rows]
    return ok({"totalResultSize": total, "data": data})
