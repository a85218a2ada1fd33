"""Creation of campaigns, coupons, sessions, and events with their effects, which the Rule Engine would write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_emulator.api import json_text
from talon_one_emulator.control.fixtures import Record, parsed, refuse_unknown, text
from talon_one_emulator.domain import profiles, sessions, timestamps
from talon_one_emulator.domain.promotions import effects

if TYPE_CHECKING:
    from talon_one_emulator.domain.account import Account

_CAMPAIGN_FIELDS = (
    "description", "attributes", "tags", "features", "rules", "limits", "budgets", "campaignGroups", "templateId",
    "linkedStoreIds", "linkedAudienceIds",
)  # fmt: skip
_COUPON_FIELDS = (
    "startDate", "expiryDate", "recipientIntegrationId", "attributes", "batchId", "importId", "referralId",
    "discountLimit", "reservationLimit", "deleted",
)  # fmt: skip
_COUPON_INSTANTS = ("startDate", "expiryDate", "deleted")
_SESSION_FIELDS = {
    "integrationId", "profileId", "state", "created", "updated", "cartItems", "additionalCosts", "attributes",
    "couponCodes", "referralCode", "identifiers", "storeIntegrationId",
}  # fmt: skip
_EVENT_FIELDS = {"type", "profile", "session", "created", "attributes", "storeIntegrationId", "effects"}
_EFFECT_FIELDS = {"campaignId", "rulesetId", "ruleIndex", "ruleName", "effectType", "triggeredByCoupon", "props"}


def add_campaign(account: Account, given: Record) -> int:
    """Create a campaign from ``{id, name, state, startTime, endTime}`` and other fields of a Campaign.

    ``name`` is required; ``state`` is ``enabled``, ``disabled`` or ``archived``.
    """
    refuse_unknown("a campaign", given, {"id", "name", "state", "startTime", "endTime", *_CAMPAIGN_FIELDS})
    if given.get("state", "enabled") not in ("enabled", "disabled", "archived"):
        raise ValueError("state must be enabled, disabled or archived")
    return account.store.insert(
        "campaigns",
        id=given.get("id"),
        created=account.now(),
        name=text(given, "name"),
        state=given.get("state", "enabled"),
        starts=parsed(given, "startTime"),
        ends=parsed(given, "endTime"),
        body=_fields(given, _CAMPAIGN_FIELDS),
    )


def add_coupon(account: Account, given: Record) -> int:
    """Create a coupon from ``{value, campaignId, usageLimit}`` and other fields of a Coupon.

    A coupon with ``deleted``, an instant, is in the export only, as one that was deleted a short time ago.
    """
    refuse_unknown("a coupon", given, {"value", "campaignId", "usageLimit", *_COUPON_FIELDS})
    instants = {name: timestamps.render(timestamps.parse(given[name])) for name in _COUPON_INSTANTS if name in given}
    return account.store.insert(
        "coupons",
        created=account.now(),
        campaign=int(given.get("campaignId", 1)),
        value=text(given, "value"),
        usage_limit=int(given.get("usageLimit", 0)),
        body=_fields({**given, **instants}, _COUPON_FIELDS),
    )


def add_event(account: Account, given: Record) -> int:
    """Record an event from ``{type, profile, session, created, attributes, storeIntegrationId, effects}``.

    ``type`` is required. An effect is ``{campaignId, effectType, props}`` and optionally ``rulesetId``, ``ruleIndex``,
    ``ruleName`` and ``triggeredByCoupon``. A missing profile is created.
    """
    refuse_unknown("an event", given, _EVENT_FIELDS)
    profile, created = given.get("profile", ""), parsed(given, "created")
    if profile:
        profiles.ensure(account, [profile])
    event = account.store.insert(
        "events",
        created=account.now() if created is None else created,
        profile=profile,
        type=text(given, "type"),
        attributes=json_text.encode_text(given.get("attributes", {})),
        store=given.get("storeIntegrationId"),
        session=given.get("session"),
    )
    effects.write(account, [_effect(event, each) for each in given.get("effects", ())])
    return event


def add_session(account: Account, given: Record) -> int:
    """Create a session from ``{integrationId, profileId, state, created, updated}`` and fields of a CustomerSession.

    Its sale counts for no profile, as if the session were older than the account's statistics.
    """
    refuse_unknown("a session", given, _SESSION_FIELDS)
    name, created = text(given, "integrationId"), parsed(given, "created")
    session = sessions.save(account, name, sessions.find(account, name), given, given.get("state", "open"))
    updated = parsed(given, "updated")
    account.store.db.execute(
        "UPDATE sessions SET created = coalesce(?, created), updated = coalesce(?, ?, updated) WHERE id = ?",
        (created, updated, created, session.id),
    )
    return session.id


def _effect(event: int, given: Record) -> tuple[Any, ...]:
    refuse_unknown("an effect", given, _EFFECT_FIELDS)
    return (
        event,
        int(given.get("campaignId", 1)),
        int(given.get("rulesetId", 1)),
        int(given.get("ruleIndex", 0)),
        str(given.get("ruleName", "")),
        text(given, "effectType"),
        given.get("triggeredByCoupon"),
        json_text.encode_text(given.get("props", {})),
    )


def _fields(given: Record, names: tuple[str, ...]) -> str:
    return json_text.encode_text({name: given[name] for name in names if name in given})
