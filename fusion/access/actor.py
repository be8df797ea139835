"""The actor: an API client, a member, or Fusion itself, always for one organization."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

GROUP, DISTRIBUTOR, RESELLER, TENANT = "group", "distributor", "reseller", "tenant"
KINDS = (GROUP, DISTRIBUTOR, RESELLER, TENANT)
"""The kinds of organization, from the top of the tree down."""

ADMINISTRATOR, AGENT, VIEWER = "administrator", "agent", "viewer"
ROLES = (ADMINISTRATOR, AGENT, VIEWER)

NOUNS = ("tenancy", "catalogue", "orders", "provisioning", "calls", "reports")
SCOPES = tuple(f"{noun}:{access}" for noun in NOUNS for access in ("read", "write"))
"""Every scope; `write` includes `read`."""


def including_reads(scopes: Iterable[str]) -> frozenset[str]:
    """`scopes`, and the `:read` scope of every `:write`."""
    held = frozenset(scopes)
    return held | {scope.replace(":write", ":read") for scope in held}


@dataclass(frozen=True, slots=True)
class Request:
    """The facts of a request that a change needs.

    `key` is the caller's `Idempotency-Key`; `fingerprint` the SHA-256 of the request. `check_again`
    raises Problem `not-found` if the actor does not see, or no longer sees, an object that the
    request names: to be called after a stored answer was found.
    """

    id: str
    key: str | None = None
    fingerprint: bytes = b""
    check_again: Callable[[], None] = field(default=lambda: None, compare=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Sees a subtree, and may do there what its role and scopes allow.

    `scopes` is None if scopes do not apply: only their role limits members. `connector` is the name
    of an API client that is a connector.
    """

    label: str
    organization_id: UUID
    kind: str
    path: str
    group_id: UUID
    role: str
    scopes: frozenset[str] | None = None
    request: Request = field(default=Request(id=""))
    connector: str | None = None

    def has_scope(self, scope: str) -> bool:
        """Whether `scope` is granted; a `:write` scope includes the `:read` of its noun."""
        if self.scopes is None or scope in self.scopes:
            return True
        noun, _, access = scope.partition(":")
        return access == "read" and f"{noun}:write" in self.scopes

    @property
    def client_id(self) -> UUID | None:
        """The id of the acting API client; None for a member or Fusion itself."""
        kind, _, id = self.label.partition(":")
        return UUID(id) if kind == "client" else None

    def is_above(self, path: str) -> bool:
        """Whether the organization at `path` lies strictly below the actor's own."""
        return path != self.path and path.startswith(self.path)


def system_actor(group_id: UUID, label: str) -> Actor:
    """Fusion itself, acting for a whole group; `label` is `system:` and the acting component.

    For changes without a member or client behind them: the command line, the worker, the demo.
    """
    return Actor(
        label=label,
        organization_id=group_id,
        kind=GROUP,
        path=f"{group_id.hex}/",
        group_id=group_id,
        role=ADMINISTRATOR,
    )
