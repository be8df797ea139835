"""A small provider for a test: its tree, catalogue, API clients and their tokens.

Made with plain rows, so that a test of one room does not need the others to work.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from oauth2_provider.models import get_access_token_model

from fusion.catalogue.models import Product, ProductRevision, RevisionItem, Sku
from fusion.kernel.ids import new_id
from fusion.tenancy.actor import ADMINISTRATOR, KINDS, SCOPES, Actor, Request
from fusion.tenancy.models import ApiClient, Organization, Subscription

OWN_CLIENT = "client of the test itself"
"""Its clients come when a test first calls: no change that a fingerprint should show."""


def make_organization(
    kind: str, parent: Organization | None = None, name: str = "", reference: str | None = None
) -> Organization:
    """An organization row under `parent`; a group without one."""
    id = new_id()
    organization = Organization(
        id=id,
        kind=kind,
        parent=parent,
        group_id=parent.group_id if parent else id,
        path=f"{parent.path if parent else ''}{id.hex}/",
        name=name or f"{kind} {id.hex[-6:]}",
        external_reference=reference,
    )
    organization.save(force_insert=True)
    return organization


def make_subscription(tenant: Organization, name: str = "Main") -> Subscription:
    """A subscription row of `tenant`, with the ids of the organizations above it."""
    ids = [UUID(part) for part in tenant.path.strip("/").split("/")]
    kinds = dict(
        Organization.objects.unscoped("test set-up").filter(id__in=ids).values_list("kind", "id")
    )
    subscription = Subscription(
        group_id=kinds["group"],
        distributor_id=kinds.get("distributor"),
        reseller_id=kinds.get("reseller"),
        tenant=tenant,
        path=tenant.path,
        name=name,
    )
    subscription.save(force_insert=True)
    return subscription


def make_token(organization: Organization, scopes: tuple[str, ...] = ()) -> str:
    """A valid bearer token of a new API client of `organization`."""
    if not scopes:
        below = organization.kind != "group"
        scopes = tuple(scope for scope in SCOPES if not (below and scope == "catalogue:write"))
    client = ApiClient(
        organization=organization,
        name=OWN_CLIENT,
        scopes=" ".join(scopes),
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        client_secret=secrets.token_hex(8),
        hash_client_secret=False,
    )
    client.save(force_insert=True)
    token = secrets.token_urlsafe(32)
    get_access_token_model().objects.create(
        application=client,
        token="",
        token_checksum=hashlib.sha256(token.encode()).hexdigest(),
        expires=datetime.now(UTC) + timedelta(hours=1),  # tokens know no other clock
        scope=" ".join(scopes),
    )
    return token


class World:
    """group › distributor › reseller › tenant › subscription, two SKUs, one product of both."""

    def __init__(self) -> None:
        self.group = make_organization("group")
        self.distributor = make_organization("distributor", self.group)
        self.reseller = make_organization("reseller", self.distributor)
        self.tenant = make_organization("tenant", self.reseller)
        self.subscription = make_subscription(self.tenant)
        self.user_sku = self.sku("user", "license", "user")
        self.channel_sku = self.sku("sip-channel", "license", "sip_channel")
        self.number_sku = self.sku("be-geographic", "entitlement", "number", "BE", "geographic")
        self.seat = self.product("seat", {self.user_sku: 1, self.number_sku: 1})
        self._tokens: dict[UUID, str] = {}

    def sku(
        self,
        code: str,
        type: str,
        metric: str,
        country: str | None = None,
        number_type: str | None = None,
    ) -> Sku:
        """A SKU of the group."""
        sku = Sku(
            group=self.group,
            code=code,
            name=code,
            type=type,
            metric=metric,
            country=country,
            number_type=number_type,
        )
        sku.save(force_insert=True)
        return sku

    def product(self, code: str, items: dict[Sku, int]) -> Product:
        """An active product of the group, in its first revision."""
        product = Product(group=self.group, code=code, name=code)
        product.save(force_insert=True)
        ProductRevision(product=product, revision=1, actor="test").save(force_insert=True)
        for sku, quantity in items.items():
            RevisionItem(product=product, revision=1, sku=sku, quantity=quantity).save(
                force_insert=True
            )
        return product

    def actor(
        self, kind: str = "group", role: str = ADMINISTRATOR, key: str | None = None
    ) -> Actor:
        """A member of the organization of that kind."""
        organization: Organization = getattr(self, kind)
        assert kind in KINDS
        return Actor(
            label=f"member:{new_id()}",
            organization_id=organization.id,
            kind=kind,
            path=organization.path,
            group_id=organization.group_id,
            role=role,
            request=Request("test", key, b"\0" * 32 if key else b""),
        )

    def token(self, organization: Organization) -> str:
        """A token with all the scopes that this organization can have."""
        if organization.id not in self._tokens:
            self._tokens[organization.id] = make_token(organization)
        return self._tokens[organization.id]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        by: Organization | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpResponse:
        """An API call as `by` (an organization, or a token; the group unless told).

        `body` is sent as JSON, or as it is where it is bytes. `answer(response)` reads the JSON.
        """
        token = by if isinstance(by, str) else self.token(by or self.group)
        content = (
            body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else b""
        )
        return Client().generic(
            method,
            path if path.startswith("/oauth") else f"/api/v1{path}",
            content,
            "application/json",
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
        )

    def fingerprint(self) -> tuple[Any, ...]:
        """Everything of this provider that a change would alter: to show that nothing changed."""
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT (SELECT json_agg(b ORDER BY subscription_id, sku_id)::text
                        FROM ledger_balance b WHERE group_id = %(group)s),
                       (SELECT json_agg(o ORDER BY id)::text
                        FROM ordering_order o WHERE group_id = %(group)s),
                       (SELECT json_agg(h ORDER BY subscription_id, product_id, revision)::text
                        FROM ordering_holding h JOIN tenancy_subscription s
                        ON s.id = h.subscription_id WHERE s.group_id = %(group)s),
                       (SELECT json_agg(p ORDER BY id)::text
                        FROM catalogue_product p WHERE group_id = %(group)s),
                       (SELECT json_agg(i ORDER BY product_id, i.revision, sku_id)::text
                        FROM catalogue_revisionitem i JOIN catalogue_product p
                        ON p.id = i.product_id WHERE p.group_id = %(group)s),
                       (SELECT json_agg(k ORDER BY id)::text
                        FROM catalogue_sku k WHERE group_id = %(group)s),
                       (SELECT json_agg(o ORDER BY id)::text
                        FROM tenancy_organization o WHERE group_id = %(group)s),
                       (SELECT json_agg(b ORDER BY id)::text
                        FROM tenancy_brand b WHERE group_id = %(group)s),
                       (SELECT json_agg(s ORDER BY id)::text
                        FROM tenancy_subscription s WHERE group_id = %(group)s),
                       (SELECT json_agg(json_build_array(m.id, m.role) ORDER BY m.id)::text
                        FROM tenancy_member m JOIN tenancy_organization o
                        ON o.id = m.organization_id WHERE o.group_id = %(group)s),
                       (SELECT json_agg(json_build_array(c.id, c.scopes) ORDER BY c.id)::text
                        FROM tenancy_apiclient c JOIN tenancy_organization o
                        ON o.id = c.organization_id
                        WHERE o.group_id = %(group)s AND c.name <> %(own_client)s),
                       (SELECT json_agg(r ORDER BY id)::text
                        FROM ordering_orderrequest r WHERE group_id = %(group)s),
                       (SELECT json_agg(r ORDER BY id)::text
                        FROM numbers_range r WHERE group_id = %(group)s),
                       (SELECT json_agg(n ORDER BY e164)::text
                        FROM numbers_number n WHERE group_id = %(group)s),
                       (SELECT json_agg(u ORDER BY u.id)::text
                        FROM users_user u JOIN tenancy_subscription s
                        ON s.id = u.subscription_id WHERE s.group_id = %(group)s),
                       (SELECT json_agg(l ORDER BY l.id)::text
                        FROM users_link l WHERE group_id = %(group)s),
                       (SELECT json_agg(t ORDER BY t.id)::text
                        FROM trunks_trunk t JOIN tenancy_subscription s
                        ON s.id = t.subscription_id WHERE s.group_id = %(group)s),
                       (SELECT json_agg(c ORDER BY trunk_id, direction, call_id)::text
                        FROM trunks_call c WHERE group_id = %(group)s),
                       (SELECT json_agg(r ORDER BY r.id)::text
                        FROM trunks_callrecord r WHERE group_id = %(group)s),
                       (SELECT json_agg(p ORDER BY p.id)::text
                        FROM trunks_channelpeak p JOIN tenancy_subscription s
                        ON s.id = p.subscription_id WHERE s.group_id = %(group)s),
                       (SELECT json_agg(json_build_array(j.id, j.done) ORDER BY j.id)::text
                        FROM users_job j JOIN tenancy_subscription s
                        ON s.id = j.subscription_id WHERE s.group_id = %(group)s),
                       (SELECT count(*) FROM events_event WHERE group_id = %(group)s),
                       (SELECT count(*) FROM tenancy_auditrecord WHERE group_id = %(group)s),
                       (SELECT count(*) FROM tenancy_idempotency WHERE group_id = %(group)s)
                """,
                {"group": self.group.id, "own_client": OWN_CLIENT},
            )
            row: tuple[Any, ...] = cursor.fetchone()
            return row


def answer(response: HttpResponse) -> Any:
    """The JSON of a response."""
    return orjson.loads(response.content)
