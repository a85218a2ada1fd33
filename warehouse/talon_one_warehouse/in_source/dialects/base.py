"""What databases write differently in the statements of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_storage.sql_names import literal, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialect:
    """The SQL of a database: that of DuckDB and PostgreSQL where a subclass says nothing else.

    Attributes:
        types: column types of the store's tables, by the names text, integer, hash, and bytes.
        canonical: types of columns in which equal keys have equal texts.
        merges: whether MERGE replaces rows in one statement.
    """

    types: Mapping[str, str]
    canonical: frozenset[str]
    merges: bool = False

    def quoted(self, *names: str) -> str:
        """Return a quoted name, whose letters keep their case."""
        return quoted(*names)

    def own(self, schema: str, table: str) -> str:
        """Return the quoted name of a table of the store; queries find it without quotes, too."""
        return self.quoted(schema, table)

    def temporary(self, schema: str, table: str) -> str:
        """Return the quoted name of a temporary table; ``schema`` is that of the store."""
        del schema
        return self.quoted(table)

    def create_temporary(self, table: str) -> str:
        """Return the beginning of the statement that creates a temporary table of this quoted name."""
        return f"CREATE TEMPORARY TABLE {table}"

    def literal(self, text: str) -> str:
        """Return a string literal."""
        return literal(text)

    def text_of(self, column: str, type_name: str) -> str | None:
        """Return the text of a column that tells its values apart; None if the database has none for its type."""
        del type_name
        return f"CAST({column} AS {self.types['text']})"

    def digest(self, text: str) -> str:
        """Return the first 128 bits of the SHA-256 of a text, as 32 hexadecimal digits."""
        raise NotImplementedError

    def hash_of(self, digest: str) -> str:
        """Return such digits in the type in which hashes are kept."""
        return f"CAST({digest} AS {self.types['hash']})"

    def number(self, text: str) -> str:
        """Return a number, not negative, that is a hash of a text and the same in each release of the database."""
        raise NotImplementedError
