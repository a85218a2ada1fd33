"""The sinks of loyalty programs: members, cards and their links, points to activate, transactions to delete."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from target_talon_one.sinks import payloads
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

_PROGRAM = ("loyaltyProgramId", "target.loyalty_program_id")
_CARD = (_PROGRAM, ("loyaltyCardId", "loyaltyCardId"))
_PROFILE = (_PROGRAM, ("integrationId", "integrationId"))

_LINK = Action(ep.LINK_LOYALTY_CARD_TO_PROFILE, body=payloads.only("integrationId"), path=_CARD)
_UNLINK = Action(ep.UNLINK_LOYALTY_CARD_FROM_PROFILE, body=payloads.only("integrationId"), path=_CARD)

LOYALTY_CARD_LINKS = SinkType(
    "loyalty_card_links",
    "Links of loyalty cards to profiles.",
    (key_field("loyaltyCardId", max_length=108, personal=True), key_field("integrationId", personal=True)),
    {
        "upsert": {"add": _LINK},
        "add": {"add": _LINK},
        "remove": {"remove": _UNLINK},
    },
    target=("loyalty_program_id",),
    ordering_key="integrationId",
    results=True,
)

LOYALTY_CARDS = SinkType(
    "loyalty_cards",
    "New loyalty cards, with the identifiers of the rows.",
    (
        key_field("cardIdentifier", max_length=108, personal=True),
        Field("status"),
        Field("customerProfileIds", "array"),
    ),
    {"add": {"add": Action(ep.GENERATE_LOYALTY_CARD, body=payloads.without(), path=(_PROGRAM,))}},
    target=("loyalty_program_id",),
    results=True,
)

LOYALTY_PROGRAM_MEMBERS = SinkType(
    "loyalty_program_members",
    "Profiles that join a profile-based program; a missing profile is created.",
    (key_field("integrationId", personal=True),),
    {"add": {"add": Action(ep.JOIN_LOYALTY_PROGRAM, path=_PROFILE)}},
    target=("loyalty_program_id",),
    writes_profiles=True,
)

LOYALTY_POINT_ACTIVATIONS = SinkType(
    "loyalty_point_activations",
    "Transactions whose points wait for an action and are activated, up to 50 per request.",
    (key_field("transactionUUID", max_length=None),),
    {"add": {"add": Action(ep.ACTIVATE_LOYALTY_POINTS, payloads.key_itself, path=(_PROGRAM,))}},
    target=("loyalty_program_id",),
    rows_may_be_missing=True,
)

LOYALTY_TRANSACTION_DELETIONS = SinkType(
    "loyalty_transaction_deletions",
    "Deletes the transactions of profiles: in all ledgers of a program if `scope` is `AllSubledgers`, or with "
    "`SelectedSubledgers` in those of `subledgerIds`.",
    (key_field("integrationId", personal=True), Field("scope", required=True), Field("subledgerIds", "array")),
    {
        "remove": {
            "remove": Action(
                ep.DELETE_LOYALTY_TRANSACTIONS_FROM_LEDGERS, body=payloads.without("integrationId"), path=_PROFILE
            )
        }
    },
    target=("loyalty_program_id",),
)
