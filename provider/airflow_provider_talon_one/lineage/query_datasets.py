"""The tables that a query reads, and the columns that each of its columns comes from."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_provider_talon_one.lineage.dataset_names import DatasetNames

logger = logging.getLogger(__name__)
_READERS = ("ReadCSV", "ReadParquet")


@dataclass(frozen=True, slots=True)
class QueryDatasets:
    """What a query reads.

    Attributes:
        tables: namespace and name of each table or file.
        columns: by column of the query: namespace, name and column of each table's column that it comes from.
    """

    tables: list[tuple[str, str]] = field(default_factory=list)
    columns: Mapping[str, list[tuple[str, str, str]]] = field(default_factory=dict)


def datasets_of_query(sql: str, names: DatasetNames) -> QueryDatasets:
    """Return what a query reads; nothing if it cannot be parsed, or if sqlglot is not installed.

    Args:
        sql: one query.
        names: how the tables of its database are named.
    """
    try:
        import sqlglot
        from sqlglot.errors import SqlglotError
    except ImportError:
        logger.info("Lineage without the tables of the query: run pip install 'talon-one-connector[openlineage]'")
        return QueryDatasets()
    try:
        dialect = names.dialect if sqlglot.Dialect.get(names.dialect) else None
        tree = sqlglot.parse_one(sql, dialect=dialect)
        return QueryDatasets(sorted(set(_tables(tree, names))), dict(_columns(tree, names, dialect)))
    except (SqlglotError, RecursionError) as error:
        logger.info("Lineage without the tables of the query, which cannot be parsed: %s", str(error).split("\n")[0])
        return QueryDatasets()


def _tables(tree: Any, names: DatasetNames) -> Iterator[tuple[str, str]]:
    from sqlglot import exp

    from airflow_provider_talon_one.lineage.dataset_names import names_of_url

    within = {one.alias_or_name for one in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not (table.name in within and not table.db):
            yield names.table(table.name, table.db, table.catalog)
    readers = tuple(getattr(exp, name) for name in _READERS if hasattr(exp, name))
    for reader in tree.find_all(*readers):
        for text in reader.find_all(exp.Literal):
            if text.is_string and not text.find_ancestor(exp.PropertyEQ, exp.EQ):
                file = names_of_url(text.this)
                yield file.namespace, file.folder


def _columns(tree: Any, names: DatasetNames, dialect: str | None) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    from sqlglot import exp
    from sqlglot.lineage import lineage

    for column in tree.named_selects:
        if column == "*":
            continue
        found = set()
        for node in lineage(column, tree, {}, dialect=dialect).walk():
            source = node.source
            if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
                found.add((*names.table(source.name, source.db, source.catalog), node.name.rpartition(".")[2]))
        if found:
            yield column, sorted(found)
