"""The settings of stream maps and flattening, by the names that the Singer SDK and Meltano use."""

from __future__ import annotations

from importlib.util import find_spec

from talon_one_singer.settings.setting import Setting

# What --about lists if the extra is installed.
MAP_CAPABILITIES = ("schema-flattening", "stream-maps")

MAPS = (
    Setting(
        "stream_maps",
        "object",
        "Singer messages only: renames, computes, filters and leaves out streams and properties, as the Singer SDK "
        "documents it. Needs the extra maps.",
    ),
    Setting("stream_map_config", "object", "Values that expressions of stream_maps read as config."),
    Setting(
        "faker_config", "object", "Seed and locale of fake in expressions of stream_maps; needs the package faker."
    ),
    Setting(
        "flattening_enabled",
        "boolean",
        "Singer messages only: makes columns of the properties of objects. Needs the extra maps.",
        default=False,
    ),
    Setting(
        "flattening_max_depth",
        "integer",
        "How many levels of objects are flattened; required with flattening_enabled.",
        minimum=0,
        maximum=100,
    ),
    Setting(
        "flattening_max_key_length",
        "integer",
        "Longest name of a flattened column; parts of longer names are shortened. Without it, 255.",
        minimum=1,
        maximum=10_000,
    ),
    Setting("flattening_separator", "string", "What joins the parts of a flattened name. Without it, two underscores."),
)


def are_maps_installed() -> bool:
    """Return whether the extra ``maps`` is installed."""
    return find_spec("singer_sdk") is not None


def with_maps(capabilities: tuple[str, ...]) -> tuple[str, ...]:
    """Return the capabilities, with those of stream maps if the extra is installed."""
    return tuple(sorted((*capabilities, *MAP_CAPABILITIES))) if are_maps_installed() else capabilities
