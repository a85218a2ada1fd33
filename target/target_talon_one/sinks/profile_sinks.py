"""The sinks of customers: attributes, single profiles, erasure."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from target_talon_one.sinks import payloads
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

_PUT_PROFILES = Action(ep.UPDATE_CUSTOMER_PROFILES_V2, payloads.as_is)

CUSTOMER_PROFILES = SinkType(
    "customer_profiles",
    "Attributes of customer profiles, up to 1,000 profiles per request; no rule runs.",
    (key_field("integrationId", personal=True), Field("attributes", "attributes", required=True)),
    {"upsert": {"add": _PUT_PROFILES, "update": _PUT_PROFILES}},
    entity="CustomerProfile",
    writes_profiles=True,
    collects_attributes=True,
)

_PUT_PROFILE = Action(
    ep.UPDATE_CUSTOMER_PROFILE_V2,
    body=payloads.without("integrationId"),
    path=(("integrationId", "integrationId"),),
    query=(("runRuleEngine", True),),
)

CUSTOMER_PROFILE = SinkType(
    "customer_profile",
    "Single customer profiles with a run of the Rule Engine; its effects are written to the results file.",
    (
        key_field("integrationId", personal=True),
        Field("attributes", "attributes"),
        Field("evaluableCampaignIds", "array"),
        Field("audiencesChanges", "object"),
        Field("responseContent", "array"),
    ),
    {"upsert": {"add": _PUT_PROFILE, "update": _PUT_PROFILE}},
    entity="CustomerProfile",
    writes_profiles=True,
    results=True,
)

CUSTOMER_DATA_DELETIONS = SinkType(
    "customer_data_deletions",
    "Erases all data of customers, in every Application of the key's environment.",
    (key_field("integrationId", personal=True),),
    {"remove": {"remove": Action(ep.DELETE_CUSTOMER_DATA, path=(("integrationId", "integrationId"),))}},
)
