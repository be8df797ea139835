"""The hosts of a connection URL, which may name several; one of them is the primary."""

from collections.abc import Mapping
from typing import Any

Host = dict[str, str]
"""The given ones of `host`, `hostaddr` and `port` of one server."""

LISTS = ("host", "hostaddr", "port")


def hosts(parameters: Mapping[str, Any]) -> list[Host]:
    """The hosts in the parameters, in their order; none for libpq's default."""
    lists = {name: parameters[name].split(",") for name in LISTS if parameters.get(name)}
    if not lists.keys() & {"host", "hostaddr"}:
        return []
    count = max(len(values) for values in lists.values())
    return [
        # A single port applies to all hosts.
        {name: values[n if len(values) > 1 else 0] for name, values in lists.items()}
        for n in range(count)
    ]


def with_hosts[T](parameters: Mapping[str, T], servers: list[Host]) -> dict[str, T | str]:
    """The parameters with these hosts and no others."""
    others = {name: value for name, value in parameters.items() if name not in LISTS}
    return {**others, **{name: ",".join(each[name] for each in servers) for name in servers[0]}}


def place_of(host: Host) -> tuple[str, str]:
    """Identifies a host: its name, or else its address, and its port."""
    return host.get("host") or host.get("hostaddr", ""), host.get("port") or "5432"
