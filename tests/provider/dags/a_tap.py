"""A Singer tap that emits the names of its config, and then a state that counts its runs. Not a DAG file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

if __name__ == "__main__":
    given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    config = json.loads(Path(given["--config"]).read_text())
    state = json.loads(Path(given["--state"]).read_text()) if "--state" in given else {"runs": 0}
    schema = {"properties": {"id": {"type": "string"}}}
    print(json.dumps({"type": "SCHEMA", "stream": "vip", "key_properties": ["id"], "schema": schema}))
    for name in config["names"].split(","):
        print(json.dumps({"type": "RECORD", "stream": "vip", "record": {"id": name}}))
    print(json.dumps({"type": "STATE", "value": {"runs": state["runs"] + 1}}))
