"""``make bench``: throughput of tap and target, as a ratio to a plain ``requests`` loop on the same server.

Benchmarks: A, few large ledgers (20 cards with 50,000 transactions each); B, many small requests (the balances of 2,000
cards), with a latency of 0 and 50 ms; C, 200,000 profiles from a file to an emulator, compared with a loop that sends
one profile per request; D, memory and duration of the comparison in a mirror of ten million members.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent

# The plain loop for A and B: one session, page by page, one line for each row.
LOOP = """
import json, sys, requests
config = json.load(open(sys.argv[1]))
session = requests.Session()
session.headers["Authorization"] = "ApiKey-v1 " + config["api_key"]
for card in config["card_ids"]:
    base = config["base_url"] + "/v1/loyalty_programs/1/cards/" + card
    if sys.argv[2] == "loyalty_card_balances":
        print(json.dumps({"type": "RECORD", "record": session.get(base + "/balances").json()}))
        continue
    skip, more = 0, True
    while more:
        page = session.get(base + "/transactions", params={"pageSize": 1000, "skip": skip}).json()
        for row in page["data"]:
            print(json.dumps({"type": "RECORD", "stream": sys.argv[2], "record": row}))
        skip, more = skip + len(page["data"]), page["hasMore"]
"""


# The plain loop for C: one session, one profile per request.
PUSH_LOOP = """
import csv, json, sys, requests
config = json.load(open(sys.argv[1]))
session = requests.Session()
session.headers["Authorization"] = "ApiKey-v1 " + config["api_key"]
for row in csv.DictReader(open(sys.argv[2])):
    url = config["base_url"] + "/v2/customer_profiles/" + row["integration_id"]
    session.put(url, json={"attributes": {"tier": row["tier"]}}).raise_for_status()
"""
PROFILES, LOOPED = 200_000, 2_000


@contextmanager
def server(transactions: int, latency_s: float) -> Iterator[str]:
    """Run the mock server in a separate process and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, HERE / "mock.py", str(port), str(transactions), str(latency_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def timed(command: list[Any], out: Path) -> tuple[float, int]:
    """Run a command that writes Singer messages. Return its seconds and its number of RECORD lines."""
    begin = time.perf_counter()
    with out.open("wb") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - begin
    with out.open("rb") as file:
        return seconds, sum(b'"RECORD"' in line[:20] for line in file)


def compare(name: str, stream: str, *, cards: int, transactions: int, latency_s: float, concurrency: int) -> None:
    """Run tap and loop on the same data and print the ratio."""
    with server(transactions, latency_s) as url, tempfile.TemporaryDirectory() as home:
        config, catalog, out = (Path(home) / name for name in ("config.json", "catalog.json", "out.jsonl"))
        settings = {
            "base_url": url,
            "api_key": "bench-key",
            "loyalty_program_ids": [1],
            "card_ids": [f"CARD-{n:05}" for n in range(cards)],
            "concurrency": concurrency,
        }
        config.write_text(json.dumps(settings))
        tap = [sys.executable, "-m", "tap_talon_one", "--config", config]
        streams = json.loads(subprocess.run([*tap, "--discover"], stdout=subprocess.PIPE, check=True).stdout)["streams"]
        catalog.write_text(json.dumps({"streams": [s for s in streams if s["stream"] == stream]}))
        tap_run = timed([*tap, "--catalog", catalog], out)
        loop_run = timed([sys.executable, "-c", LOOP, config, stream], out)
    rates = [rows / seconds for seconds, rows in (tap_run, loop_run)]
    print(
        f"{name:<44} rows {tap_run[1]:>9,} / {loop_run[1]:>9,}   tap {rates[0]:>9,.0f}/s   loop {rates[1]:>9,.0f}/s   "
        f"ratio {rates[0] / rates[1]:5.1f}",
        flush=True,
    )


@contextmanager
def emulator() -> Iterator[str]:
    """Run an emulator with one attribute in a separate process and yield its URL."""
    command = [Path(sys.executable).parent / "talon-one-emulator", "serve", "--seed", "empty", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        words = dict(word.split("=", 1) for word in process.stdout.readline().split()[1:])
        attribute = [{"entity": "CustomerProfile", "name": "tier", "type": "string"}]
        request = urllib.request.Request(f"{words['url']}/_emulator/attributes", json.dumps(attribute).encode())  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310
        try:
            yield words["url"]
        finally:
            process.kill()


def profiles(path: Path, first: int, end: int) -> None:
    """Write a CSV file of profiles."""
    rows = (f"customer-{n:07},{'gold' if n % 7 else 'silver'}" for n in range(first, end))
    path.write_text("\n".join(["integration_id,tier", *rows]) + "\n")


def compare_push() -> None:
    """Compare ``talon-one push`` with the loop of one profile per request."""
    with emulator() as url, tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        profiles(folder / "many.csv", 0, PROFILES)
        profiles(folder / "few.csv", PROFILES, PROFILES + LOOPED)
        settings = {"base_url": url, "api_key": "demo-integration-key", "store": str(folder / "store.duckdb")}
        (folder / "config.json").write_text(json.dumps(settings))
        sync = {"source": str(folder / "many.csv"), "sink": "customer_profiles", "mode": "upsert"}
        (folder / "sync.yml").write_text(json.dumps({"syncs": {"profiles": sync}}))  # JSON is YAML
        push = [sys.executable, "-m", "talon_one_cli", "push", folder / "sync.yml", "--config", folder / "config.json"]
        rates = []
        for command, rows in (
            (push, PROFILES),
            ([sys.executable, "-c", PUSH_LOOP, folder / "config.json", folder / "few.csv"], LOOPED),
        ):
            begin = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=folder)
            rates.append(rows / (time.perf_counter() - begin))
    print(
        f"{f'C: {PROFILES:,} profiles, 0 ms':<44} rows {PROFILES:>9,} / {LOOPED:>9,}  push {rates[0]:>9,.0f}/s   "
        f"loop {rates[1]:>9,.0f}/s   ratio {rates[0] / rates[1]:5.1f}",
        flush=True,
    )


def mirror() -> None:
    """Print memory and seconds of a mirror of ten million members."""
    command = [sys.executable, HERE / "mirror.py", "10000000"]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    print(
        f"{'D: a mirror of 10,000,000 members':<44} peak {found['peak_mb']} MB   first comparison "
        f"{found['first_diff_s']} s   second {found['second_diff_s']} s   {found['requests']} requests",
        flush=True,
    )


def main() -> None:
    """Run all benchmarks."""
    few_big = {"cards": 20, "transactions": 50_000, "latency_s": 0.0, "concurrency": 8}
    many_small = {"cards": 2_000, "transactions": 10, "latency_s": 0.0, "concurrency": 16}
    far_away = {"cards": 500, "transactions": 10, "latency_s": 0.05, "concurrency": 16}
    compare("A: 20 cards of 50,000 transactions, 0 ms", "loyalty_card_transactions", **few_big)
    compare("B: 2,000 balances, 0 ms", "loyalty_card_balances", **many_small)
    compare("B: 500 balances, 50 ms", "loyalty_card_balances", **far_away)
    compare_push()
    mirror()


if __name__ == "__main__":
    main()
