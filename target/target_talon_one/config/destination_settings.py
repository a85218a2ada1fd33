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
    Setting("name", "string", "Name by which the audience is found or created."),
    Setting("integration", "string", "System that the audience comes from."),
    Setting("integration_id", "string", "Id of the audience in that system."),
    Setting("description", "string", "Description of a new audience."),
    Setting("create", "boolean", "Whether the audience may be created."),
)
TARGETS: Mapping[str, Setting] = _table(
    Setting("catalog_id", "integer", "Id of the catalog.", minimum=1, maximum=2**63 - 1),
    Setting("version", "integer", "Version that the catalog must have.", minimum=0, maximum=2**63 - 1),
    Setting(
        "missing_price",
        "string",
        "What a mirror does with the price of an item whose row no longer has one.",
        default="remove",
        allowed=("remove", "keep"),
    ),
    Setting("application_id", "integer", "Id of the Application.", minimum=1, maximum=2**63 - 1),
    Setting("campaign_id", "integer", "Id of the campaign.", minimum=1, maximum=2**63 - 1),
    Setting("collection_id", "integer", "Id of the collection.", minimum=1, maximum=2**63 - 1),
    Setting("loyalty_program_id", "integer", "Id of the loyalty program.", minimum=1, maximum=2**63 - 1),
    Setting("subledger_id", "string", "Id of the subledger."),
    Setting("usage_limit", "integer", "How often a referral code can be used.", minimum=0, maximum=2**63 - 1),
    Setting("start_date", "date-time", "Instant from which the codes are valid."),
    Setting("expiry_date", "date-time", "Instant until which the codes are valid."),
    Setting("referral_pattern", "string", "Pattern of the codes."),
)


def _fraction(name: str, description: str, *, default: float) -> Setting:
    """Return a setting between 0 and 1."""
    return Setting(name, "number", description, default=default, minimum=0, maximum=1)


OPTIONS: Mapping[str, Setting] = _table(
    Setting("nulls", "string", "How a null is handled.", default="skip", allowed=get_args(NullPolicy)),
    Setting("adopt", "boolean", "Whether a mirror takes over the members that already exist.", default=False),
    Setting(
        "closed_by",
        "string",
        "What shows that the source was read to its end.",
        default="auto",
        allowed=("auto", "activate_version", "end"),
    ),
    Setting("retry_rejects", "boolean", "Whether rows refused in earlier runs are sent again.", default=True),
    Setting("allow_empty", "boolean", "Whether a mirror may run on a source without rows.", default=False),
    Setting("max_deletes", "integer", "Largest number of rows that a run may remove.", minimum=0, maximum=2**63 - 1),
    _fraction("max_delete_share", "Largest share of the known rows that a run may remove.", default=0.1),
    Setting("allow_destructive", "boolean", "Whether the sink may delete what cannot be restored.", default=False),
    Setting("allow_whole_catalog", "boolean", "Whether a catalog rule may have no filter.", default=False),
    Setting("expect_environment", "string", "The run stops in another environment.", allowed=("live", "sandbox")),
    Setting(
        "create_profiles",
        "string",
        "What happens to profiles that an audience or an import of points would create.",
        default="guard",
        allowed=("guard", "allow", "skip", "reject"),
    ),
    Setting("max_rejects", "integer", "More refused rows than this fail the run.", minimum=0, maximum=2**63 - 1),
    _fraction("max_reject_share", "A larger share of refused rows fails the run.", default=0.1),
)
