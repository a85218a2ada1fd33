"""Reads by tap and peers: A, few large ledgers; B, many small requests; one very large ledger; all with faults."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from measuring import BIN, Measured, measure, peer
from mock.ledgers import card_name, count_and_cents
from rows.model import OURS, Bench, Contender, Row, added_s, cpu_us, rate, seconds, times

if TYPE_CHECKING:
    from pathlib import Path

SDK, SDK_FAST = "Singer SDK", "Singer SDK, tuned"
DLT, LOOP = "dlt", "requests loop"
RAW, TYPED, TYPED_PYREQWEST = "limit: urllib3, raw", "limit: urllib3, typed", "limit: pyreqwest, typed"
NO_FAULTS = "without faults"


@dataclass(frozen=True)
class Reading:
    """Cards to read, and how.

    Attributes:
        kind: ``transactions``, ``balances``, or both joined by ``+``.
        rows: transactions of each card.
        cards: number of cards.
        in_flight: requests in flight, for programs that can have more than one.
        latency_s: seconds between a request and its answer.
        faults: whether 1 % of the answers are 503 and 1 % are 429.
    """

    kind: str
    rows: int
    cards: int
    in_flight: int = 8
    latency_s: float = 0.0
    faults: bool = False

    @property
    def names(self) -> list[str]:
        """The ids of the cards."""
        return [card_name(self.rows, number) for number in range(self.cards)]

    @property
    def work(self) -> int:
        """Rows to read, or requests where most requests are small."""
        pages = self.cards * (-(-self.rows // 1000)) * ("transactions" in self.kind)
        balances = self.cards * ("balances" in self.kind)
        return pages + balances if balances else self.rows * self.cards

    def prepare(self, bench: Bench, folder: Path) -> tuple[Path, Path]:
        """Set the server and write the list of cards. Return its path, and that of the output."""
        bench.mock.set(latency_s=self.latency_s, faults=self.faults, prepare=(self.rows, self.cards))
        cards = folder / "cards.json"
        cards.write_text(json.dumps(self.names), encoding="utf-8")
        return cards, folder / "out.jsonl"

    def check(self, bench: Bench, path: Path) -> None:
        """Check rows and balances in a file of lines."""
        expected = count_and_cents(self.rows, self.cards) if "transactions" in self.kind else (0, 0)
        bench.check("lines", path, *expected, self.cards if "balances" in self.kind else 0)


def settings_of(reading: Reading, url: str) -> dict[str, object]:
    """Return the settings of the tap."""
    return {
        "base_url": url,
        "api_key": "bench-key",
        "loyalty_program_ids": [1],
        "card_ids": reading.names,
        "concurrency": reading.in_flight,
    }


def ours(reading: Reading, bench: Bench, folder: Path) -> Measured:
    """Read with the tap."""
    _, out = reading.prepare(bench, folder)
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps(settings_of(reading, bench.mock.url)), encoding="utf-8")
    wanted = {f"loyalty_card_{kind}" for kind in reading.kind.split("+")}
    streams = [stream for stream in bench.catalog if stream["stream"] in wanted]
    catalog.write_text(json.dumps({"streams": streams}), encoding="utf-8")
    command = [BIN / "tap-talon-one", "--config", config, "--catalog", catalog]
    found = measure(command, folder, stdout=out)
    reading.check(bench, out)
    return found


def _singer_sdk(reading: Reading, bench: Bench, folder: Path, *, fast: bool) -> Measured:
    _, out = reading.prepare(bench, folder)
    config = folder / "config.json"
    settings = {"base_url": bench.mock.url, "card_ids": reading.names, "streams": reading.kind}
    config.write_text(json.dumps(settings), encoding="utf-8")
    command = peer("singer-sdk", "singer_sdk_tap.py", "--config", config)
    found = measure(command, folder, stdout=out, env={"FAST": "1" if fast else "0"})
    reading.check(bench, out)
    return found


def _dlt(reading: Reading, bench: Bench, folder: Path) -> Measured:
    cards, _ = reading.prepare(bench, folder)
    command = peer("dlt", "dlt_read.py", "extract", bench.mock.url, reading.kind, str(reading.in_flight))
    found = measure(command, folder, stdin=cards)
    reading.check(bench, folder / "pipelines")
    return found


def _loop(reading: Reading, bench: Bench, folder: Path) -> Measured:
    cards, out = reading.prepare(bench, folder)
    command = peer("loop", "requests_read.py", bench.mock.url, reading.kind)
    found = measure(command, folder, stdin=cards, stdout=out)
    reading.check(bench, out)
    return found


def _limit(client: str, output: str, reading: Reading, bench: Bench, folder: Path) -> Measured:
    cards, out = reading.prepare(bench, folder)
    command = peer("limit", "limit_read.py", client, output, bench.mock.url, reading.kind, str(reading.in_flight))
    found = measure(command, folder, stdin=cards, stdout=out)
    reading.check(bench, out)
    return found


PROGRAMS = {
    OURS: ours,
    SDK: partial(_singer_sdk, fast=False),
    SDK_FAST: partial(_singer_sdk, fast=True),
    DLT: _dlt,
    LOOP: _loop,
    RAW: partial(_limit, "urllib3", "raw"),
    TYPED: partial(_limit, "urllib3", "typed"),
    TYPED_PYREQWEST: partial(_limit, "pyreqwest", "typed"),
}


def contenders(reading: Reading, *whole: str, **cards: int) -> list[Contender]:
    """Return programs that read all cards, and slow ones that read only so many, by the first word of their names."""
    sizes = dict.fromkeys(whole, reading.cards)
    for word, count in cards.items():
        sizes |= {name: min(count, reading.cards) for name in PROGRAMS if name.lower().startswith(word)}
    given = {name: replace(reading, cards=count) for name, count in sizes.items()}
    return [Contender(name, one.work, partial(PROGRAMS[name], one)) for name, one in given.items()]


def _with_faults(name: str, title: str, reading: Reading) -> Row:
    faulty = replace(reading, faults=True)
    unit = "requests" if "balances" in reading.kind else "rows"
    without = Contender(NO_FAULTS, reading.work, partial(ours, reading))
    marks = [added_s(1.5, NO_FAULTS)]
    title = f"{title}, 1 % of the answers 503 and 1 % 429"
    return Row(name, title, unit, [*contenders(faulty, OURS), without], marks, in_quick=False)


def _large_ledgers(scale: int) -> list[Row]:
    a = Reading("transactions", 50_000, 20 // scale)
    far = replace(a, in_flight=16, latency_s=0.05)
    one = Reading("transactions", 1_000_000 // scale, 1, 16, 0.05)
    small = replace(one, rows=100_000 // scale)
    return [
        Row(
            "tap_a",
            "A: 20 ledgers of 50,000 rows, 0 ms, tap to stdout",
            "rows",
            contenders(a, OURS, RAW, TYPED, TYPED_PYREQWEST, singer=2, dlt=6, requests=6),
            [times(5, DLT), times(5, LOOP), times(12, SDK_FAST), cpu_us(5, "row")],
        ),
        Row(
            "tap_a_50ms",
            "A at 50 ms, 16 in flight",
            "rows",
            contenders(far, OURS, TYPED, TYPED_PYREQWEST, dlt=8, requests=2),
            [rate(100_000, "rows/s")],
        ),
        Row(
            "one_ledger",
            "One ledger of 1,000,000 rows at 50 ms, 16 in flight",
            "rows",
            [*contenders(one, OURS, TYPED), *contenders(small, DLT, LOOP)],
            [seconds(8 / scale)],
        ),
        _with_faults("faults_a", "A at 0 ms", a),
        _with_faults("faults_a_50ms", "A at 50 ms, 16 in flight", far),
    ]


def _small_requests(scale: int) -> list[Row]:
    b = Reading("transactions+balances", 20, 5_000 // scale, 16)
    far = replace(b, cards=1_600 // scale, latency_s=0.05)
    wide = replace(far, cards=3_200 // scale, in_flight=64)
    return [
        Row(
            "tap_b",
            "B: 5,000 cards of 20 rows and their balances, 0 ms",
            "requests",
            contenders(b, OURS, TYPED, TYPED_PYREQWEST, singer=500, dlt=500, requests=1_000),
            [rate(2_500, "requests/s")],
        ),
        Row(
            "tap_b_50ms",
            "B at 50 ms, 16 in flight",
            "requests",
            contenders(far, OURS, TYPED, TYPED_PYREQWEST, dlt=500, requests=50),
            [rate(304, "requests/s")],
        ),
        Row(
            "tap_b_50ms_64",
            "B at 50 ms, 64 in flight",
            "requests",
            contenders(wide, OURS, TYPED, TYPED_PYREQWEST, dlt=500),
            [rate(1_150, "requests/s")],
        ),
        _with_faults("faults_b", "B at 0 ms", b),
        _with_faults("faults_b_50ms", "B at 50 ms, 16 in flight", far),
    ]


def rows(scale: int) -> list[Row]:
    """Return the rows, with a part of the work if ``scale`` is not 1."""
    return _large_ledgers(scale) + _small_requests(scale)
