"""The client's address of a request: the same for limits, logs and the audit trail."""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from fusion.kernel.environment import setting
from fusion.kernel.proxies import Proxies

ADDRESS: ContextVar[str] = ContextVar("client_address", default="")
"""The client's address of the request that this thread is answering; empty outside a request."""


def client_address(meta: Mapping[str, Any]) -> str:
    """The address of the client behind the trusted proxies; empty if unknown.

    Without `FUSION_TRUSTED_PROXIES` it is the address of the connection; headers are ignored.
    `Forwarded` (RFC 7239) is used only without `X-Forwarded-For`.
    """
    proxies: Proxies = setting("FUSION_TRUSTED_PROXIES")
    peer: str = meta.get("REMOTE_ADDR") or ""
    if not proxies.hops and not proxies.networks:
        return proxies.client_of(peer, ())
    listed: str | None = meta.get("HTTP_X_FORWARDED_FOR")
    if listed is not None:
        return proxies.client_of(peer, listed.split(","))
    return proxies.client_of(peer, _forwarded(meta.get("HTTP_FORWARDED") or ""))


def _forwarded(header: str) -> list[str]:
    """The value of `for=` in each element of a `Forwarded` header."""
    chain = []
    for element in header.split(",") if header else []:
        pairs = (pair.partition("=") for pair in element.split(";"))
        chain.append(next((value for name, _, value in pairs if _is_for(name)), ""))
    return chain


def _is_for(name: str) -> bool:
    return name.strip().lower() == "for"
