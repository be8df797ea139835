"""A small provider for a test: its tree, catalogue, API clients and their tokens.

Created as plain rows, so that a test of one room does not depend on the others.
"""

import hashlib
import secrets
import threading
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from oauth2_provider.models import get_access_token_model

from fusion.access.actor import ADMINISTRATOR, KINDS, SCOPES, Actor, Request
from fusion.catalogue.models import Product, ProductRevision, RevisionItem, Sku
from fusion.clients.models import ApiClient
from fusion.kernel.ids import new_id
from fusion.tenancy.models import Organization, Subscription
from tests.fingerprint import OWN_CLIENT, fingerprint
from tests.hot.client import HotClient


def make_organization(
    kind: str, parent: Organization | None = None, name: str = "", reference: str | None = None
) -> Organization:
    """An organization row under `parent`; a group if there is no parent."""
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
        expires=datetime.now(UTC) + timedelta(hours=1),  # the library of tokens uses this clock
        scope=" ".join(scopes),
    )
    return token


_threads = threading.local()


def _client() -> Client:
    """A client without cookies: one for each thread, because creating one takes half as long as a
    request."""
    client: Client | None = getattr(_threads, "client", None)
    if client is None:
        client = _threads.client = HotClient()
    client.cookies.clear()
    return client


class World:
    """group › distributor › reseller › tenant › subscription, two SKUs, one product of both."""

    def __init__(self) -> None:
        with transaction.atomic():  # one commit, not one for each row
            self._make()
        self._tokens: dict[UUID, str] = {}

    def _make(self) -> None:
        self.group = make_organization("group")
        self.distributor = make_organization("distributor", self.group)
        self.reseller = make_organization("reseller", self.distributor)
        self.tenant = make_organization("tenant", self.reseller)
        self.subscription = make_subscription(self.tenant)
        self.user_sku = self.sku("user", "license", "user")
        self.channel_sku = self.sku("sip-channel", "license", "sip_channel")
        self.number_sku = self.sku("be-geographic", "entitlement", "number", "BE", "geographic")
        self.seat = self.product("seat", {self.user_sku: 1, self.number_sku: 1})

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
        of_it = {"group_id": self.group.id, "product": product, "revision": 1}
        ProductRevision(**of_it, actor="test").save(force_insert=True)
        for sku, quantity in items.items():
            RevisionItem(**of_it, sku=sku, quantity=quantity).save(force_insert=True)
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
        """A token with all scopes that this organization can have."""
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
        """An API call as `by` (an organization, or a token; by default the group).

        `body` is sent as JSON, bytes unchanged. `answer(response)` reads the JSON.
        """
        token = by if isinstance(by, str) else self.token(by or self.group)
        content = (
            body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else b""
        )
        response: Any = _client().generic(
            method,
            path if path.startswith("/oauth") else f"/api/v1{path}",
            content,
            "application/json",
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
        )
        return cast("HttpResponse", response)

    def fingerprint(self) -> dict[str, str | None]:
        """All rows of this provider, by table: to show that nothing changed."""
        return fingerprint(self.group.id)


def answer(response: HttpResponse) -> Any:
    """The JSON of a response."""
    return orjson.loads(response.content)
