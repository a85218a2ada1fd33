"""``make bench``: the tap beside a plain ``requests`` loop, same server, same run, as ratios.

Shapes: A, few big (20 cards of 50,000 transactions); B, many small (2,000 cards: a balance each), at 0 and 50 ms.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent

# What a user would write instead: one session, page by page, a dict and a line for each row.
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


@contextmanager
def server(transactions: int, latency_s: float) -> Iterator[str]:
    """The mock server as a process; yields its URL."""
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
    """(seconds, RECORD lines) of a command that writes Singer messages."""
    begin = time.perf_counter()
    with out.open("wb") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=True)
    seconds = time.perf_counter() - begin
    with out.open("rb") as file:
        return seconds, sum(b'"RECORD"' in line[:20] for line in file)


def compare(name: str, stream: str, *, cards: int, transactions: int, latency_s: float, concurrency: int) -> None:
    """Run both on one shape and print the ratio."""
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
        ours = timed([*tap, "--catalog", catalog], out)
        loop = timed([sys.executable, "-c", LOOP, config, stream], out)
    rates = [rows / seconds for seconds, rows in (ours, loop)]
    print(
        f"{name:<44} rows {ours[1]:>9,} / {loop[1]:>9,}   tap {rates[0]:>9,.0f}/s   loop {rates[1]:>9,.0f}/s   "
        f"ratio {rates[0] / rates[1]:5.1f}",
        flush=True,
    )


def main() -> None:
    """All shapes."""
    few_big = {"cards": 20, "transactions": 50_000, "latency_s": 0.0, "concurrency": 8}
    many_small = {"cards": 2_000, "transactions": 10, "latency_s": 0.0, "concurrency": 16}
    far_away = {"cards": 500, "transactions": 10, "latency_s": 0.05, "concurrency": 16}
    compare("A: 20 cards of 50,000 transactions, 0 ms", "loyalty_card_transactions", **few_big)
    compare("B: 2,000 balances, 0 ms", "loyalty_card_balances", **many_small)
    compare("B: 500 balances, 50 ms", "loyalty_card_balances", **far_away)


if __name__ == "__main__":
    main()
