"""The commands that create fictitious providers: `fusion demo` and `fusion seed`."""

from dataclasses import fields

import click

from fusion.cli.perform import perform
from fusion.cli.port_check import check_address
from fusion.seed.plan import Plan

DEFAULTS = {field.name: field.default for field in fields(Plan)}


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8000,
    show_default=True,
    envvar="PORT",
    show_envvar=True,
    help="Port to listen on.",
)
def demo(port: int) -> int | None:
    """Create a demo provider and serve it until Ctrl-C.

    Creates a fictional provider with distributors, resellers, tenants, products and some months of
    orders. Shows on the terminal how to place an order through the API, then serves at
    http://127.0.0.1:8000 with a worker. Credentials for every level are in var/demo.json, logs in
    var/log. Running it again continues with the same data.

    \b
    Examples:
      fusion demo
      PORT=8080 fusion demo
    """
    check_address("127.0.0.1", port)
    return perform("fusion.cli.demo", migrated=False, until_stopped=True, session=True, port=port)


def _size(name: str, text: str) -> click.Option:
    return click.Option(
        [f"--{name.replace('_', '-')}"],
        type=click.IntRange(0),
        default=DEFAULTS[name],
        show_default=True,
        help=text,
    )


def _seed(**sizes: int) -> int | None:
    return perform("fusion.cli.seed", sizes=sizes)


seed = click.Command(
    "seed",
    callback=_seed,
    params=[
        _size("groups", "Service providers."),
        _size("distributors", "Distributors, over all groups."),
        _size("resellers", "Resellers, over all groups."),
        _size("tenants", "Tenants, over all groups."),
        _size("subscriptions", "Subscriptions, over all groups."),
        _size("orders", "Orders, over all groups, most of them completed."),
        _size("products", "Products of each group."),
        _size("days", "Number of past days that the orders cover."),
        _size("random_seed", "The same number creates the same data again, with new ids."),
    ],
    help="""Fill the database with fictional providers, for measurements and tests.

    Adds to the existing data in one transaction; `fusion verify` finds no differences in it. A
    million orders take some minutes, during which the event feed pauses. Prints the ids of the new
    groups. Use `fusion create-client GROUP_ID` to get access to one.

    \b
    Examples:
      fusion seed
      fusion seed --subscriptions 100000 --tenants 60000 --orders 1000000
    """,
)
