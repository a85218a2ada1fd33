"""Pushes a table with a store beside it, for tests that kill it: ``killed_in_source_process.py CONFIG.json``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_singer.settings.secret import Secret
from target_talon_one.config.options import SyncOptions
from target_talon_one.sync.run import SyncRun
from tests.target.source_databases import SourceDatabase

config = json.loads(Path(sys.argv[1]).read_text())
options = SyncOptions(rejects_directory=config["folder"] + "/rejects", results_directory=config["folder"] + "/results")
client_config = ClientConfig(base_url=config["base_url"], api_key=Secret(config["api_key"]))
database = SourceDatabase(config["source"])
with (
    TalonOneClient(client_config) as client,
    database.store() as store,
    SyncRun(client, store, options, command="test") as run,
):
    database.read(run, store, config["destination"])
    run.finish()
