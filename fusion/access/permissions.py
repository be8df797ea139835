"""Permissions: the required kind of organization, role and scope. Each use case and route names
one.

Visibility comes first: an actor that does not see an object gets 404.
"""

from dataclasses import dataclass

from fusion.access.actor import (
    ADMINISTRATOR,
    AGENT,
    DISTRIBUTOR,
    GROUP,
    KINDS,
    RESELLER,
    ROLES,
    Actor,
)
from fusion.kernel.errors import Problem

WRITERS = (ADMINISTRATOR, AGENT)


@dataclass(frozen=True, slots=True)
class Permission:
    """The right to `what`: for `roles` in organizations of `kinds`, with at least one of
    `scopes`."""

    what: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...] = ROLES
    kinds: tuple[str, ...] = KINDS

    def require(self, actor: Actor) -> None:
        """Problem `forbidden` unless the actor's scopes, kind of organization and role allow it."""
        self.require_scope(actor)
        self.require_role(actor)

    def require_scope(self, actor: Actor) -> None:
        """Problem `forbidden` unless the actor's token has one of the scopes."""
        if not any(actor.has_scope(scope) for scope in self.scopes):
            raise Problem(
                "forbidden",
                f"This token lacks the scope {' or '.join(self.scopes)}, which is required to "
                f"{self.what}. Ask an administrator for a client with that scope.",
            )

    def allows(self, actor: Actor) -> bool:
        """Whether the actor's kind of organization and role allow it."""
        return actor.kind in self.kinds and actor.role in self.roles

    def require_role(self, actor: Actor) -> None:
        """Problem `forbidden` unless the actor's kind of organization and role allow it."""
        if actor.kind not in self.kinds:
            raise Problem(
                "forbidden",
                f"Only the {' or '.join(self.kinds)} can {self.what}; {_belongs(actor)}.",
            )
        if actor.role not in self.roles:
            raise Problem(
                "forbidden",
                f"Only the role {' or '.join(self.roles)} can {self.what}; "
                f"your role is {actor.role}.",
            )


def _belongs(actor: Actor) -> str:
    if actor.client_id is None:
        return f"you are acting for a {actor.kind}"
    return f"this client belongs to a {actor.kind}"


READ_TENANCY = Permission("read organizations or subscriptions", ("tenancy:read",))
MANAGE_ORGANIZATIONS = Permission(
    "create or edit organizations",
    ("tenancy:write",),
    (ADMINISTRATOR,),
    (GROUP, DISTRIBUTOR, RESELLER),
)
MANAGE_SUBSCRIPTIONS = Permission(
    "create or edit subscriptions", ("tenancy:write",), (ADMINISTRATOR,)
)
MANAGE_MEMBERS = Permission("manage members", ("tenancy:write",), (ADMINISTRATOR,))
MANAGE_CLIENTS = Permission("manage API clients", ("tenancy:write",), (ADMINISTRATOR,))
LEAVE = Permission("leave an organization", ("tenancy:read",))
READ_MEMBERS = Permission("read members or API clients", ("tenancy:read",), (ADMINISTRATOR,))
SUSPEND = Permission("suspend or resume subscriptions", ("tenancy:write",), WRITERS, (GROUP,))
TERMINATE = Permission("terminate subscriptions", ("tenancy:write",), (ADMINISTRATOR,), (GROUP,))
MOVE = Permission(
    "move organizations or subscriptions", ("tenancy:write",), (ADMINISTRATOR,), (GROUP,)
)
READ_JOBS = Permission("read jobs of organizations", ("tenancy:read",), ROLES, (GROUP,))
MANAGE_BRAND = Permission("change the brand", ("tenancy:write",), (ADMINISTRATOR,), (GROUP,))
MANAGE_SETTINGS = Permission(
    "change the settings of the provider", ("tenancy:write",), (ADMINISTRATOR,), (GROUP,)
)
READ_SETTINGS = Permission("read the settings of the provider", ("tenancy:read",), ROLES, (GROUP,))
READ_CATALOGUE = Permission("read the catalogue", ("catalogue:read",))
MANAGE_SKUS = Permission("create SKUs", ("catalogue:write",), WRITERS, (GROUP,))
MANAGE_PRODUCTS = Permission(
    "create or edit products", ("catalogue:write",), (ADMINISTRATOR,), (GROUP,)
)
READ_ORDERS = Permission("read orders", ("orders:read",))
PLACE_ORDERS = Permission("place or cancel orders", ("orders:write",), WRITERS, (GROUP,))
CANCEL_ORDERS = Permission(
    "place or cancel orders", ("orders:write", "tenancy:write"), WRITERS, (GROUP,)
)
"""Which of the two scopes is needed, and whether an agent may, depends on the order's kind."""
SEE_FAILURES = Permission("mark failed orders as seen", ("orders:write",), WRITERS, (GROUP,))
REQUEST_ORDERS = Permission("request orders", ("orders:write",), WRITERS)
PREVIEW_ORDERS = Permission("preview orders", ("orders:read",), WRITERS, (GROUP,))
READ_BALANCES = Permission("read balances", ("orders:read", "provisioning:read"))
READ_EVENTS = Permission("read the event feed", ("reports:read",))
READ_PROVISIONING = Permission("read numbers, users or trunks", ("provisioning:read",))
PROVISION = Permission("provision numbers, users or trunks", ("provisioning:write",), WRITERS)
MANAGE_RANGES = Permission(
    "create or change number ranges", ("provisioning:write",), WRITERS, (GROUP,)
)
RESTOCK = Permission("put numbers back into stock", ("provisioning:write",), WRITERS, (GROUP,))
READ_RANGES = Permission("read number ranges", ("provisioning:read",), ROLES, (GROUP,))
READ_CALLS = Permission("read calls or call records", ("calls:read",))
ADMIT_CALLS = Permission("admit or end calls", ("calls:write",), WRITERS)
READ_REPORTS = Permission("read reports", ("reports:read",))
READ_TRAIL = Permission(
    "read the events or the audit trail of the provider", ("reports:read",), ROLES, (GROUP,)
)
