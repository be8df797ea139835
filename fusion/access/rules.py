"""The rules of scopes: which ones an API client may have."""

from collections.abc import Iterable

from fusion.access.actor import GROUP, SCOPES

ONLY_FOR_GROUPS = ("catalogue:write",)
"""Scopes that a client below the group cannot hold."""


def grantable(kind: str) -> tuple[str, ...]:
    """The scopes that a client of an organization of `kind` may have."""
    return tuple(scope for scope in SCOPES if kind == GROUP or scope not in ONLY_FOR_GROUPS)


def in_order(scopes: Iterable[str]) -> list[str]:
    """Known scopes, without repetition, in the order of `SCOPES`."""
    held = set(scopes)
    return [scope for scope in SCOPES if scope in held]
