"""The commands that make things up: `fusion demo` and `fusion seed`."""

from dataclasses import fields

import click

from fusion.cli.address import check_address
from fusion.cli.database import perform
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
    help="Port to serve at.",
)
def demo(port: int) -> int | None:
    """Show Fusion with a believable provider, and serve it until Ctrl-C.

    Makes up a provider with distributors, resellers, tenants, products and some months of orders,
    shows on the terminal how an order is placed through the API, and goes on serving at
    http://127.0.0.1:8000 with a worker. Credentials for every level are in var/demo.json, logs in
    var/log. Running it again goes on with the same data.

    \b
    Examples:
      fusion demo
      PORT=8080 fusion demo
    """
    check_address("127.0.0.1", port)
    return perform("fusion.cli.demo", migrated=False, linger=False, session=True, port=port)


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
        _size("days", "How many days the orders reach back."),
        _size("random_seed", "The same number makes up the same shape again, with new ids."),
    ],
    help="""Fill the database with made-up providers, for measuring and for trying things out.

    Comes on top of what is there, all or nothing, with books that `fusion verify` finds right.
    A million orders take some minutes; meanwhile the event feed of the database stands still.
    Prints the ids of the new groups; `fusion create-client GROUP_ID` gives access to one.

    \b
    Examples:
      fusion seed
      fusion seed --subscriptions 100000 --tenants 60000 --orders 1000000
    """,
)
