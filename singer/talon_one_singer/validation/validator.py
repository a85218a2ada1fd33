"""The validation of rows against their JSON schema (Draft 7): numbers are exact, formats are not asserted.

jsonschema-rs is used if it is installed, else jsonschema, with the same results.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from talon_one_singer.errors import ConfigError
from talon_one_singer.validation.exact_schema import prepared
from talon_one_singer.validation.violations import Violation, field_name, sentence, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import jsonschema
    import jsonschema_rs


class Validator(Protocol):
    """Validates values against a schema."""

    def __call__(self, value: Any, /) -> str | None:
        """Return None for a valid value, else a sentence that names the field and the problem."""
        ...

    def accepts(self, values: Sequence[Any], /) -> bool:
        """Return whether all values are valid; False also if each must be looked at."""
        ...


_MOST = 1000  # violations of one row that are examined
_TOO_DEEP = "the row is nested too deeply to be checked"


def validator(schema: Mapping[str, Any]) -> Validator:
    """Return the validator of a schema.

    A top-level property that is JSON text according to its schema (contentMediaType) may also be the decoded value,
    which ``read_messages`` returns.

    Raises:
        ConfigError: the schema is not valid, or refers to another schema.
    """
    try:
        return _validator(prepared(schema))
    except RecursionError:
        raise ConfigError("the schema is not valid: it is nested too deeply, or endlessly in itself") from None
    except ValueError as error:
        raise _schema_error((), str(error)) from None


def _validator(schema: dict[str, Any]) -> Validator:
    try:
        import jsonschema_rs  # noqa: F401
    except ImportError:
        return _PlainValidator(schema)
    return _RustValidator(schema)


class _RustValidator:
    """Validates with jsonschema-rs."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._rules = _rules_of(schema)

    def __call__(self, value: Any, /) -> str | None:
        try:
            if self._rules.is_valid(value):
                return None
            return _first(map(self._violation, self._rules.iter_errors(value)), value)
        except ValueError as error:
            return _TOO_DEEP if "ecursion" in str(error) else f"the row cannot be checked: {error}"

    def accepts(self, values: Sequence[Any], /) -> bool:
        try:
            return all(map(self._rules.is_valid, values))
        except ValueError:
            return False

    def _violation(self, error: jsonschema_rs.ValidationError) -> Violation:
        return Violation(error.instance_path, error.schema_path, _subschema(self._schema, error.schema_path[:-1]))


def _rules_of(schema: dict[str, Any]) -> jsonschema_rs.Draft7Validator:
    import jsonschema_rs

    try:
        return jsonschema_rs.Draft7Validator(schema, validate_formats=False, retriever=_refuse_reference)
    except Exception as error:  # noqa: BLE001  # errors of the schema, of its references, of its numbers
        raise _schema_error(getattr(error, "instance_path", ()), getattr(error, "message", str(error))) from None


class _PlainValidator:
    """Validates with jsonschema."""

    def __init__(self, schema: dict[str, Any]) -> None:
        import jsonschema

        from talon_one_singer.validation.plain import PlainValidator

        try:
            self._rules = PlainValidator(schema)
        except jsonschema.SchemaError as error:
            raise _schema_error(list(error.absolute_path), error.message) from None

    def __call__(self, value: Any, /) -> str | None:
        try:
            return _first(map(self._violation, self._rules.iter_errors(value)), value)
        except RecursionError:
            return _TOO_DEEP
        except ValueError as error:
            return f"the row cannot be checked: {error}"

    def accepts(self, values: Sequence[Any], /) -> bool:
        return not values

    def _violation(self, error: jsonschema.ValidationError) -> Violation:
        return Violation(list(error.absolute_path), list(error.absolute_schema_path), error.schema)


def _first(violations: Iterable[Violation], value: Any) -> str | None:
    """Return the sentence for the first invalid field, in the order of their names."""
    first = min(islice(violations, _MOST), key=Violation.order, default=None)
    return sentence(first, value) if first else None


def _subschema(schema: dict[str, Any], path: Sequence[str | int]) -> Any:
    try:
        return walk(schema, path)[1]
    except (KeyError, IndexError, TypeError):
        return {}


def _refuse_reference(uri: str) -> Any:
    raise ValueError(f"the schema refers to another schema, {uri}; move that schema into definitions")


def _schema_error(path: Sequence[str | int], words: str) -> ConfigError:
    place = f" at {field_name(path)}" if path else ""
    return ConfigError(f"the schema is not valid{place}: {' '.join(words.split())[:300]}")
