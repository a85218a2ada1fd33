"""The sinks of audiences: members, audiences themselves, attributes of all members."""

from __future__ import annotations

from talon_one_client import endpoints as ep
from target_talon_one.lookups import remote
from target_talon_one.sinks import payloads
from target_talon_one.sinks.sink_type import Action, Field, SinkType, key_field

_ADD_MEMBER = Action(ep.UPDATE_CUSTOMER_PROFILE_AUDIENCES, payloads.add_member)
_DELETE_MEMBER = Action(ep.UPDATE_CUSTOMER_PROFILE_AUDIENCES, payloads.delete_member)

AUDIENCE_MEMBERS = SinkType(
    "audience_members",
    "Members of an audience.",
    (key_field("profileIntegrationId", personal=True),),
    {
        "mirror": {"add": _ADD_MEMBER, "remove": _DELETE_MEMBER},
        "upsert": {"add": _ADD_MEMBER},
        "add": {"add": _ADD_MEMBER},
        "remove": {"remove": _DELETE_MEMBER},
    },
    target=("audience",),
    listing=remote.list_members,
    creates_profiles=True,
)

_AUDIENCE = (("audienceId", "audienceId"),)
_CREATE_AUDIENCE = Action(ep.CREATE_AUDIENCE_V2, body=payloads.without("audienceId"))
_RENAME_AUDIENCE = Action(
    ep.UPDATE_AUDIENCE_V2, body=payloads.only("name", "subscribedApplicationsIds"), path=_AUDIENCE
)

AUDIENCES = SinkType(
    "audiences",
    "Audiences themselves: created, renamed, deleted, or emptied.",
    (
        Field("integrationId", required=True, key=True, max_length=1000),
        Field("audienceId", "integer"),
        Field("name"),
        Field("description"),
        Field("integration"),
        Field("sandbox", "boolean"),
        Field("subscribedApplicationsIds", "array"),
        Field("createdIn3rdParty", "boolean"),
        Field("lastUpdate", "date-time"),
    ),
    {
        "upsert": {"add": _CREATE_AUDIENCE, "update": _RENAME_AUDIENCE},
        "insert_only": {"add": _CREATE_AUDIENCE},
        "update_only": {"add": _RENAME_AUDIENCE, "update": _RENAME_AUDIENCE},
        "remove": {"remove": Action(ep.DELETE_AUDIENCE_V2, path=_AUDIENCE)},
        "empty": {"remove": Action(ep.DELETE_AUDIENCE_MEMBERSHIPS_V2, path=_AUDIENCE)},
    },
    results=True,
    audience_id_field="audienceId",
)

_SET_ATTRIBUTES = Action(ep.UPDATE_AUDIENCE_CUSTOMERS_ATTRIBUTES, body=payloads.attribute_map, path=_AUDIENCE)

AUDIENCE_ATTRIBUTES = SinkType(
    "audience_attributes",
    "Attributes set on every member of an audience.",
    (Field("audienceId", "integer", required=True, key=True), Field("attributes", "attributes", required=True)),
    {"upsert": {"add": _SET_ATTRIBUTES, "update": _SET_ATTRIBUTES}},
    entity="CustomerProfile",
)
