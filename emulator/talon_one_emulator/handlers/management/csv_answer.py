"""CSV exports: their columns, dates and answers.

The vendor's documents name the columns twice, in a sample file and in the text. Where they differ, the switch
``export_columns`` decides.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from talon_one_emulator.api.call import CSV, Answer
from talon_one_emulator.domain.account import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from talon_one_emulator.api.call import Call

UNSET = "0001-01-01T00:00:00Z"


def csv_answer(call: Call, sample: str, rows: Iterable[Mapping[str, Any]], *, text: str | None = None) -> Answer:
    """Return the answer of an export.

    Args:
        sample: names of the columns of the sample file, separated by commas.
        rows: values by column; a missing value is empty.
        text: names of the columns that the text lists, if these are others.
    """
    by_text = text is not None and call.account.switches.export_columns == "text"
    columns = (text if text is not None and by_text else sample).split(",")
    return answer(columns, ([row.get(column, "") for column in columns] for row in rows))


def answer(columns: Sequence[str], lines: Iterable[Sequence[Any]]) -> Answer:
    """Return the answer with a heading and lines."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(lines)
    return Answer(200, text.getvalue().encode(), CSV)


def first_rows(export: Answer, rows: int) -> Answer:
    """Return a complete answer with the heading and the first rows of an export; other answers are unchanged."""
    if export.media != CSV:
        return export
    columns, *lines = csv.reader(io.StringIO(export.body.decode(), newline=""))
    return answer(columns, lines[:rows])


def date(call: Call, instant: int | None) -> str:
    """Return an instant in the form that parameter ``dateFormat`` names; Excel's without it, empty for None."""
    if instant is None:
        return ""
    text = stamp(instant)
    return text if call.query.get("dateFormat") == "ISO8601" else text[:19].replace("T", " ")
