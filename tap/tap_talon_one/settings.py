"""The tap's settings: one row each; ``--about``, the docs and meltano.yml are made from this table."""

from __future__ import annotations

from talon_one_client.connection.settings import CALLS, KEYS
from talon_one_singer import Setting, SettingsTable
from talon_one_singer.settings.input_limits import INPUT
from talon_one_singer.shards import Shard

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
    fallback = f" Without it and without {entity}_ids, a management_key gives {from_management}." * bool(
        from_management
    )
    return (
        Setting(f"{entity}_ids", "array", f"Ids of the {what} to read; at least one.", narrows=True),
        Setting(
            f"{entity}_ids_file",
            "string",
            f"File with the ids of the {what}: CSV with a header, JSON Lines or Parquet; a path or any fsspec URL. "
            "If no id is in it, nothing is read." + fallback,
            is_path=True,
            narrows=True,
        ),
        Setting(f"{entity}_ids_column", "string", f"Column of {entity}_ids_file.", default=f"{entity}_id"),
    )


SETTINGS = SettingsTable(
    "TAP_TALON_ONE",
    (
        *KEYS,
        Setting("management_key", "string", "Management API key, optional: lists programs and ids.", secret=True),
        Setting(
            "loyalty_program_ids",
            "array",
            "Loyalty programs to read. Without it, a management_key gives all of them.",
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
            "Audiences whose members are read; all without it.",
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
            "application_id",
            "integer",
            "Application whose customers and sessions are listed.",
            minimum=1,
            maximum=LARGEST_ID,
            narrows=True,
        ),
        Setting("sandbox", "boolean", "List sandbox instead of live profiles of the account.", default=False),
        Setting("start_date", "date-time", "Transactions created before it are not read."),
        Setting("end_date", "date-time", "Transactions created at or after it are not read; for backfills."),
        Setting(
            "as_of",
            "date-times",
            "Instants of the balances, past or future: one, several, or a range like 2025-01-01/2025-12-31/P1M. "
            "Without it the instant up to which the run reads transactions.",
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
            "What to do about an id that Talon.One does not know or refuses: skip (warn and count), or error: the "
            "stream fails after all other ids are read.",
            default="skip",
            allowed=("skip", "error"),
        ),
        Setting(
            "bad_rows",
            "string",
            "Loads only: what to do about a row with a value that does not fit its column. fail ends its stream before "
            "the row, reject puts the row into the table rejected_rows; all other rows are loaded in both cases.",
            default="fail",
            allowed=("fail", "reject"),
        ),
        Setting("concurrency", "integer", "Requests in flight at most.", default=8, minimum=1, maximum=256),
        Setting("page_size", "integer", "Rows a page; the highest allowed without it.", minimum=10, maximum=1000),
        *INPUT,
        *CALLS,
        Setting(
            "main_subledger",
            "string",
            "Name for the main ledger, whose subledgerId is empty; for targets that turn empty texts into nulls.",
        ),
        Setting(
            "hash_fields",
            "array",
            "Personal data to hash (HMAC-SHA-256 with hash_salt): `field` of all streams, or `stream.field`.",
        ),
        Setting("hash_salt", "string", "Key of the hashes; the same key gives the same hashes.", secret=True),
        Setting(
            "shard",
            "string",
            "Read a stable part of the ids, like 3/16; all parts together read every id once.",
            narrows=True,
            accepts=Shard.parse,
        ),
        Setting(
            "batch",
            "string",
            "Write rows into files and BATCH messages about them, in this format; RECORD messages without it.",
            allowed=("jsonl", "parquet", "arrow"),
        ),
        Setting(
            "batch_directory",
            "string",
            "Where batch files go: a path or any fsspec URL. Nobody deletes them.",
            is_path=True,
        ),
        Setting("batch_rows", "integer", "Rows in a batch file, at most.", default=10_000, minimum=1, maximum=1e9),
        Setting(
            "state_interval_seconds",
            "number",
            "Seconds between two STATE messages.",
            default=10,
            minimum=0,
            maximum=31_536_000,
        ),
    ),
)
