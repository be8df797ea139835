"""The commands, their options and their help. The work of each is a module of its own.

A new command is declared here and hands over to `perform("<module>", **options)`, whose `run`
returns the exit code, or None for 0.
"""

import sys
from typing import Any
from uuid import UUID

import click
from click.termui import prompt

from fusion import __version__
from fusion.cli import demonstrations
from fusion.cli.database import perform
from fusion.cli.line import LINE
from fusion.edge.process import keep_memory_small

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="fusion")
def fusion() -> None:
    """Orders, licences and provisioning limits for telecom service providers.

    \b
    First steps:
      fusion migrate                       create or update the tables
      fusion create-group "Example Tel"    a service provider
      fusion create-client GROUP_ID        credentials for the API
      fusion serve                         the API at http://127.0.0.1:8000
      fusion worker                        applies scheduled orders

    Without DATABASE_URL an embedded PostgreSQL is started, with its data under ./var/postgres.
    Other settings: docs/operators-guide.md.

    \b
    Exit codes: 0 done; 1 refused, or differences found; 2 wrong usage; 3 database not reachable
    or not migrated, or a setting is wrong; 4 a fault of Fusion itself; 130 interrupted.
    """


fusion.add_command(demonstrations.demo)
fusion.add_command(demonstrations.seed)


@fusion.command()
@click.option(
    "--finish",
    is_flag=True,
    help="Remove what only former releases call. Their servers and workers must have ended.",
)
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds for which a step that finds a table locked is tried again.",
)
def migrate(finish: bool, wait: int) -> int | None:
    """Create or update tables and functions.

    Servers and workers of the release before go on working until you finish the upgrade with
    --finish. Safe to repeat, and safe when several run at once: the later ones wait. A step waits
    for a locked table for about a second at a time, so that those who use it are not held up.

    \b
    Examples:
      fusion migrate             before the new servers and workers start
      fusion migrate --finish    when the last one of the release before has ended
    """
    return perform("fusion.cli.migrate", migrated=False, session=True, finish=finish, wait=wait)


@fusion.command()
@click.option(
    "--host", type=LINE, default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    help="Port to listen on.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=2,
    show_default=True,
    help="Server processes; as many as there are processor cores is a good number.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="Requests that one process handles at a time.",
)
def serve(host: str, port: int, workers: int, threads: int) -> int | None:
    """Serve the HTTP API.

    Ends at SIGTERM or SIGINT, when the requests under way are finished. Each process holds at
    most FUSION_DATABASE_POOL connections to the database.

    \b
    Examples:
      fusion serve
      PORT=8080 fusion serve --host 0.0.0.0 --workers 4
    """
    keep_memory_small()  # before the first thread: the C library decides then, and once
    return perform(
        "fusion.cli.serve", serving=True, host=host, port=port, workers=workers, threads=threads
    )


@fusion.command()
def worker() -> int | None:
    """Do what is due by the clock.

    Ends at SIGTERM or SIGINT, when the jobs under way are finished. Applies scheduled orders
    when their time has come, exactly once, and clears away what has expired. Run as many as you
    like, on as many machines: they share the work, and what fell due while none ran is caught
    up with.

    \b
    Example:
      fusion worker
    """
    return perform("fusion.cli.worker", serving=True)


@fusion.command()
def verify() -> int | None:
    """Check the books.

    Recomputes every balance and holding from its entries and orders, and prints what differs.
    Only reads, and may run while everything else does. Exit code 1 when there are differences.

    \b
    Example:
      fusion verify || alert "the books of Fusion do not agree"
    """
    return perform("fusion.cli.verify")


@fusion.command("fill-history")
def fill_history() -> int | None:
    """Fill the overview's past from the ledger.

    Writes the sums of the past 90 days anew, from the ledger's entries and the records of calls.
    Run it when an import has added entries of the past. Safe to repeat, and while others work.

    \b
    Example:
      fusion fill-history
    """
    return perform("fusion.cli.fill_history")


@fusion.command("create-group")
@click.argument("name", type=LINE)
@click.option("--external-reference", type=LINE, help="The billing platform's id of this provider.")
@click.option("--json", "as_json", is_flag=True, help="Print the group as JSON.")
def create_group(name: str, external_reference: str | None, as_json: bool) -> int | None:
    """Found a service provider.

    Makes a group with its two licence SKUs, and prints its id.

    \b
    Examples:
      fusion create-group "Example Telecom"
      GROUP_ID=$(fusion create-group "Example Telecom")
    """
    return perform(
        "fusion.cli.create_group",
        name=name,
        external_reference=external_reference,
        as_json=as_json,
    )


@fusion.command("create-administrator")
@click.argument("organization_id", type=click.UUID)
@click.argument("email", type=LINE)
@click.option("--name", type=LINE, help="What this person is called.")
@click.option(
    "--role",
    type=click.Choice(("administrator", "agent", "viewer")),
    default="administrator",
    show_default=True,
)
@click.option(
    "--password-stdin", is_flag=True, help="Read a password from the first line of stdin."
)
@click.option("--json", "as_json", is_flag=True, help="Print the member as JSON.")
def create_administrator(password_stdin: bool, **given: Any) -> int | None:
    """Make a person an administrator.

    Prints the member's id. On a terminal the password is asked for; `--password-stdin` is for
    scripts. It is never an argument: others on the machine could read it there.

    \b
    Examples:
      fusion create-administrator GROUP_ID someone@example.com
      pass show fusion | fusion create-administrator GROUP_ID someone@example.com --password-stdin
    """
    return perform(
        "fusion.cli.create_administrator", password=_read_password(password_stdin), **given
    )


@fusion.command("create-client")
@click.argument("organization_id", type=click.UUID)
@click.option("--name", type=LINE, default="Created on the command line", show_default=True)
@click.option(
    "--scope",
    "scopes",
    type=LINE,
    multiple=True,
    help="A scope, such as orders:write; may be repeated. Without it: all that the organization's "
    "clients can have.",
)
@click.option("--json", "as_json", is_flag=True, help="Print id and secret as JSON.")
def create_client(
    organization_id: UUID, name: str, scopes: tuple[str, ...], as_json: bool
) -> int | None:
    """Create credentials for the API.

    Prints the client's id and its secret, which is shown this once and stored as a hash only.

    \b
    Examples:
      fusion create-client GROUP_ID --name "billing platform"
      fusion create-client TENANT_ID --scope orders:read --json > client.json
    """
    return perform(
        "fusion.cli.create_client",
        organization_id=organization_id,
        name=name,
        scopes=scopes,
        as_json=as_json,
    )


@fusion.command("set-host")
@click.argument("group_id", type=click.UUID)
@click.argument("host", type=LINE, required=False)
def set_host(group_id: UUID, host: str | None) -> int | None:
    """Let a host name stand for a group.

    Who comes to the portal by that name sees the group's brand before they sign in, and can act for
    organizations of that group alone. Without HOST the group has no name of its own any more. The
    name must stand in FUSION_ALLOWED_HOSTS too.

    \b
    Example:
      fusion set-host GROUP_ID portal.example.com
    """
    return perform("fusion.cli.set_host", group_id=group_id, host=host)


def _read_password(from_stdin: bool) -> str | None:
    """None where nobody can be asked: the person then cannot sign in with a password yet."""
    stdin = sys.stdin
    if from_stdin:
        return stdin.readline().rstrip("\r\n")
    if not stdin.isatty():
        return None
    return str(prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
