"""The commands that chaos strikes: how each is set up and started, and what must be true afterwards."""

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
    """A command under test, made new for each cell.

    Attributes:
        reads: it reads Talon.One; otherwise it writes.
        kept: files that hold its memory (state, store, warehouse, lake), by name; they may be damaged.
        database: it keeps something in PostgreSQL.
        environment: beyond that of this process.
        inputs: what goes to its standard input.
    """

    reads: bool
    database: bool
    environment: Mapping[str, str]

    def arguments(self) -> list[str]:
        """The command line."""

    def kept(self) -> list[Path]:
        """Files that hold what it must not forget."""

    def change(self) -> None:
        """Something new happens on the side that it reads from."""

    def ended(self, output: bytes) -> None:
        """A run has ended with this on its standard output."""

    def stdin(self) -> bytes:
        """What goes to its standard input."""

    def differences(self) -> list[str]:
        """What is not as it must be after a good run."""


@dataclass
class _Base:
    world: World
    folder: Path
    database: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def ended(self, output: bytes) -> None:
        """Nothing is kept."""

    def stdin(self) -> bytes:
        """Nothing."""
        return b""


@dataclass
class _Reading(_Base):
    """Reads ledgers and balances of all cards."""

    reads: bool = True

    def config(self) -> str:
        """The path of its config file."""
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
        """Baskets come in."""
        self.world.add_baskets()

    def compared(self, found: Ledger) -> list[str]:
        """Differences between the ledger and what arrived."""
        truth = self.world.ledger()
        differences = []
        if len({row[0] for row in found.rows}) != len(found.rows):
            differences.append("rows are there twice")
        if set(truth.rows) != set(found.rows):
            missing, foreign = set(truth.rows) - set(found.rows), set(found.rows) - set(truth.rows)
            differences.append(f"{len(missing)} rows are missing, {len(foreign)} are not true")
        if truth.balances != found.balances:
            differences.append("balances differ")
        return differences


@dataclass
class Tap(_Reading):
    """``tap-talon-one`` into a file, with the state that its caller keeps."""

    rows: dict[int, tuple[int, str, Decimal]] = field(default_factory=dict)
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)

    @property
    def _state(self) -> Path:
        return self.folder / "state.json"

    def arguments(self) -> list[str]:
        """All of the two streams, from the kept state on."""
        state = ["--state", str(self._state)] if self._state.exists() else []
        return [PYTHON, "-m", "tap_talon_one", "--config", self.config(), *state]

    def kept(self) -> list[Path]:
        """The state."""
        return [self._state] if self._state.exists() else []

    def ended(self, output: bytes) -> None:
        """Take the rows as a target would: by key; keep the last state."""
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
        """Rows and balances beside the ledger."""
        balances = sorted((card, sub, points) for (card, sub), points in self.balances.items())
        return self.compared(Ledger(list(self.rows.values()), balances))


@dataclass
class Load(_Reading):
    """``talon-one load`` into a warehouse."""

    url: str = ""

    def arguments(self) -> list[str]:
        """Both streams; the URL comes from the environment, as it may hold a password."""
        self.environment = {**self.environment, "TALON_ONE_TO": self.url}
        streams = f"{ROWS},{BALANCES}"
        return [PYTHON, "-m", "talon_one_cli", "load", "--config", self.config(), "--streams", streams]

    def kept(self) -> list[Path]:
        """Every file of the warehouse."""
        return [path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name != "config.json"]

    def differences(self) -> list[str]:
        """Tables beside the ledger."""
        from talon_one_warehouse import open_warehouse

        prefix = "" if self.url.startswith("sqlite") else "talon_one."
        ledger = f"SELECT id, card_identifier, amount FROM {prefix}{ROWS}"
        balances = f"SELECT card_identifier, subledger_id, active_points FROM {prefix}{BALANCES}"
        old = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with open_warehouse(self.url) as warehouse:
                rows = [(number, card, Decimal(amount)) for number, card, amount in warehouse.query(ledger)]
                points = [(card, sub, Decimal(active)) for card, sub, active in warehouse.query(balances)]
        finally:
            os.environ.clear()
            os.environ.update(old)
        return self.compared(Ledger(rows, sorted(points)))


