"""Execute one operator as a task process does: ``airflow_task.py load|push ARGUMENTS.json``."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> None:
    """Build the operator, stop it on SIGTERM like Airflow, execute it."""
    from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
    from airflow_provider_talon_one.transfers.warehouse_to_talon_one import WarehouseToAudienceOperator

    operators = {"load": TalonOneToWarehouseOperator, "push": WarehouseToAudienceOperator}
    task = operators[sys.argv[1]](task_id="chaos", **json.loads(Path(sys.argv[2]).read_text()))

    def stop(*_: object) -> None:
        task.on_kill()

    signal.signal(signal.SIGTERM, stop)
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(dag_id="dag", xcom_push=lambda key, value: pushed.update({key: value}))
    task.execute({"ti": ti})


if __name__ == "__main__":
    try:
        main()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - Airflow itself logs what a task raises
        sys.exit(f"Error: {type(error).__name__}: {error}")
