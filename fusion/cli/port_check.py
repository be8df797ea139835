"""The address on which a server will listen."""

import socket
from ipaddress import ip_address

from fusion.cli.errors import CommandFailed


def check_address(host: str, port: int) -> None:
    """CommandFailed if another process uses the address.

    Each server process opens the port itself, and would share it with another program.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandFailed(
                f"Cannot listen on {host}:{port}: {error.strerror}. Choose another port with "
                "--port or PORT.",
                3,
            ) from error


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to `host`, an address or a name."""
    try:
        found = {ip_address(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, ValueError):
        return False
    return all(address.is_loopback for address in found)
