"""The commands of a chaos run: how each is set up and started, and what must be true afterwards."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.chaos.world import AS_OF, PYTHON, Ledger, write_csv, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.chaos.world import World

ROWS, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"
MEMBERS, ITEMS = 2_500, 2_500


class Command(Protocol):
    """A command under test, created for each cell.

    Attributes:
        reads: it reads from Talon.One; otherwise it writes to it.
        database: it keeps data in PostgreSQL.
        environment: variables in addition to those of this process.
    """

    reads: bool
    database: bool
    environment: Mapping[str, str]

    def arguments(self) -> list[str]:
        """Return the command line."""

    def kept(self) -> list[Path]:
        """Return the files that hold its state, store, warehouse or lake; a fault may damage them."""

    def change(self) -> None:
        """Change the data that the command reads."""

    def ended(self, output: bytes) -> None:
        """Process the standard output of a run that has ended."""

    def stdin(self) -> bytes:
        """Return its standard input."""

    def differences(self) -> list[str]:
        """Return what is wrong after a successful run."""


@dataclass
class _Base:
    world: World
    folder: Path
    database: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def ended(self, output: bytes) -> None:
        """Ignore the output."""

    def stdin(self) -> bytes:
        """Return no input."""
        return b""


@dataclass
class _Reading(_Base):
    """A command that reads ledgers and balances of all cards."""

    reads: bool = True

    def config(self) -> str:
        """Write the config file and return its path."""
        reading = {
            "settle_seconds": 0,
            "as_of": AS_OF,
            "page_size": 25,
            "concurrency": 4,
            "transactions_strategy": "per_entity",
            "balances_strategy": "per_entity",
        }
        return str(write_json(self.folder / "config.json", self.world.settings() | reading))

    def change(self) -> None:
        """Add ledger rows."""
        self.world.add_baskets()

    def compared(self, found: Ledger) -> list[str]:
        """Return the differences between the ledgers in Talon.One and the loaded ones."""
        expected = self.world.ledger()
        differences = []
        if len({row[0] for row in found.rows}) != len(found.rows):
            differences.append("rows are duplicated")
        if set(expected.rows) != set(found.rows):
            missing, foreign = set(expected.rows) - set(found.rows), set(found.rows) - set(expected.rows)
            differences.append(f"{len(missing)} rows are missing, {len(foreign)} are wrong")
        if expected.balances != found.balances:
            differences.append("balances differ")
        return differences


@dataclass
class Tap(_Reading):
    """``tap-talon-one``, with the rows and the state that a caller keeps."""

    rows: dict[int, tuple[int, str, Decimal]] = field(default_factory=dict)
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    def arguments(self) -> list[str]:
        """Return the command line that reads both streams, from the kept state on."""
        state = ["--state", str(self._state)] if self._state.exists() else []
        return [PYTHON, "-m", "tap_talon_one", "--config", self.config(), *state]

    def kept(self) -> list[Path]:
        """Return the state file, if it exists."""
        return [self._state] if self._state.exists() else []

    def ended(self, output: bytes) -> None:
        """Keep the rows by key, as a target does, and the last state."""
        for line in output.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                return
            message = json.loads(line, parse_float=Decimal)
            if message["type"] == "STATE":
                self._state.write_text(json.dumps(message["value"], default=str))
            elif message["type"] == "RECORD":
                self._record(message["stream"], message["record"])

    def _record(self, stream: str, row: dict[str, Any]) -> None:
        if stream == ROWS:
            self.rows[row["id"]] = (row["id"], row["cardIdentifier"], Decimal(row["amount"]))
        elif stream == BALANCES:
            self.balances[row["cardIdentifier"], row["subledgerId"]] = Decimal(row["activePoints"])

    def differences(self) -> list[str]:
        """Compare rows and balances with the ledger."""
        balances = sorted((card, sub, points) for (card, sub), points in self.balances.items())
        return self.compared(Ledger(list(self.rows.values()), balances))


@dataclass
class Load(_Reading):
    """``talon-one load`` into a warehouse."""

    url: str = ""

    def arguments(self) -> list[str]:
        """Return the command line for both streams. The URL is in the environment, because it may hold a password."""
        self.environment = {**self.environment, "TALON_ONE_TO": self.url}
        streams = f"{ROWS},{BALANCES}"
        return [PYTHON, "-m", "talon_one_cli", "load", "--config", self.config(), "--streams", streams]

    def kept(self) -> list[Path]:
        """Return every file of the warehouse."""
        return [path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name != "config.json"]

    def differences(self) -> list[str]:
        """Compare the tables with the ledger."""
        from talon_one_warehouse import WarehouseError, open_warehouse

        prefix = "" if self.url.startswith("sqlite") else "talon_one."
        ledger = f"SELECT id, card_identifier, amount FROM {prefix}{ROWS}"
        balances = f"SELECT card_identifier, subledger_id, active_points FROM {prefix}{BALANCES}"
        old = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with open_warehouse(self.url) as warehouse:
                rows = [(number, card, Decimal(amount)) for number, card, amount in warehouse.query(ledger)]
                points = [(card, sub, Decimal(active)) for card, sub, active in warehouse.query(balances)]
        except WarehouseError as error:
            return [str(error)]
        finally:
            os.environ.clear()
            os.environ.update(old)
        return self.compared(Ledger(rows, sorted(points)))


@dataclass
class _Writing(_Base):
    """A command that mirrors a segment into an audience and a table into a catalog."""

    reads: bool = False
    members: set[str] = field(default_factory=set)
    prices: dict[str, str] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.foreign = self.world.items()
        self.members = {f"profile-{number:06}" for number in range(1, MEMBERS + 1)}
        self.prices = {f"sku-{number}": str(number % 97 + 1) for number in range(ITEMS)}
        self.store = str(self.folder / "store.duckdb")

    def change(self) -> None:
        """Add and remove members, change prices, add and remove products."""
        chance = self.world.chance
        removed = set(chance.sample(sorted(self.members), 100))
        self.members = self.members - removed | {f"new-{chance.randint(0, 10**6)}" for _ in range(100)}
        for sku in chance.sample(sorted(self.prices), 300):
            self.prices[sku] = str(chance.randint(1, 999))
        for sku in chance.sample(sorted(self.prices), 50):
            del self.prices[sku]
        self.prices |= {f"sku-{chance.randint(10**4, 10**7)}": "1" for _ in range(50)}

    def kept(self) -> list[Path]:
        """Return the files of the store."""
        own = ("config.json", "vip.csv", "items.csv", "sync.yml")
        found = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name not in own]
        return [path for path in found if "rejects" not in path.parts and "results" not in path.parts]

    def differences(self) -> list[str]:
        """Compare audience and catalog with the sources."""
        differences = []
        if (found := self.world.members("VIP")) != self.members:
            missing, more = self.members - found, found - self.members
            differences.append(f"{len(missing)} members are missing, {len(more)} are too many")
        wanted = self.foreign | self.prices
        if (items := self.world.items()) != wanted:
            wrong = {sku for sku in {*items, *wanted} if items.get(sku) != wanted.get(sku)}
            differences.append(f"{len(wrong)} items are not as in the source")
        return differences

    def destinations(self) -> dict[str, dict[str, Any]]:
        """Return the destinations of segment and table."""
        share = {"max_delete_share": 1}
        vip = {"name": "VIP", "integration": "chaos", "integration_id": "vip"}
        audience = {"sink": "audience_members", "audience": vip, "mode": "mirror", "create_profiles": "allow", **share}
        catalog = {"sink": "catalog_items", "catalog_id": 1, "mode": "mirror", **share}
        return {"vip": {**audience, "key": "id"}, "items": {**catalog, "key": "sku"}}

    def files(self) -> dict[str, str]:
        """Return the settings of store, rejects and results."""
        named = {"rejects_directory": str(self.folder / "rejects"), "results_directory": str(self.folder / "results")}
        return {"store": self.store, **named}


@dataclass
class Push(_Writing):
    """``talon-one push`` of two CSV files."""

    def arguments(self) -> list[str]:
        """Return the command line that pushes both syncs."""
        self.write_sources()
        sources = {"vip": {"source": str(self.folder / "vip.csv")}, "items": {"source": str(self.folder / "items.csv")}}
        syncs = {name: {**sources[name], **given} for name, given in self.destinations().items()}
        file = write_json(self.folder / "sync.yml", self.world.settings() | self.files() | {"syncs": syncs})
        return [PYTHON, "-m", "talon_one_cli", "push", str(file)]

    def write_sources(self) -> None:
        """Write the current members and products to CSV files."""
        write_csv(self.folder / "vip.csv", "id", sorted(self.members))
        write_csv(self.folder / "items.csv", "sku,price", [f"{sku},{price}" for sku, price in self.prices.items()])


@dataclass
class Target(_Writing):
    """``target-talon-one`` after a tap that sends all rows of both streams."""

    def arguments(self) -> list[str]:
        """Return the command line; the config holds both streams."""
        config = self.world.settings() | self.files() | {"streams": self.destinations()}
        path = write_json(self.folder / "config.json", config)
        return [PYTHON, "-m", "target_talon_one", "--config", str(path)]

    def stdin(self) -> bytes:
        """Return the output of a Singer tap."""
        vip = [{"id": member} for member in sorted(self.members)]
        items = [{"sku": sku, "price": float(price)} for sku, price in self.prices.items()]
        messages: list[dict[str, Any]] = []
        for stream, key, rows in (("vip", "id", vip), ("items", "sku", items)):
            properties = {key: {"type": "string"}, **({"price": {"type": "number"}} if stream == "items" else {})}
            schema = {"type": "object", "properties": properties}
            messages.append({"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": [key]})
            messages.extend({"type": "RECORD", "stream": stream, "record": row} for row in rows)
        messages.append({"type": "STATE", "value": {"bookmarks": {}}})
        return "".join(json.dumps(message) + "\n" for message in messages).encode()


@dataclass
class AirflowTask:
    """Another command, run as an Airflow operator in a separate process."""

    inner: Load | Push
    operator: str

    @property
    def reads(self) -> bool:
        """Return that of the inner command."""
        return self.inner.reads

    @property
    def database(self) -> bool:
        """Return that of the inner command."""
        return self.inner.database

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of the inner command, the connection, and an Airflow home."""
        settings = self.inner.world.settings()
        names = ("management_requests_per_second", "read_timeout_seconds", "retry_budget_seconds")
        extra = {"management_api_key": settings["management_key"], **{name: settings[name] for name in names}}
        given = {"conn_type": "talon_one", "host": settings["base_url"], "password": settings["api_key"]}
        return {
            **self.inner.environment,
            "AIRFLOW_HOME": str(self.inner.world.root / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW_CONN_TALON_ONE_DEFAULT": json.dumps(given | {"extra": extra}),
        }

    def arguments(self) -> list[str]:
        """Return the command line of the script that executes the operator."""
        script = Path(__file__).with_name("airflow_task.py")
        write_json(self.inner.folder / "config.json", self._arguments())
        return [PYTHON, str(script), self.operator, str(self.inner.folder / "config.json")]

    def _arguments(self) -> dict[str, Any]:
        if isinstance(self.inner, Load):
            reading = {"settle_seconds": 0, "as_of": AS_OF, "page_size": 25}
            strategies = {"transactions_strategy": "per_entity", "balances_strategy": "per_entity"}
            return {
                "warehouse_url": self.inner.url,
                "streams": [ROWS, BALANCES],
                "settings": {"loyalty_program_ids": [1], **reading, **strategies},
            }
        self.inner.write_sources()
        files, one = self.inner.files(), self.inner.destinations()["vip"]
        options = {"create_profiles": "allow", "max_delete_share": 1}
        given = {"audience": one["audience"], "mode": "mirror", "key": "id", "options": options}
        return {**given, **files, "source_url": str(self.inner.folder / "vip.csv")}

    def kept(self) -> list[Path]:
        """Return that of the inner command."""
        return self.inner.kept()

    def change(self) -> None:
        """Change the data of the inner command; the catalog is not pushed."""
        self.inner.change()

    def ended(self, output: bytes) -> None:
        """Ignore the output."""

    def stdin(self) -> bytes:
        """Return no input."""
        return b""

    def differences(self) -> list[str]:
        """Return the differences of the inner command, without those of the catalog."""
        found = self.inner.differences()
        return [line for line in found if "items" not in line]


def _load(url: str) -> Callable[[World, Path], Load]:
    return lambda world, folder: Load(world, folder, url=url.format(folder))


def _load_postgresql(world: World, folder: Path) -> Load:
    return Load(world, folder, database=True, url=world.database())


def _load_s3(world: World, folder: Path) -> Load:
    return Load(world, folder, environment=world.s3_environment, url=f"s3://{world.bucket()}/lake")


def _push_into(store: Callable[[World, Path], str], **given: Any) -> Callable[[World, Path], Push]:
    def make(world: World, folder: Path) -> Push:
        push = Push(world, folder, **given)
        push.store = store(world, folder)
        return push

    return make


def _push_s3(world: World, folder: Path) -> Push:
    push = Push(world, folder, environment=world.s3_environment)
    push.store = f"s3://{world.bucket()}/store"
    return push


COMMANDS: Mapping[str, Callable[[World, Path], Command]] = {
    "tap": Tap,
    "load duckdb": _load("duckdb:///{}/w.duckdb"),
    "load postgresql": _load_postgresql,
    "load sqlite": _load("sqlite:///{}/w.sqlite"),
    "load lake": _load("file://{}/lake"),
    "load s3": _load_s3,
    "target": Target,
    "push": _push_into(lambda _, folder: str(folder / "store.duckdb")),
    "push folder": _push_into(lambda _, folder: f"file://{folder}/store"),
    "push postgresql": _push_into(lambda world, _: world.database(), database=True),
    "push s3": _push_s3,
    "airflow load": lambda world, folder: AirflowTask(Load(world, folder, url=f"duckdb:///{folder}/w.duckdb"), "load"),
    "airflow push": lambda world, folder: AirflowTask(Push(world, folder), "push"),
}
