"""Pushes a segment from a file with a store, for tests that kill it: ``killed_process.py CONFIG.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_singer.settings.secret import Secret
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.options import SyncOptions
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun

config = json.loads(Path(sys.argv[1]).read_text())
rows = [json.loads(line) for line in Path(config["rows"]).read_text().splitlines()]
options = SyncOptions(rejects_directory=config["folder"] + "/rejects", results_directory=config["folder"] + "/results")
client_config = ClientConfig(base_url=config["base_url"], api_key=Secret(config["api_key"]))
with (
    TalonOneClient(client_config) as client,
    open_store(config["store"]) as store,
    SyncRun(client, store, options, command="test") as run,
):
    destination = run.open(destination_from("rows", config["destination"]), columns=list(rows[0]))
    destination.add(rows, [f"row {number}" for number in range(1, len(rows) + 1)])
    destination.close_source(complete=True)
    run.finish()
