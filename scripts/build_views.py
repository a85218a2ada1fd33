"""Build the SQL of ``talon-one models`` from the models of the dbt package. ``--check`` fails if a file is not current.

The views are the models that need nothing but the tables of a load. Their Jinja is rendered for DuckDB and PostgreSQL,
which share the SQL; ``{schema}``, ``{as_of}`` and ``{there.TABLE}`` stay for the command to fill in.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any

import jinja2

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "dbt"
OUT = ROOT / "warehouse" / "talon_one_warehouse" / "models"
VIEWS = (
    "points_lots",
    "points_balance_over_time",
    "liability_by_expiry_month",
    "active_members",
    "breakage",
    "points_expiring",
    "tier_movements",
    "coupon_wallet",
    "points_by_month",
    "current_balances",
    "card_profiles",
)
INLINED = ("points_moves", "points_walk")
OWNERS = {
    "loyalty_card_transactions": ("card", "card_identifier"),
    "loyalty_profile_transactions": ("profile", "integration_id"),
    "loyalty_program_transactions": ("program", None),
}
BALANCES = {
    "loyalty_card_balances": ("card", "card_identifier"),
    "loyalty_profile_balances": ("profile", "integration_id"),
}
MARKED = (*OWNERS, "customer_coupons", "loyalty_cards")
_HEAD = "-- Generated from the dbt package by scripts/build_views.py.\n"


class Package:
    """The macros of the dbt package and what dbt would give them, for the adapter of PostgreSQL."""

    def __init__(self) -> None:
        self._environment = jinja2.Environment(undefined=jinja2.StrictUndefined, extensions=["jinja2.ext.do"])  # noqa: S701 - SQL
        self._environment.globals |= {
            "return": lambda value: value,
            "var": lambda name, default=None: "{as_of}" if name == "talon_one_as_of" else default,
            "adapter": self,
            "talon_one": self,
            "ref": _ref,
            "config": lambda **_: "",
            "flags": {"FULL_REFRESH": True},
        }
        texts = [path.read_text(encoding="utf-8") for path in sorted((PACKAGE / "macros").glob("*.sql"))]
        self._macros = self._environment.from_string("\n".join(texts)).module

    def dispatch(self, name: str, _package: str) -> Callable[..., str]:
        """Return PostgreSQL's version of a macro."""
        found = getattr(self._macros, f"postgres__{name}", None) or getattr(self._macros, f"default__{name}")
        return lambda *arguments: str(found(*arguments)).strip()

    def all_balance_rows(self) -> str:
        """Return what stands for the rows of the tables that there are."""
        return "\n{balances}"

    def __getattr__(self, name: str) -> Any:
        if name == "as_of":
            return lambda: "{as_of}"
        return getattr(self._macros, name)

    def rendered(self, path: Path) -> str:
        """Return the SQL of a model."""
        return self._environment.from_string(path.read_text(encoding="utf-8")).render().strip()


def _ref(name: str) -> str:
    if name in INLINED:
        return name
    table = name.removeprefix("stg_talon_one__")
    return f"{{there.{table}}}" if table != name and table in MARKED else f"{{schema}}.{table}"


def files(package: Package) -> dict[str, str]:
    """Return the text of each generated file by its name."""
    models = {path.stem: path for path in (PACKAGE / "models").rglob("*.sql")}
    inlined = ",\n\n".join(
        f"{name} AS MATERIALIZED (\n{indent(package.rendered(models[name]), '    ')}\n)" for name in INLINED
    )
    found = {}
    for name in VIEWS:
        text = package.rendered(models[name])
        if name == "points_lots":
            comment, _, select = text.partition("\n")
            text = f"{comment}\nWITH\n{inlined}\n\n{select}"
        found[f"{name}.sql"] = f"{_HEAD}{text}\n"
    for table, (kind, owner) in OWNERS.items():
        select = package.ledger_rows(f"{{there.{table}}}", kind, owner, with_loaded_at=False)
        found[f"ledger_{table}.sql"] = f"{_HEAD}{str(select).strip()}\n"
    for table, (kind, owner) in BALANCES.items():
        select = package.balance_rows(f"{{schema}}.{table}", kind, owner)
        found[f"balances_{table}.sql"] = f"{_HEAD}{str(select).strip()}\n"
    found["not_in.sql"] = f"{str(package.not_in('{schema}.{table}')).strip()}\n"
    return {name: re.sub(r"[ \t]+\n", "\n", text) for name, text in found.items()}


def main() -> int:
    """Write the files, or report those that are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wanted = files(Package())
    stale = [name for name, text in wanted.items() if not (OUT / name).exists() or (OUT / name).read_text() != text]
    stale += sorted(path.name for path in OUT.glob("*.sql") if path.name not in wanted)
    if check and stale:
        print(f"not current: {', '.join(stale)}; run: make docs", file=sys.stderr)
        return 1
    for name in stale:
        if name in wanted:
            (OUT / name).write_text(wanted[name], encoding="utf-8")
        else:
            (OUT / name).unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
