"""``talon-one call``: call any operation of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from talon_one_cli.options import connection_options
from talon_one_singer.cli.output import say, write_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.endpoints import Endpoint
    from talon_one_singer.cli.signals import StopSignal
    from talon_one_singer.reporting.logs import Redactor


@click.command()
@click.argument("operation", required=False)
@click.option("--path", multiple=True, metavar="NAME=VALUE", help="Path parameter. Repeat it for each parameter.")
@click.option(
    "--query",
    multiple=True,
    metavar="NAME=VALUE",
    help="Query parameter. Repeat it to fill an array.",
)
@click.option("--body", metavar="JSON|@FILE|-", help="Request body; @ reads a file, - standard input.")
@click.option(
    "--idempotency-key",
    metavar="KEY",
    help="Requests with the same key take effect once.",
)
@click.option("--yes", is_flag=True, help="Confirm a call that destroys data.")
@click.option("--list", "show", is_flag=True, help="Print all operations: method, path, and which key they need.")
@connection_options
def call(**options: Any) -> None:
    """Call any operation of the API and print its response.

    OPERATION is a name from --list or an operation id of Talon.One's API reference. JSON keeps all digits of its
    numbers, and CSV is printed unchanged.

    Exit codes: 1 Talon.One rejected the request or does not answer; 2 an argument, a setting or a key must be
    corrected.
    """
    from talon_one_cli.command import guarded_run

    context = click.get_current_context()
    if options["operation"] is None and not options["show"]:
        raise click.UsageError("give the name of an OPERATION; --list prints all")
    context.exit(guarded_run("talon-one call", lambda stop, redact: _run(options, stop, redact)))


def _run(options: Mapping[str, Any], stop: StopSignal, redact: Redactor) -> None:
    from talon_one_cli.api.operations import operation, table

    if options["show"]:
        write_data(table().encode())
        return
    endpoint = operation(options["operation"])
    arguments = _arguments(endpoint, options)
    answer = _send(endpoint, arguments, options, stop, redact)
    if answer is None:
        say(f"{endpoint.name}: done; the response is empty", err=True)
    else:
        write_data(answer)


def _arguments(endpoint: Endpoint, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked arguments of the call; if one of them is wrong, nothing is sent."""
    from talon_one_cli.api.bodies import parse_body, read_body
    from talon_one_cli.api.consent import destroys
    from talon_one_cli.api.operations import path_values, query_values
    from talon_one_client.operations.typed_calls import multipart_csv
    from talon_one_singer import ConfigError

    path, query = path_values(endpoint, options["path"]), query_values(endpoint, options["query"])
    if options["idempotency_key"] and not endpoint.idempotency_key:
        raise ConfigError(f"{endpoint.name} takes no --idempotency-key")
    arguments = {"path": path, "query": query, "idempotency_key": options["idempotency_key"]}
    content = read_body(endpoint, options["body"])
    if content is not None and endpoint.request_media == "multipart":
        arguments["content"] = multipart_csv(content)
    elif content is not None:
        arguments["body"] = parse_body(endpoint, content)
    loss = destroys(endpoint, path, arguments.get("body"))
    if loss and not options["yes"]:
        raise ConfigError(f"{endpoint.name} {loss}; nothing was sent; add --yes to confirm")
    return arguments


def _send(
    endpoint: Endpoint, arguments: Mapping[str, Any], options: Mapping[str, Any], stop: StopSignal, redact: Redactor
) -> bytes | None:
    from talon_one_cli.connection_settings import PROGRAM, load_settings
    from talon_one_client.connection.client_factory import client_from_settings

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    decode = _pretty if endpoint.response_media == "json" else bytes
    with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
        answer: bytes | None = client.call(endpoint, **arguments, decode=decode)
    return answer


def _pretty(answer: bytes) -> bytes:
    import msgspec

    return msgspec.json.format(answer, indent=2) + b"\n"
