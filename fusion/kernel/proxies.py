"""Trusted proxies, and the address of the client behind them.

Each proxy appends to the chain (`X-Forwarded-For`) the address that called it. Entries before those
of trusted proxies were written by the caller of the first trusted proxy, and prove nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

MOST_ENTRIES = 32
"""Entries of the header that are read, from the end: more proxies than any installation has."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """The trusted proxies: the last `hops` addresses of the chain, or those within `networks`."""

    hops: int = 0
    networks: tuple[Network, ...] = ()

    def client_of(self, peer: str, chain: Sequence[str]) -> str:
        """The client's address.

        `peer` is the address of the connection, `chain` the entries of the proxies, the nearest
        last. An invalid entry ends the search: the proxy that passed it on is the result.
        """
        client = normal_address(peer) or peer
        for passed, entry in enumerate(reversed(chain[-MOST_ENTRIES:])):
            address = normal_address(entry)
            if address is None or not self._trusts(client, passed):
                break
            client = address
        return client

    def _trusts(self, address: str, passed: int) -> bool:
        if self.networks:
            known = normal_address(address)
            return known is not None and any(
                ip_address(known) in network for network in self.networks
            )
        return passed < self.hops


@lru_cache(maxsize=8)
def read_proxies(text: str) -> Proxies:
    """`FUSION_TRUSTED_PROXIES`: a number of proxies, or networks separated by commas."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if len(words) == 1 and words[0].isdecimal() and words[0].isascii():
        hops = int(words[0])
        if hops > MOST_ENTRIES:
            raise ValueError(f"must be a number up to {MOST_ENTRIES}, or networks")
        return Proxies(hops=hops)
    return Proxies(networks=tuple(ip_network(word, strict=False) for word in words))


@lru_cache(maxsize=1024)
def normal_address(text: str) -> str | None:
    """The normal form of an address, without port, brackets and quotes; None for anything else.

    An IPv4 address that is mapped into IPv6 becomes the IPv4 address.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return str(address.ipv4_mapped or address)
    return str(address)
