"""The table of the tap's settings, from which ``--about``, the docs and meltano.yml are generated."""

from __future__ import annotations

from talon_one_client.connection.settings import CALLS, KEYS
from talon_one_singer import Setting, SettingsTable
from talon_one_singer.maps.settings import MAPS
from talon_one_singer.settings.input_limits import INPUT
from talon_one_singer.shards import Shard
from tap_talon_one.deployment import check_former

LARGEST_ID = 2**63 - 1
_OLD_STRATEGIES = {"per_card": "per_entity"}

_IDS = {
    "card": ("loyalty cards", "the cards of each program"),
    "profile": ("customer profiles (integration ids)", "the customers of the Application or account"),
    "session": ("customer sessions (integration ids)", "the sessions of the Application in application_id"),
    "coupon": ("coupons (values)", ""),
}


def _id_settings(entity: str) -> tuple[Setting, ...]:
    what, from_management = _IDS[entity]
    fallback = f" Without both, management_key lists {from_management}." * bool(from_management)
    return (
        Setting(f"{entity}_ids", "array", f"Ids of the {what} to read; at least one.", narrows=True),
        Setting(
            f"{entity}_ids_file",
            "string",
            f"File with the ids of the {what}: CSV with a header, JSON Lines or Parquet; a path or any fsspec URL. "
            "A file without ids reads nothing." + fallback,
            is_path=True,
            narrows=True,
        ),
        Setting(f"{entity}_ids_column", "string", f"Column of {entity}_ids_file.", default=f"{entity}_id"),
    )


