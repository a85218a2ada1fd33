"""Names and strings in SQL, quoted as DuckDB, PostgreSQL, SQLite and the SQL standard do."""

from __future__ import annotations


def quoted(*names: str) -> str:
    """Return the quoted name ``"a"."b"``; the names may contain any character."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("'", "''") + "'"
