"""The state that a schema of a warehouse keeps: where the next load begins, and whose rows the schema has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_loading.sink import DEPLOYMENT_NAME, state_name
from talon_one_singer.protocol.state import State
from tap_talon_one.deployment import DEPLOYMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_warehouse import Warehouse


def kept_state(warehouse: Warehouse, settings: Mapping[str, Any], *, full_refresh: bool = False) -> State:
    """Return the state from which a load continues.

    Args:
        warehouse: keeps the state.
        settings: of the tap; each shard has its own state.
        full_refresh: begin again. The state then says only whose rows are in the schema.

    Raises:
        ConfigError: the state is malformed.
        WarehouseError: the warehouse does not answer.
    """
    kept = warehouse.state(state_name(settings)) or {}
    owner = warehouse.state(DEPLOYMENT_NAME) or {name: kept[name] for name in (DEPLOYMENT,) if name in kept}
    value = owner if full_refresh else {**kept, **owner}
    return State.from_dict(value, f"the state in the schema {warehouse.schema}")