SETTINGS = SettingsTable(
    "TAP_TALON_ONE",
    (
        *KEYS,
        Setting(
            "management_key",
            "string",
            "Management API key, optional; it is needed to list programs and ids.",
            secret=True,
        ),
        Setting(
            "former_base_url",
            "string",
            "Earlier address of the same account: a state, or a schema, that belongs to it is continued, and then "
            "belongs to base_url.",
            accepts=check_former,
        ),
        Setting(
            "loyalty_program_ids",
            "array",
            "Loyalty programs to read. Without it, all are read, which needs management_key.",
            items="integer",
            minimum=1,
            maximum=LARGEST_ID,
            narrows=True,
        ),
        *_id_settings("card"),
        *_id_settings("profile"),
        *_id_settings("session"),
        *_id_settings("coupon"),
        Setting(
            "audience_ids",
            "array",
            "Audiences whose members are read. Without it, all audiences are read.",
            items="integer",
            minimum=1,
            maximum=LARGEST_ID,
            narrows=True,
        ),
        Setting(
            "catalog_ids",
            "array",
            "Catalogs to read; the API has no list of them.",
            items="integer",
            minimum=1,
            maximum=LARGEST_ID,
            narrows=True,
        ),
        Setting(
            "giveaway_pool_ids",
            "array",
            "Pools of giveaways to read; the API has no list of them.",
            items="integer",
            minimum=1,
            maximum=LARGEST_ID,
            narrows=True,
        ),
        Setting(
            "application_id",
            "integer",
            "Application whose customers and sessions are listed, and whose campaigns, coupons, referrals and events "
            "are read; without it, campaigns, coupons, referrals and events of all Applications are.",
            minimum=1,
            maximum=LARGEST_ID,
            narrows=True,
        ),
        Setting("sandbox", "boolean", "List sandbox instead of live profiles of the account.", default=False),
        Setting("start_date", "date-time", "Transactions created before this time are not read."),
        Setting("end_date", "date-time", "Transactions created at or after this time are not read; for backfills."),
        Setting(
            "as_of",
            "date-times",
            "Instants of the balances, past or future: one, several, or a range like 2025-01-01/2025-12-31/P1M. "
            "Without it, the balances are those at the end of the time span of the run.",
        ),
        Setting(
            "transactions_strategy",
            "string",
            "How ledgers are read: one call for each card or profile, one list for each program (needs "
            "management_key), or the faster of both.",
            default="auto",
            allowed=("auto", "per_entity", "program_feed"),
            old_values=_OLD_STRATEGIES,
        ),
        Setting(
            "balances_strategy",
            "string",
            "How balances are read: one call for each card or profile, the list of cards or a CSV export (both need "
            "management_key; fields that they cannot provide are null), or the fastest of these.",
            default="auto",
            allowed=("auto", "per_entity", "card_list", "csv_export"),
            old_values=_OLD_STRATEGIES,
        ),
        Setting(
            "profiles_strategy",
            "string",
            "How customer_profiles is read if no other stream of the inventory is: one call for each profile, the list "
            "of profiles (needs management_key), or the list where it can be used.",
            default="auto",
            allowed=("auto", "per_entity", "profile_list"),
        ),
        Setting(
            "exports_strategy",
            "string",
            "How sessions, effects, coupons and referrals are read: one call or list for each session, Application or "
            "campaign, a CSV export of the Application (needs management_key; fields that it cannot provide are null), "
            "or the export where it can be used.",
            default="auto",
            allowed=("auto", "per_entity", "csv_export"),
        ),
        Setting(
            "settle_seconds",
            "number",
            "A run reads up to this many seconds before now, so that late rows are not missed.",
            default=60,
            minimum=0,
            maximum=31_536_000,
        ),
        Setting(
            "on_missing",
            "string",
            "How to handle an id that Talon.One does not know or refuses: skip logs and counts it; error lets the "
            "stream fail after all other ids are read.",
            default="skip",
            allowed=("skip", "error"),
        ),
        Setting(
            "bad_rows",
            "string",
            "Loads only: how to handle a row with a value that does not fit its column. fail ends the stream before "
            "the row; reject writes the row to the table rejected_rows. The other rows are loaded in both cases.",
            default="fail",
            allowed=("fail", "reject"),
        ),
        Setting(
            "deleted_rows",
            "string",
            "What becomes of rows that are gone at Talon.One, in streams that are read whole: mark sets _deleted_at, "
            "delete deletes them, keep leaves them as they are. Only a complete read shows what is gone. With mark or "
            "delete the tap writes ACTIVATE_VERSION, and the target does what it is set to.",
            default="mark",
            allowed=("mark", "delete", "keep"),
        ),
        Setting(
            "recheck_days",
            "integer",
            "Loads only: every this many days a load reads the ledgers whole, and does with transactions that are gone "
            "at Talon.One what deleted_rows says; 0: every load does. Without it, loads read only new transactions.",
            minimum=0,
            maximum=3650,
        ),
        Setting(
            "concurrency",
            "integer",
            "Maximum number of requests in flight. More of them may wait for their next try.",
            default=8,
            minimum=1,
            maximum=256,
        ),
        Setting("page_size", "integer", "Rows in a page; by default the allowed maximum.", minimum=10, maximum=1000),
        *INPUT,
        *CALLS,
        Setting(
            "main_subledger",
            "string",
            "Name for the main ledger, whose subledgerId is empty; for targets that convert empty texts to null.",
        ),
        Setting(
            "hash_fields",
            "array",
            "Personal data to hash (HMAC-SHA-256 with hash_salt): `field` in all streams, or `stream.field`.",
        ),
        Setting(
            "hash_salt", "string", "Key of the hashes; with the same key, equal values have equal hashes.", secret=True
        ),
        Setting(
            "shard",
            "string",
            "Read one shard of the ids, like 3/16; all shards together read every id once.",
            narrows=True,
            accepts=Shard.parse,
        ),
        Setting(
            "batch",
            "string",
            "Write rows to files in this format, and BATCH messages. Without it, RECORD messages are written.",
            allowed=("jsonl", "parquet", "arrow"),
        ),
        Setting(
            "batch_directory",
            "string",
            "Directory of the batch files: a path or any fsspec URL. The tap never deletes them.",
            is_path=True,
        ),
        Setting(
            "batch_rows", "integer", "Maximum number of rows in a batch file.", default=10_000, minimum=1, maximum=1e9
        ),
        Setting(
            "state_interval_seconds",
            "number",
            "Seconds between two STATE messages.",
            default=10,
            minimum=0,
            maximum=31_536_000,
        ),
        Setting(
            "add_record_metadata",
            "boolean",
            "Singer messages only: add the columns _sdc_extracted_at, _sdc_sequence, _sdc_sync_started_at and "
            "_sdc_table_version to rows.",
            default=False,
        ),
        *MAPS,
    ),
)
