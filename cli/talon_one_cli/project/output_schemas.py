"""JSON Schemas of what commands print with ``--json``, for programs that read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from talon_one_cli.project.schema_parts import by_name, closed_object, integers, list_of, texts, value

if TYPE_CHECKING:
    from talon_one_cli.project.schema_parts import Schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Output:
    """What a command prints with ``--json``.

    Attributes:
        command: the command, like ``runs show``.
        schema: of what it prints, or of each line.
        by_line: it prints one JSON object a line.
    """

    command: str
    schema: Schema
    by_line: bool = False

    @property
    def file(self) -> str:
        """The name of the file that holds the schema."""
        return f"{self.command.replace(' ', '-')}.json"

    def document(self) -> Schema:
        """Return the schema as its file holds it."""
        what = "Each line" if self.by_line else "The output"
        return {"$schema": _DIALECT, "title": f"{what} of talon-one {self.command} --json", **self.schema}


_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}

_COUNTS = closed_object(
    "What was done at one destination, in rows.",
    integers(
        read="Rows of the source.",
        invalid="Rows refused before they were sent.",
        unreadable="Lines that were not rows.",
        duplicates="Rows that a later row with the same key replaced.",
        left_out="Rows whose profile does not exist.",
        deleted="Rows that the source marks as deleted.",
        adds="Rows to be added.",
        updates="Rows to be changed.",
        removes="Rows to be removed.",
        same="Rows that Talon.One has already.",
        known="Rows that were acknowledged before.",
        sent="Rows that Talon.One acknowledged.",
        rejected="Rows that Talon.One refused.",
        unknown="Rows that Talon.One may have received, because no readable answer came.",
        requests="Requests that changed something or tried to.",
        to_do="Rows that were not tried.",
    )
    | {"complete": value("boolean", "No row of the source is missing or unreadable.")},
)
_RUN_FIELDS = texts(run="Id of the run.") | {"destinations": by_name("Each sync by its name.", _COUNTS)}
_RUN = closed_object("One run.", _RUN_FIELDS)
_RUNS = closed_object(
    "Syncs that depend on each other or are in several files are several runs.",
    {
        "runs": list_of("The runs that have begun.", _RUN),
        "failed": by_name("The error of each sync that failed.", _TEXT),
        "skipped": by_name("Syncs that did not run, each with the sync it depends on.", _TEXT),
    },
)
_PLANNED = closed_object(
    "What a push would do at one destination.",
    texts(name="Name of the sync.", sink="Its sink.", mode="Its mode.", identity="Which destination it is.")
    | integers(
        adds="Rows to be added.",
        updates="Rows to be changed.",
        removes="Rows to be removed.",
        same="Rows that Talon.One has already.",
        duplicates="Rows that a later row with the same key replaced.",
        invalid="Rows that would be refused.",
        known="Rows that were acknowledged before.",
    )
    | {
        "new_profiles": value("integer?", "Profiles that would be created; null if their number is unknown."),
        "creates_audience": value(
            "boolean?", "The audience would be created; null if it is unknown whether it exists."
        ),
        "requests": value("integer", "Requests if no row is refused."),
        "minutes": value("number?", "How long they take; null if no rate limit is set."),
        "samples": by_name("A few rows of each kind of change.", list_of("Rows.", {})),
        "reasons": list_of("Why rows would be refused, with counts.", _TEXT),
        "guard": value("string?", "Why a guard would stop the push, or null."),
        "digest": value("string", "SHA-256 of all changes."),
        "generation": value("integer", "Grows with every change of the store."),
        "settings": value("string", "SHA-256 of the settings of the sync."),
    },
)
_PLAN = closed_object(
    "A plan, as talon-one apply reads it.",
    {
        "format": value("integer", "Version of this format."),
        **texts(made="When the plan was made.", sync_file="The SYNC.yml or folder."),
        "select": list_of("The selected syncs.", _TEXT),
        "guards": list_of("The guards of the command line.", _TEXT),
        "destinations": list_of("Each sync.", _PLANNED),
    },
    optional=("select", "guards"),
)
_FINDING = closed_object(
    "What a comparison found at one destination.",
    texts(name="Name of the sync.", why="Why the verdict is unknown, or why nothing was compared.")
    | {"verdict": {"enum": ["equal", "drift", "unknown", "not compared"], "description": "The verdict."}}
    | integers(
        expected="Rows of the source, without refused ones.",
        refused="Rows of the source that do not fit the sink.",
        there="Rows at the destination.",
        missing="Rows of the source that are not there.",
        changed="Rows that are there with other values.",
        stale_rows="Rows to be removed.",
        foreign_members="Rows that this sync does not manage.",
    )
    | {"strangers": value("integer", "Earlier name of foreign_members.", deprecated=True)}  # alias
    | {"left": value("integer", "Earlier name of stale_rows.", deprecated=True)}
    | {"examples": by_name("Some keys of each kind.", list_of("Keys.", _TEXT))},
)
_KEY = closed_object(
    "One key.",
    {
        "name": value("string", "The key, with its setting."),
        "is_set": value("boolean", "There is a key."),
        "works": value("boolean?", "Talon.One accepts it; null if it is not set."),
        "problem": value("string?", "Why it does not work."),
        "reads": by_name("Operations: null if the key may read it, else why not.", value("string?", "Why not.")),
    },
)
_ESTIMATE = closed_object(
    "One strategy for one stream of one program.",
    texts(stream="The stream.", strategy="The read strategy.", why_not="Why it cannot be used.")
    | {"program": value("integer?", "The loyalty program."), "ids": value("integer?", "Cards or profiles.")}
    | integers(calls="Expected calls.", at_most="Calls if rows are spread unevenly.")
    | {
        "seconds": value("number", "Time of the calls."),
        "chosen": value("boolean", "A load would use it."),
        "check": value("boolean", "A check for deleted transactions is due."),
    },
    optional=("ids", "calls", "at_most", "seconds", "check", "why_not"),
)
_PAST_RUN = {
    **texts(id="Id of the run.", command="The command.", started="When it began.", status="How it ended."),
    "ended": value("string?", "When it ended."),
    "error": value("string?", "Its error."),
    "destinations": by_name("Each sync by its name.", by_name("Counts, as of push.", {})),
}
_REJECT = closed_object(
    "A refused row.",
    texts(stream="The sync.", kind="Why it was refused, as a word.", reason="Why it was refused.")
    | {
        "op": value("string?", "What was to be done with it."),
        "key": value("string?", "Its key."),
        "place": value("string?", "Where it came from."),
        "server": value("string?", "The answer of Talon.One."),
        "status": value("integer?", "HTTP status of the answer."),
    },
)
_LOADED = closed_object(
    "What a load did.",
    {
        "streams": by_name(
            "Each stream by its name.",
            closed_object("Rows.", integers(read="Rows read.", inserted="New rows.", updated="Changed rows.")),
        ),
        "rejected": by_name("Rejected rows by stream.", _COUNT),
        "deleted": by_name("Rows that are gone at Talon.One, by stream.", _COUNT),
        "left_out": by_name("Ids that could not be read, by stream.", _COUNT),
        **integers(requests="Requests.", retries="Requests that repeated an earlier one."),
        "seconds": value("number", "Duration."),
    },
)
_LEDGER = {
    "kind": {"enum": ["card", "profile"], "description": "What the ledger belongs to."},
    "program": value("integer", "The loyalty program."),
    **texts(owner="The card or profile.", subledger="The subledger; empty for the main ledger."),
}

OUTPUTS = (
    Output("apply", _RUN),
    Output(
        "check",
        closed_object(
            "What the keys may do.",
            {
                "base_url": value("string", "Address of Talon.One."),
                "integration": _KEY,
                "management": _KEY,
                "clock_skew_s": value("number?", "Seconds by which the clocks differ."),
                "left_out": list_of(
                    "Streams that a load without --streams leaves out, because a key is not set.",
                    value("string", "Name of a stream."),
                ),
            },
        ),
    ),
    Output(
        "doctor",
        closed_object(
            "What was found.",
            {
                "findings": list_of(
                    "Each finding.",
                    closed_object(
                        "A finding.",
                        texts(check="What was looked at.", message="What was found.", to_do="What to do about it.")
                        | {"level": {"enum": ["ok", "warning", "problem"], "description": "How bad it is."}},
                    ),
                )
            },
        ),
    ),
    Output(
        "erase",
        closed_object(
            "What was deleted.",
            integers(
                customers="Customers that were named.",
                deleted="Customers deleted at Talon.One.",
                not_there="Customers that were not there.",
                rows="Rows of the store deleted here.",
                lines="Lines of files deleted here.",
                notifications="Rows of notifications emptied in the warehouse.",
            ),
        ),
    ),
    Output(
        "estimate",
        closed_object(
            "Calls and run time.",
            {
                "estimates": list_of("Each strategy.", _ESTIMATE),
                **integers(programs_calls="Calls that list programs.", asked="Calls that the estimate took."),
                "seconds": value("number", "Duration of the estimate."),
            },
        ),
    ),
    Output(
        "expiring",
        closed_object("A ledger.", _LEDGER | texts(active="Points active now.", expiring="Points that expire.")),
        by_line=True,
    ),
    Output("load", _LOADED),
    Output("plan", _PLAN),
    Output("push", {"oneOf": [_RUN, _RUNS]}),
    Output(
        "reconcile",
        closed_object(
            "A difference.",
            _LEDGER
            | texts(
                figure="The figure that differs.",
                counted="Sum of the transactions.",
                reported="What Talon.One reports.",
                difference="Reported minus counted, as text with all digits.",
            )
            | {"told": value("string", "Earlier name of reported.", deprecated=True)}  # alias
            | {"deleted_transactions": list_of("With --rows: ids that are gone at Talon.One.", {"type": "integer"})},
            optional=("deleted_transactions",),
        ),
        by_line=True,
    ),
    Output(
        "retry",
        closed_object("One run.", _RUN_FIELDS | {"skipped": by_name("Rows that were left out, by reason.", _COUNT)}),
    ),
    Output("runs", list_of("All runs, the newest first.", closed_object("A run.", _PAST_RUN))),
    Output("runs show", closed_object("A run.", _PAST_RUN | {"rejects": list_of("The refused rows.", _REJECT)})),
    Output("verify", list_of("Each sync.", _FINDING)),
)
"""What each command with ``--json`` prints, by its name."""


def output_schemas() -> dict[str, Schema]:
    """Return the schemas by the names of their files."""
    return {one.file: one.document() for one in OUTPUTS}