@dataclass
class _Writing(_Base):
    """Mirrors a segment into an audience and a table into a catalog."""

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
        """Members come and go, prices change, products go."""
        chance = self.world.chance
        gone = set(chance.sample(sorted(self.members), 100))
        self.members = self.members - gone | {f"new-{chance.randint(0, 10**6)}" for _ in range(100)}
        for sku in chance.sample(sorted(self.prices), 300):
            self.prices[sku] = str(chance.randint(1, 999))
        for sku in chance.sample(sorted(self.prices), 50):
            del self.prices[sku]
        self.prices |= {f"sku-{chance.randint(10**4, 10**7)}": "1" for _ in range(50)}

    def kept(self) -> list[Path]:
        """The store."""
        own = ("config.json", "vip.csv", "items.csv", "sync.yml")
        found = [path for path in sorted(self.folder.rglob("*")) if path.is_file() and path.name not in own]
        return [path for path in found if "rejects" not in path.parts and "results" not in path.parts]

    def differences(self) -> list[str]:
        """Audience and catalog beside the sources."""
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
        """Where the two go."""
        share = {"max_delete_share": 1}
        vip = {"name": "VIP", "integration": "chaos", "integration_id": "vip"}
        audience = {"sink": "audience_members", "audience": vip, "mode": "mirror", "create_profiles": "allow", **share}
        catalog = {"sink": "catalog_items", "catalog_id": 1, "mode": "mirror", **share}
        return {"vip": {**audience, "key": "id"}, "items": {**catalog, "key": "sku"}}

    def files(self) -> dict[str, str]:
        """Settings of the places that it writes to."""
        named = {"rejects_directory": str(self.folder / "rejects"), "results_directory": str(self.folder / "results")}
        return {"store": self.store, **named}


@dataclass
class Push(_Writing):
    """``talon-one push`` of two CSV files."""

    def arguments(self) -> list[str]:
        """Both syncs."""
        self.write_sources()
        sources = {"vip": {"source": str(self.folder / "vip.csv")}, "items": {"source": str(self.folder / "items.csv")}}
        syncs = {name: {**sources[name], **given} for name, given in self.destinations().items()}
        file = write_json(self.folder / "sync.yml", self.world.settings() | self.files() | {"syncs": syncs})
        return [PYTHON, "-m", "talon_one_cli", "push", str(file)]

    def write_sources(self) -> None:
        """The segment and the products of now."""
        write_csv(self.folder / "vip.csv", "id", sorted(self.members))
        write_csv(self.folder / "items.csv", "sku,price", [f"{sku},{price}" for sku, price in self.prices.items()])


@dataclass
class Target(_Writing):
    """``target-talon-one`` behind a tap that sends both streams whole."""

    def arguments(self) -> list[str]:
        """The config names both streams."""
        config = self.world.settings() | self.files() | {"streams": self.destinations()}
        path = write_json(self.folder / "config.json", config)
        return [PYTHON, "-m", "target_talon_one", "--config", str(path)]

    def stdin(self) -> bytes:
        """A Singer tap's output."""
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
    """Runs the work of another command as an Airflow operator, in a process of its own."""

    inner: Load | Push
    operator: str

    @property
    def reads(self) -> bool:
        """As the command's."""
        return self.inner.reads

    @property
    def database(self) -> bool:
        """As the command's."""
        return self.inner.database

    @property
    def environment(self) -> dict[str, str]:
        """The connection, and a home of its own."""
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
        """The script that executes the operator."""
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
        """As the command's."""
        return self.inner.kept()

    def change(self) -> None:
        """As the command's; the catalog is not pushed."""
        self.inner.change()

    def ended(self, output: bytes) -> None:
        """Nothing is kept."""

    def stdin(self) -> bytes:
        """Nothing."""
        return b""

    def differences(self) -> list[str]:
        """As the command's, without the catalog."""
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
    "load parquet": _load("file://{}/lake"),
    "load s3": _load_s3,
    "target": Target,
    "push": _push_into(lambda _, folder: str(folder / "store.duckdb")),
    "push folder": _push_into(lambda _, folder: f"file://{folder}/store"),
    "push postgresql": _push_into(lambda world, _: world.database(), database=True),
    "push s3": _push_s3,
    "airflow load": lambda world, folder: AirflowTask(Load(world, folder, url=f"duckdb:///{folder}/w.duckdb"), "load"),
    "airflow push": lambda world, folder: AirflowTask(Push(world, folder), "push"),
}
