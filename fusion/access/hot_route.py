"""Declarations of hot routes: requests that machines repeat, which `fusion/hot` answers before
Django, in one round trip that also looks up the token.

A room declares them in its `hot.py`, beside the described routes in its `api.py`. A hot route
answers only what the described route would answer with the same bytes, and leaves everything else
to it: requests with an unusual form, invalid ones, and callers without permission.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fusion.access.idempotency import fingerprint
from fusion.access.permissions import Permission
from fusion.access.use_case import Answer

PREFIX = "api/v1/"

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
CONVERTERS = {"uuidstr": UUID, "str": "[^/]+", "path": ".+"}
"""Django's converters → patterns. Capital letters in ids are left to the described route."""


@dataclass(frozen=True, slots=True)
class HotRequest:
    """A request in its usual form: the parameters of its path, its body, its idempotency key.

    `body` is the parsed JSON, None without a body; `traced` is what `access.audit.traced` returns.
    """

    method: str
    path: str
    parameters: Mapping[str, str]
    body: Any
    key: str | None
    traced: str

    def caller(self) -> dict[str, Any]:
        """The members that every call of a database function has, except those of the token."""
        return {
            "request": self.traced,
            "key": self.key,
            "fingerprint": self._fingerprint(),
        }

    def _fingerprint(self) -> str:
        if self.key is None:
            return ""
        return fingerprint(self.method, self.path, self.body or None).hex()


Members = dict[str, Any]


def _none(request: HotRequest, answer: Answer) -> dict[str, str]:
    return {}


def _always(members: Members) -> bool:
    return True


@dataclass(frozen=True, eq=False)
class HotRoute:
    """One hot route.

    `route` is the described route as Django names it, without `PREFIX`. `function` is the hot
    database function. `read` returns the members of the call; None, ValidationError or a Problem
    leaves the request to the described route; `headers` are those that a success has besides those
    of every response. `method` is the method of the request, `instead_of`
    the one that its header `X-HTTP-Method-Override` names.

    `takes_key`: whether the described route reads `Idempotency-Key`. `is_audited`: whether the
    function writes audit records, and so needs the members of `HotRequest.caller`.
    `is_repeatable`: whether a statement whose connection broke may be sent again. `try_lock` is the
    SQL function that takes the locks of several calls without waiting, and returns which it took:
    see `access/try_lock.sql`. Only calls for which `may_share` is true then share a transaction
    with those of others.
    """

    method: str
    route: str
    permission: Permission
    function: str
    read: Callable[[HotRequest], Members | None]
    headers: Callable[[HotRequest, Answer], dict[str, str]] = _none
    has_body: bool = False
    instead_of: str | None = None
    takes_key: bool = False
    is_audited: bool = True
    is_repeatable: bool = False
    try_lock: str | None = None
    may_share: Callable[[Members], bool] = field(default=_always)

    def names(self, key: str | None, members: Members) -> frozenset[str]:
        """The names of a call: its idempotency key and its reference."""
        reference = members.get("external_reference")
        return frozenset(
            f"{kind}:{name}"
            for kind, name in (("key", key), ("reference", reference))
            if name is not None
        )

    @cached_property
    def label(self) -> str:
        """The route in metrics and logs."""
        return PREFIX + self.route

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the paths of the route."""

        def group(found: re.Match[str]) -> str:
            kind, _, name = found[1].rpartition(":")
            return f"(?P<{name}>{CONVERTERS[kind or 'str']})"

        parts = re.split(r"(<[^>]+>)", self.label)
        return re.compile(
            "/"
            + "".join(
                re.sub("<(.+)>", group, part) if part.startswith("<") else re.escape(part)
                for part in parts
            )
        )
