"""The rows of a ledger as they are written: with typed dates, and marked if ``created`` is unusual."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tap_talon_one.rows.splicing import to_the_microsecond, typed_dates, undated, with_ledger_dates

if TYPE_CHECKING:
    from collections.abc import Callable

    import msgspec

    from talon_one_client.paging.ledger_rows import LedgerRows

    Convert = Callable[[bytes | msgspec.Raw], bytes]


class EncodedRows(NamedTuple):
    """Encoded rows of a ledger.

    Attributes:
        undated: number of rows whose ``created`` is not a date and time.
        too_fine: number of rows whose ``created`` is finer than a microsecond.
    """

    rows: list[bytes]
    undated: int = 0
    too_fine: int = 0


def encoded_rows(rows: LedgerRows, tail: bytes, convert: Convert = bytes) -> EncodedRows:
    """Return rows with typed dates and the fields of ``tail``, see ``with_ledger_dates``.

    Args:
        convert: makes the row of what was sent; it keeps the dates.

    Raises:
        msgspec.DecodeError: a row does not have the documented structure.
    """
    if not rows.plain:
        return _unusual(rows, tail, convert)
    end = tail + b"}"
    dates = [typed_dates(head.start_date, head.expiry_date) for head in rows.heads]
    pairs = zip(map(convert, rows.raws), dates, strict=True)
    return EncodedRows([raw[:-1].rstrip() + typed + end for raw, typed in pairs])


def marked_rows(rows: LedgerRows) -> EncodedRows:
    """Return rows as they were sent, but for ``created`` where it is unusual."""
    if rows.plain:
        return EncodedRows([bytes(raw) for raw in rows.raws])
    marked = [
        undated(raw) if created is None else to_the_microsecond(raw)
        for raw, created in zip(rows.raws, rows.created, strict=True)
    ]
    changed = sum(one is not raw for one, raw in zip(marked, rows.raws, strict=True))
    not_dated = rows.created.count(None)
    return EncodedRows([bytes(one) for one in marked], not_dated, changed - not_dated)


def _unusual(rows: LedgerRows, tail: bytes, convert: Convert) -> EncodedRows:
    marked = marked_rows(rows)
    return marked._replace(rows=[with_ledger_dates(convert(raw), tail) for raw in marked.rows])
