"""The definition of one setting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SettingType = Literal["string", "integer", "number", "boolean", "date-time", "date-times", "array", "object"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: key in the config file, snake_case.
        type: JSON type, or ``date-time`` (an RFC 3339 string), ``date-times`` (one date-time, a list or a range), or
            ``object`` (any content).
        description: one or two sentences, for ``--about`` and the docs.
        default: value if the setting is absent, as it would be written in a config file.
        required: True if nothing can run without it.
        secret: True for a string that must never be shown; ``load`` returns a ``Secret``.
        allowed: allowed values of the setting, or of the items of an array.
        old_values: current value by its earlier name, which is still accepted; using one logs a deprecation note.
        minimum, maximum: inclusive bounds of a number, or of the items of an array.
        aliases: earlier names of the setting, which are still accepted; using one logs a deprecation note.
        items: type of the items of an array.
        env: environment variable, if it is not ``<PREFIX>_<NAME>``.
        kind: Meltano's kind, if it does not follow from the type.
        is_path: True for a path or URL; for a local file ``load`` returns the path, see ``local_paths``.
        narrows: True if more is read or done without the setting. An empty list or text is then refused, because it
            would select everything instead of nothing. All arrays refuse an empty text.
        accepts: raises ValueError for a value that cannot be used; the text completes "setting 'x' ...".
    """

    name: str
    type: SettingType
    description: str
    default: Any = None
    required: bool = False
    secret: bool = False
    allowed: tuple[Any, ...] = ()
    old_values: Mapping[str, str] = field(default_factory=dict, hash=False)
    minimum: float | None = None
    maximum: float | None = None
    items: Literal["string", "integer"] = "string"
    env: str | None = None
    kind: str | None = None
    is_path: bool = False
    narrows: bool = False
    accepts: Callable[[Any], object] | None = None
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.secret and self.type != "string":
            raise ValueError(f"the secret setting {self.name} must be a string")
        if self.aliases and self.required:  # a JSON schema could not say which name is required
            raise ValueError(f"the required setting {self.name} cannot have aliases")
