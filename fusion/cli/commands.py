"""The commands, their options and their help.

Each has its own module. A new command is declared here and calls `perform("<module>", **options)`;
the module's `run` returns the exit code, or None for 0.
"""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from click.termui import prompt

from fusion import __version__
from fusion.cli import demonstrations
from fusion.cli.line import LINE
from fusion.cli.perform import perform
from fusion.edge.server_memory import keep_memory_small

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
    help="Remove functions that only previous releases call. Stop their servers and workers first.",
)
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=60,
    show_default=True,
    help="Seconds to retry a step that finds a table locked.",
)
def migrate(finish: bool, wait: int) -> int | None:
    """Create or update tables and functions.

    Servers and workers of the previous release continue to work until you finish the upgrade with
    --finish. You can repeat this command, or run several at once: the later ones wait. A step waits
    at most 0.3 seconds at a time for a locked table, so that it does not block other users of the
    table.

    \b
    Examples:
      fusion migrate             before the new servers and workers start
      fusion migrate --finish    after the last server and worker of the previous release stopped
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
    help="Number of server processes. Use one per processor core.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    help="Number of requests that one process handles at the same time.",
)
def serve(host: str, port: int, workers: int, threads: int) -> int | None:
    """Serve the HTTP API.

    Stops on SIGTERM or SIGINT, after finishing the current requests. Each process uses at most
    FUSION_DATABASE_POOL connections to the database.

    \b
    Examples:
      fusion serve
      PORT=8080 fusion serve --host 0.0.0.0 --workers 4
    """
    keep_memory_small()  # before the first thread, when the C library reads the setting
    return perform(
        "fusion.cli.serve", serving=True, host=host, port=port, workers=workers, threads=threads
    )


@fusion.command()
def worker() -> int | None:
    """Run scheduled and background jobs.

    Stops on SIGTERM or SIGINT, after finishing the current jobs. Applies each scheduled order
    exactly once when it is due, and deletes expired data. You can run any number of workers on any
    number of machines; they share the work. They also catch up on jobs that became due while no
    worker ran.

    \b
    Example:
      fusion worker
    """
    return perform("fusion.cli.worker", serving=True)


@fusion.command()
def verify() -> int | None:
    """Check the books.

    Recomputes every balance and holding from its entries and orders, and prints the differences.
    Only reads, so it can run at any time. Exits with code 1 if there are differences.

    \b
    Example:
      fusion verify || alert "the books of Fusion do not agree"
    """
    return perform("fusion.cli.verify")


@fusion.command("fill-history")
def fill_history() -> int | None:
    """Rebuild the overview's history from the ledger.

    Rebuilds the totals of the past 90 days from the ledger's entries and the call records. Run it
    after an import of past entries. You can repeat it at any time, even on a busy system.

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
    """Create a service provider.

    Creates a group with its two licence SKUs and prints its id.

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
@click.option("--name", type=LINE, help="The person's name.")
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
def create_administrator(password_stdin: bool, **options: Any) -> int | None:
    """Make a person an administrator.

    Prints the member's id. On a terminal it prompts for the password; scripts use
    `--password-stdin`. The password is never an argument: other users could read it.

    \b
    Examples:
      fusion create-administrator GROUP_ID someone@example.com
      pass show fusion | fusion create-administrator GROUP_ID someone@example.com --password-stdin
    """
    return perform(
        "fusion.cli.create_administrator", password=_read_password(password_stdin), **options
    )


@fusion.command("create-client")
@click.argument("organization_id", type=click.UUID)
@click.option("--name", type=LINE, default="Created on the command line", show_default=True)
@click.option(
    "--scope",
    "scopes",
    type=LINE,
    multiple=True,
    help="A scope, such as orders:write; can be repeated. Default: all scopes available to the "
    "organization's clients.",
)
@click.option("--json", "as_json", is_flag=True, help="Print id and secret as JSON.")
def create_client(
    organization_id: UUID, name: str, scopes: tuple[str, ...], as_json: bool
) -> int | None:
    """Create credentials for the API.

    Prints the client's id and secret. The secret is shown only once and stored only as a hash.

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


@fusion.command("proxy-tables")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--group", "group_id", type=click.UUID, help="Only the trunks of this group.")
@click.option(
    "--every",
    type=click.IntRange(1, 3600),
    help="Stay, and write a table again when it has changed; look every so many seconds.",
)
@click.option(
    "--reload",
    type=LINE,
    help="A command that loads a written table; the table's name is added to it.",
)
def proxy_tables(
    directory: Path, group_id: UUID | None, every: int | None, reload: str | None
) -> int | None:
    """Write the tables that Kamailio loads into DIRECTORY.

    They tell a SIP proxy the emergency numbers of each trunk for the time when Fusion does not
    answer. Each file is replaced as a whole, and only if its contents have changed. See the voice
    engineer's guide.

    \b
    Examples:
      fusion proxy-tables /etc/kamailio/fusion
      fusion proxy-tables /etc/kamailio/fusion --every 10 --reload "kamcmd htable.reload"
    """
    return perform(
        "fusion.cli.proxy_tables",
        directory=directory,
        group_id=group_id,
        every=every,
        reload=reload,
    )


@fusion.command("set-host")
@click.argument("group_id", type=click.UUID)
@click.argument("host", type=LINE, required=False)
def set_host(group_id: UUID, host: str | None) -> int | None:
    """Set the host name of a group's portal.

    Visitors of that host name see the group's brand before they sign in, and can act only for
    organizations of that group. Without HOST the group loses its host name. FUSION_ALLOWED_HOSTS
    must also contain the host name.

    \b
    Example:
      fusion set-host GROUP_ID portal.example.com
    """
    return perform("fusion.cli.set_host", group_id=group_id, host=host)


def _read_password(from_stdin: bool) -> str | None:
    """None without a terminal: the person then cannot sign in with a password yet."""
    stdin = sys.stdin
    if from_stdin:
        return stdin.readline().rstrip("\r\n")
    if not stdin.isatty():
        return None
    return str(prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
