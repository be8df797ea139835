"""Every route with its scopes and the status for each kind of organization.

Written from the contract and compared with the program: a missing route fails the test.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fusion.access.actor import SCOPES
from fusion.kernel.clock import instant, now
from fusion.kernel.ids import new_id
from tests.contract.stage import FAR, Ids
from tests.numbers.stock import block

KINDS = ("group", "distributor", "reseller", "tenant")

Body = Callable[[Ids], Any]


@dataclass(frozen=True)
class Rule:
    """The required scopes (one of `scopes`), and the status by kind of organization for its own
    ids."""

    scopes: tuple[str, ...]
    statuses: tuple[int, int, int, int]
    body: Body | None = None
    ids: tuple[tuple[str, str], ...] = ()
    """(name of a path parameter, name of the id for it) if they differ."""
    headers: tuple[tuple[str, str], ...] = ()
    elsewhere: tuple[str, ...] = ()
    """Those of `scopes` that are for other objects than the tested one."""
    hands_on: tuple[str, ...] = ()
    """Further required scopes, because the body grants them to another client or person."""

    refusal: str = "forbidden"
    """The code of the 403 for kinds of organization that may not do it."""

    def status(self, kind: str) -> int:
        """The status for an organization of that kind."""
        return self.statuses[KINDS.index(kind)]

    @property
    def reads(self) -> bool:
        """Whether the request changes nothing."""
        return all(scope.endswith(":read") for scope in self.scopes)


def everyone(status: int) -> tuple[int, int, int, int]:
    """The same answer for all four kinds."""
    return (status, status, status, status)


def the_group(status: int) -> tuple[int, int, int, int]:
    """For the group only."""
    return (status, 403, 403, 403)


def from_above(status: int) -> tuple[int, int, int, int]:
    """For every organization above the tenant of the request."""
    return (status, status, status, 403)


def an_order(ids: Ids) -> dict[str, Any]:
    """The body of an order."""
    line = {"product_id": str(ids["product_id"]), "quantity": 1}
    return {"subscription_id": str(ids["subscription_id"]), "lines": [line]}


def named(**ids: str) -> Body:
    """A body with a name and these ids: name of the field = name of the id."""

    def body(own: Ids) -> dict[str, Any]:
        return {"name": "New", **{field: str(own[name]) for field, name in ids.items()}}

    return body


READ_TENANCY, WRITE_TENANCY = ("tenancy:read",), ("tenancy:write",)
READ_CATALOGUE, WRITE_CATALOGUE = ("catalogue:read",), ("catalogue:write",)
READ_ORDERS, WRITE_ORDERS = ("orders:read",), ("orders:write",)
READ_PROVISIONING, PROVISION = ("provisioning:read",), ("provisioning:write",)
READ_CALLS, ADMIT_CALLS = ("calls:read",), ("calls:write",)
READ_BALANCES = ("orders:read", "provisioning:read")

OF_AGENTS = tuple(scope for scope in SCOPES if scope != "tenancy:write")
"""What agents may do, and what a token must have that makes somebody one."""

ORGANIZATION = "/organizations/{organization_id}"
ORGANIZATION_JOB = ORGANIZATION + "/jobs/{job_id}"
MEMBER = ORGANIZATION + "/members/{member_id}"
CLIENT = ORGANIZATION + "/api-clients/{client_id}"
SUBSCRIPTION = "/subscriptions/{subscription_id}"
NUMBERS = SUBSCRIPTION + "/numbers"
USERS = SUBSCRIPTION + "/users"
USER = USERS + "/{user_id}"
NUMBER = NUMBERS + "/{e164}"
TRUNKS = SUBSCRIPTION + "/trunks"
TRUNK = TRUNKS + "/{trunk_id}"
ROUTED = TRUNK + "/numbers/{e164}"
CALL = "/trunks/{trunk_id}/calls/{direction}/{call_id}"
REQUEST = "/order-requests/{request_id}"
PORTS = SUBSCRIPTION + "/port-requests"
PORT = "/port-requests/{request_id}"
PRODUCT = "/products/{product_id}"


OF_GROUP = (("organization_id", "group_id"),)
ONE_JOB = (("job_id", "organization_job_id"),)
ONE_PORT = (("request_id", "port_request_id"),)
FAR_PORT = instant(now() + timedelta(days=30))


def calling(ids: Ids) -> dict[str, Any]:
    """An ordinary call: an emergency call would pass however malformed its request is."""
    return {"caller": "+3225550100", "callee": "+3225550199"}


TABLE: dict[tuple[str, str], Rule] = {
    ("GET", "/organizations"): Rule(READ_TENANCY, everyone(200)),
    ("POST", "/organizations"): Rule(
        WRITE_TENANCY,
        from_above(201),
        lambda ids: {**named(parent_id="parent_id")(ids), "kind": "tenant"},
    ),
    ("GET", ORGANIZATION): Rule(READ_TENANCY, everyone(200)),
    ("PATCH", ORGANIZATION): Rule(WRITE_TENANCY, from_above(200), named()),
    ("DELETE", ORGANIZATION): Rule(
        WRITE_TENANCY, from_above(204), ids=(("organization_id", "empty_id"),)
    ),
    ("POST", ORGANIZATION + "/move"): Rule(
        WRITE_TENANCY,
        the_group(200),
        lambda ids: {"parent_id": str(ids["parent_id"])},
        ids=(("organization_id", "empty_id"),),
    ),
    ("GET", ORGANIZATION + "/settings"): Rule(READ_TENANCY, the_group(200), ids=OF_GROUP),
    ("PATCH", ORGANIZATION + "/settings"): Rule(
        WRITE_TENANCY,
        the_group(200),
        lambda ids: {
            "porting": "anyone",
            "order_grace_hours": 48,
            "emergency_numbers": {"US": ["933"]},
        },
        ids=OF_GROUP,
    ),
    ("GET", ORGANIZATION + "/members"): Rule(READ_TENANCY, everyone(200)),
    ("POST", ORGANIZATION + "/members"): Rule(
        WRITE_TENANCY,
        everyone(201),
        lambda ids: {"email": f"{new_id()}@example.com", "role": "agent"},
        hands_on=OF_AGENTS,
    ),
    ("GET", MEMBER): Rule(READ_TENANCY, everyone(200)),
    ("PATCH", MEMBER): Rule(
        WRITE_TENANCY, everyone(200), lambda ids: {"role": "agent"}, hands_on=OF_AGENTS
    ),
    ("DELETE", MEMBER): Rule(WRITE_TENANCY, everyone(204)),
    ("POST", ORGANIZATION + "/suspend"): Rule(WRITE_TENANCY, the_group(202), lambda ids: {}),
    ("POST", ORGANIZATION + "/resume"): Rule(WRITE_TENANCY, the_group(202), lambda ids: {}),
    ("GET", ORGANIZATION + "/jobs"): Rule(READ_TENANCY, the_group(200)),
    ("GET", ORGANIZATION_JOB): Rule(READ_TENANCY, the_group(200), ids=ONE_JOB),
    ("GET", ORGANIZATION_JOB + "/results"): Rule(READ_TENANCY, the_group(200), ids=ONE_JOB),
    ("POST", ORGANIZATION_JOB + "/cancel"): Rule(WRITE_TENANCY, the_group(200), ids=ONE_JOB),
    ("GET", ORGANIZATION + "/api-clients"): Rule(READ_TENANCY, everyone(200)),
    ("POST", ORGANIZATION + "/api-clients"): Rule(
        WRITE_TENANCY, everyone(201), lambda ids: {"name": "New", "scopes": ["tenancy:read"]}
    ),
    ("GET", CLIENT): Rule(READ_TENANCY, everyone(200)),
    ("PATCH", CLIENT): Rule(WRITE_TENANCY, everyone(200), named()),
    ("DELETE", CLIENT): Rule(WRITE_TENANCY, everyone(204)),
    ("POST", CLIENT + "/rotate"): Rule(WRITE_TENANCY, everyone(200)),
    ("GET", "/subscriptions"): Rule(READ_TENANCY, everyone(200)),
    ("POST", "/subscriptions"): Rule(WRITE_TENANCY, everyone(201), named(tenant_id="tenant_id")),
    ("GET", SUBSCRIPTION): Rule(READ_TENANCY, everyone(200)),
    ("PATCH", SUBSCRIPTION): Rule(WRITE_TENANCY, everyone(200), named()),
    ("POST", SUBSCRIPTION + "/suspend"): Rule(WRITE_TENANCY, the_group(200), lambda ids: {}),
    ("POST", SUBSCRIPTION + "/resume"): Rule(WRITE_TENANCY, the_group(200), lambda ids: {}),
    ("POST", SUBSCRIPTION + "/terminate"): Rule(WRITE_TENANCY, the_group(200), lambda ids: {}),
    ("POST", SUBSCRIPTION + "/restore"): Rule(
        WRITE_TENANCY, the_group(200), lambda ids: {}, ids=(("subscription_id", "ended_id"),)
    ),
    ("POST", SUBSCRIPTION + "/move"): Rule(
        WRITE_TENANCY, the_group(200), lambda ids: {"tenant_id": str(ids["tenant_id"])}
    ),
    ("GET", SUBSCRIPTION + "/balances"): Rule(READ_BALANCES, everyone(200)),
    ("GET", SUBSCRIPTION + "/entries"): Rule(READ_BALANCES, everyone(200)),
    ("GET", SUBSCRIPTION + "/holdings"): Rule(READ_BALANCES, everyone(200)),
    ("GET", "/licenses"): Rule(READ_BALANCES, everyone(200)),
    ("GET", "/skus"): Rule(READ_CATALOGUE, everyone(200)),
    ("POST", "/skus"): Rule(
        WRITE_CATALOGUE,
        the_group(201),
        lambda ids: {"code": "new", "name": "N", "country": "BE", "number_type": "mobile"},
    ),
    ("GET", "/skus/{sku_id}"): Rule(READ_CATALOGUE, everyone(200)),
    ("PATCH", "/skus/{sku_id}"): Rule(
        WRITE_CATALOGUE, the_group(200), lambda ids: {"name": "Renamed"}
    ),
    ("GET", "/products"): Rule(READ_CATALOGUE, everyone(200)),
    ("POST", "/products"): Rule(
        WRITE_CATALOGUE,
        the_group(201),
        lambda ids: {"code": "new", "name": "N", "items": [{"sku": "user", "quantity": 1}]},
    ),
    ("GET", PRODUCT): Rule(READ_CATALOGUE, everyone(200)),
    ("GET", PRODUCT + "/revisions"): Rule(READ_CATALOGUE, everyone(200)),
    ("PATCH", PRODUCT): Rule(WRITE_CATALOGUE, the_group(200), named()),
    ("DELETE", PRODUCT): Rule(WRITE_CATALOGUE, the_group(204)),
    ("GET", "/orders"): Rule(READ_ORDERS, everyone(200)),
    ("POST", "/orders"): Rule(WRITE_ORDERS, the_group(201), an_order),
    ("POST", "/orders/preview"): Rule(READ_ORDERS, the_group(200), an_order),
    ("POST", "/orders/batch"): Rule(
        WRITE_ORDERS,
        the_group(200),
        lambda ids: {"orders": [an_order(ids), {**an_order(ids), "effective_at": FAR}]},
    ),
    ("POST", "/orders/batch/preview"): Rule(
        READ_ORDERS, the_group(200), lambda ids: {"orders": [an_order(ids)]}
    ),
    ("GET", "/orders/{order_id}"): Rule(READ_ORDERS, everyone(200)),
    ("POST", "/orders/{order_id}/reverse"): Rule(
        WRITE_ORDERS, the_group(201), lambda ids: {"note": "Why"}
    ),
    ("POST", "/orders/{order_id}/seen"): Rule(
        WRITE_ORDERS, the_group(200), ids=(("order_id", "failed_order_id"),)
    ),
    ("PATCH", "/orders/{order_id}"): Rule(
        (*WRITE_ORDERS, *WRITE_TENANCY),
        the_group(200),
        lambda ids: {"effective_at": FAR},
        ids=(("order_id", "scheduled_order_id"),),
        elsewhere=WRITE_TENANCY,
    ),
    ("POST", "/orders/{order_id}/cancel"): Rule(
        (*WRITE_ORDERS, *WRITE_TENANCY),
        the_group(200),
        ids=(("order_id", "scheduled_order_id"),),
        elsewhere=WRITE_TENANCY,
    ),
    ("GET", "/order-requests"): Rule(READ_ORDERS, everyone(200)),
    ("POST", "/order-requests"): Rule(WRITE_ORDERS, everyone(201), an_order),
    ("GET", REQUEST): Rule(READ_ORDERS, everyone(200)),
    ("POST", REQUEST + "/approve"): Rule(
        WRITE_ORDERS, the_group(200), lambda ids: {"lines": an_order(ids)["lines"]}
    ),
    ("POST", REQUEST + "/reject"): Rule(
        WRITE_ORDERS, the_group(200), lambda ids: {"reason": "Not now."}
    ),
    ("POST", REQUEST + "/withdraw"): Rule(WRITE_ORDERS, everyone(200)),
    ("GET", "/number-ranges"): Rule(READ_PROVISIONING, the_group(200)),
    ("POST", "/number-ranges"): Rule(
        PROVISION,
        the_group(201),
        lambda ids: {"sku": "fr-geographic", **dict.fromkeys(("first", "last"), block(1)[0])},
    ),
    ("GET", "/number-ranges/{range_id}"): Rule(READ_PROVISIONING, the_group(200)),
    ("PATCH", "/number-ranges/{range_id}"): Rule(
        PROVISION,
        the_group(200),
        lambda ids: {"sku": "fr-geographic"},
        ids=(("range_id", "idle_range_id"),),
    ),
    ("DELETE", "/number-ranges/{range_id}"): Rule(
        PROVISION, the_group(204), ids=(("range_id", "idle_range_id"),)
    ),
    ("GET", "/numbers"): Rule(READ_PROVISIONING, everyone(200)),
    ("GET", "/numbers/summary"): Rule(READ_PROVISIONING, everyone(200)),
    ("GET", "/numbers/{e164}"): Rule(READ_PROVISIONING, everyone(200)),
    ("GET", NUMBERS): Rule(READ_PROVISIONING, everyone(200)),
    ("POST", NUMBERS): Rule(PROVISION, everyone(201), lambda ids: {"numbers": [ids["free_e164"]]}),
    ("POST", NUMBERS + "/port-in"): Rule(
        PROVISION,
        the_group(201),
        lambda ids: {"numbers": block(1)},
        refusal="port-request-needed",
    ),
    ("POST", NUMBERS + "/move"): Rule(
        PROVISION,
        everyone(200),
        lambda ids: {
            "numbers": [ids["e164"]],
            "to_subscription_id": str(ids["to_subscription_id"]),
        },
    ),
    ("POST", NUMBERS + "/batch"): Rule(
        PROVISION,
        everyone(200),
        lambda ids: {
            "action": "move",
            "numbers": [ids["e164"]],
            "to_subscription_id": str(ids["to_subscription_id"]),
        },
    ),
    ("DELETE", NUMBER): Rule(PROVISION, everyone(204)),
    ("POST", NUMBER + "/restore"): Rule(
        PROVISION, everyone(200), ids=(("e164", "quarantined_e164"),)
    ),
    ("POST", NUMBER + "/port-out"): Rule(
        PROVISION, the_group(204), lambda ids: {}, refusal="port-request-needed"
    ),
    ("POST", "/numbers/{e164}/restock"): Rule(
        PROVISION,
        the_group(200),
        lambda ids: {"reason": "Mistake"},
        ids=(("e164", "quarantined_e164"),),
    ),
    ("GET", PORTS): Rule(READ_PROVISIONING, everyone(200)),
    ("POST", PORTS): Rule(
        PROVISION, everyone(201), lambda ids: {"direction": "in", "numbers": block(1)}
    ),
    ("GET", "/port-requests"): Rule(READ_PROVISIONING, everyone(200)),
    ("GET", PORT): Rule(READ_PROVISIONING, everyone(200), ids=ONE_PORT),
    ("POST", PORT + "/approve"): Rule(
        PROVISION, the_group(200), lambda ids: {"port_date": FAR_PORT}, ids=ONE_PORT
    ),
    ("POST", PORT + "/reject"): Rule(
        PROVISION, the_group(200), lambda ids: {"reason": "Not now."}, ids=ONE_PORT
    ),
    ("POST", PORT + "/withdraw"): Rule(PROVISION, everyone(200), ids=ONE_PORT),
    ("GET", USERS): Rule(READ_PROVISIONING, everyone(200)),
    ("POST", USERS): Rule(
        PROVISION, everyone(201), lambda ids: {"login": "a", "display_name": "A"}
    ),
    ("POST", USERS + "/batch"): Rule(
        PROVISION,
        everyone(202),
        lambda ids: {"users": [{"login": "a", "display_name": "A"}]},
    ),
    ("GET", USER): Rule(READ_PROVISIONING, everyone(200)),
    ("PATCH", USER): Rule(PROVISION, everyone(200), lambda ids: {"display_name": "New"}),
    ("DELETE", USER): Rule(PROVISION, everyone(204)),
    ("PUT", USER + "/number"): Rule(PROVISION, everyone(200), lambda ids: {"number": ids["e164"]}),
    ("DELETE", USER + "/number"): Rule(PROVISION, everyone(204)),
    ("GET", "/jobs/{job_id}"): Rule(READ_PROVISIONING, everyone(200)),
    ("GET", "/jobs/{job_id}/results"): Rule(READ_PROVISIONING, everyone(200)),
    ("POST", "/jobs/{job_id}/cancel"): Rule(PROVISION, everyone(200)),
    ("GET", TRUNKS): Rule(READ_PROVISIONING, everyone(200)),
    ("POST", TRUNKS): Rule(PROVISION, everyone(201), lambda ids: {"name": "T", "country": "BE"}),
    ("GET", TRUNK): Rule(READ_PROVISIONING, everyone(200)),
    ("PATCH", TRUNK): Rule(PROVISION, everyone(200), lambda ids: {"channel_cap": 3}),
    ("DELETE", TRUNK): Rule(PROVISION, everyone(204), ids=(("trunk_id", "idle_trunk_id"),)),
    ("GET", TRUNK + "/numbers"): Rule(READ_PROVISIONING, everyone(200)),
    ("PUT", ROUTED): Rule(PROVISION, everyone(200)),
    ("DELETE", ROUTED): Rule(PROVISION, everyone(204)),
    ("GET", SUBSCRIPTION + "/channels"): Rule(READ_CALLS, everyone(200)),
    ("PUT", CALL): Rule(ADMIT_CALLS, everyone(201), calling),
    ("POST", CALL): Rule(
        ADMIT_CALLS, everyone(201), calling, headers=(("X-HTTP-Method-Override", "PUT"),)
    ),
    ("GET", CALL): Rule(READ_CALLS, everyone(200), ids=(("call_id", "live_call_id"),)),
    ("DELETE", CALL): Rule(ADMIT_CALLS, everyone(204)),
    ("GET", "/calls"): Rule(READ_CALLS, everyone(200)),
    ("GET", "/call-records"): Rule(READ_CALLS, everyone(200)),
    ("GET", "/events"): Rule(("reports:read",), everyone(200)),
    ("GET", "/reports/phone-usage"): Rule(("reports:read",), everyone(200)),
    ("GET", "/reports/licenses"): Rule(("reports:read",), everyone(200)),
    ("GET", "/audit"): Rule(("reports:read",), the_group(200)),
    ("GET", SUBSCRIPTION + "/audit"): Rule(("reports:read",), everyone(200)),
}
