"""``talon-one call``: any operation by hand."""

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
@click.option("--path", multiple=True, metavar="NAME=VALUE", help="Path parameter.")
@click.option("--query", multiple=True, metavar="NAME=VALUE", help="Query parameter; again to fill an array.")
@click.option("--body", metavar="JSON|@FILE|-", help="Request body; @ a file, - the standard input.")
@click.option("--idempotency-key", metavar="KEY", help="Sent again with this key, a request is done once.")
@click.option("--yes", is_flag=True, help="Do it, even though it destroys something.")
@click.option("--list", "show", is_flag=True, help="Print all operations: method, path and the key each needs.")
@connection_options
def call(**options: Any) -> None:
    """Call OPERATION, by its name or Talon.One's operation id, and print its answer.

    JSON is printed with all digits of its numbers, CSV as it comes.

    Exit code 0; 1 Talon.One refused the request or does not answer; 2 something to fix in settings or command line.
    """
    from talon_one_cli.command import guarded_run

    context = click.get_current_context()
    if options["operation"] is None and not options["show"]:
        raise click.UsageError("name an OPERATION; --list shows all")
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
        say(f"{endpoint.name}: done, the answer is empty", err=True)
    else:
        write_data(answer)


def _arguments(endpoint: Endpoint, options: Mapping[str, Any]) -> dict[str, Any]:
    """What goes to the client, all of it checked: with a wrong argument nothing is sent."""
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
        raise ConfigError(f"{endpoint.name} {loss}; nothing was sent, add --yes if that is what you want")
    return arguments


def _send(
    endpoint: Endpoint, arguments: Mapping[str, Any], options: Mapping[str, Any], stop: StopSignal, redact: Redactor
) -> bytes | None:
    from talon_one_cli.options import PROGRAM, load_settings
    from talon_one_client.connection.client_factory import client_from_settings

    settings = load_settings(options["config"], redact, base_url=options["base_url"])
    decode = _pretty if endpoint.response_media == "json" else bytes
    with client_from_settings(settings, PROGRAM, stop=stop.check) as client:
        answer: bytes | None = client.call(endpoint, **arguments, decode=decode)
    return answer


def _pretty(answer: bytes) -> bytes:
    import msgspec

    return msgspec.json.format(answer, indent=2) + b"\n"
