"""The settings of a destination as tables: what a stream or a sync may set, its type, default and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from talon_one_singer import Setting
from target_talon_one.mapping.mapping_options import NullPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping


def _table(*settings: Setting) -> dict[str, Setting]:
    return {setting.name: setting for setting in settings}


KEY = Setting("key", "array", "Columns of the key.")
AUDIENCE: Mapping[str, Setting] = _table(
    Setting("id", "integer", "Id of the audience.", minimum=1, maximum=2**63 - 1),
    Setting("name", "string", "Name to find it by, and to create it with."),
    Setting("integration", "string", "System that it comes from."),
    Setting("integration_id", "string", "Its id in that system."),
    Setting("description", "string", "Description of a new one."),
    Setting("create", "boolean", "Whether it may be created."),
)
TARGETS: Mapping[str, Setting] = _table(
    Setting("catalog_id", "integer", "The catalog.", minimum=1, maximum=2**63 - 1),
    Setting("version", "integer", "Version that the catalog must have.", minimum=0, maximum=2**63 - 1),
    Setting(
        "missing_price",
        "string",
        "What a mirror does with the price of an item whose row has none any more.",
        default="remove",
        allowed=("remove", "keep"),
    ),
    Setting("campaign_id", "integer", "The campaign.", minimum=1, maximum=2**63 - 1),
    Setting("loyalty_program_id", "integer", "The loyalty program.", minimum=1, maximum=2**63 - 1),
    Setting("usage_limit", "integer", "How often a referral code can be used.", minimum=0, maximum=2**63 - 1),
    Setting("start_date", "date-time", "From when the codes hold."),
    Setting("expiry_date", "date-time", "Until when the codes hold."),
    Setting("referral_pattern", "string", "What the codes look like."),
)


def _fraction(name: str, description: str, *, default: float) -> Setting:
    """Return a setting between 0 and 1."""
    return Setting(name, "number", description, default=default, minimum=0, maximum=1)


OPTIONS: Mapping[str, Setting] = _table(
    Setting("nulls", "string", "What a null means.", default="skip", allowed=get_args(NullPolicy)),
    Setting("adopt", "boolean", "A mirror takes over the members that are there.", default=False),
    Setting(
        "closed_by",
        "string",
        "What shows that the source was read to its end.",
        default="auto",
        allowed=("auto", "activate_version", "end"),
    ),
    Setting("retry_rejects", "boolean", "Rows refused in earlier runs are tried again.", default=True),
    Setting("allow_empty", "boolean", "A mirror of a source without rows is intended.", default=False),
    Setting("max_deletes", "integer", "Rows that a run may remove.", minimum=0, maximum=2**63 - 1),
    _fraction("max_delete_share", "Share of the known rows that a run may remove.", default=0.1),
    Setting("allow_destructive", "boolean", "What the sink deletes for good is intended.", default=False),
    Setting("allow_whole_catalog", "boolean", "A catalog rule without filter is intended.", default=False),
    Setting("expect_environment", "string", "The run stops in another one.", allowed=("live", "sandbox")),
    Setting(
        "create_profiles",
        "string",
        "What happens to profiles that an audience would create.",
        default="guard",
        allowed=("guard", "allow", "skip", "reject"),
    ),
    Setting("max_rejects", "integer", "More refused rows than this fail the run.", minimum=0, maximum=2**63 - 1),
    _fraction("max_reject_share", "A larger share of refused rows fails the run.", default=0.1),
)
