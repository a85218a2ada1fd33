"""Templates of Airflow in the map of a push, whose other templates are over the columns of a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateSyntaxError, nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    import jinja2

OF_AIRFLOW = frozenset({"params", "var", "dag_run", "ti", "task_instance"})
"""A template that reads only attributes of these, like ``{{ params.column }}``, is rendered by Airflow."""


def rendered_map(value: Any, environment: jinja2.Environment, render: Callable[[str], Any]) -> Any:
    """Return a map with the templates of Airflow rendered; those over the columns of a row stay as they are.

    Args:
        value: the map, or a part of it.
        environment: parses the templates.
        render: renders a template of Airflow.
    """
    if isinstance(value, Mapping):
        return {name: rendered_map(one, environment, render) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [rendered_map(one, environment, render) for one in value]
    return render(value) if isinstance(value, str) and is_of_airflow(value, environment) else value


def is_of_airflow(text: str, environment: jinja2.Environment) -> bool:
    """Return whether a text is a template that reads attributes of ``OF_AIRFLOW``, and nothing else."""
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError:  # the mapping reports it, with the name of its field
        return False
    owners = {id(one.node) for one in tree.find_all(nodes.Getattr)}
    owners |= {id(one.node) for one in tree.find_all(nodes.Getitem)}
    names = list(tree.find_all(nodes.Name))
    return bool(names) and all(one.name in OF_AIRFLOW and id(one) in owners for one in names)
