"""Routes of the audit trail: of the provider, and of one subscription."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Query, Router
from pydantic import AfterValidator, BaseModel, Field, JsonValue, WithJsonSchema

from fusion.access.actor import Actor
from fusion.access.actor_names import actor_names
from fusion.access.http_auth import RequirePermission, actor_of
from fusion.access.permissions import READ_REPORTS, READ_TRAIL
from fusion.access.shown_actors import pages_with_shown_actors
from fusion.access.verbs import check_wanted, wanted_verbs
from fusion.kernel.clock import instant
from fusion.kernel.fields import Id, Instant, Line, ends
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list
from fusion.reporting.audit_trail import WantedRecords, list_audit
from fusion.tenancy.models import Subscription
from fusion.tenancy.queries import find_organization, find_subscription

router = Router(tags=["audit"])

Label = Annotated[str, Line(1, 80)]

WantedVerb = Annotated[
    str,
    AfterValidator(check_wanted),
    WithJsonSchema({"type": "string", "enum": sorted(wanted_verbs())}),
]


class AuditDocument(BaseModel):
    """Who did what to which object, and with which arguments.

    `organization_id` owned the object then. `actor_name` is null for deleted actors and for those
    outside your subtree; `actor` is then the kind of their organization, such as `group`.
    """

    id: str
    at: str
    actor: str = Field(examples=["member:0199e6a0-2c5f-7cc1-9a49-6d0b35c1a1f0"])
    actor_name: str | None
    verb: str = Field(examples=["user.link"])
    object_type: str
    object_id: str
    organization_id: str
    subscription_id: str | None
    request_id: str
    detail: JsonValue


class SubscriptionAuditFilter(Listing):
    """Filters for the audit records of one subscription."""

    verb: WantedVerb | None = Field(
        default=None, description="A verb such as `user.link`, or an object: `user`."
    )
    actor: Label | None = None
    object_id: Label | None = Field(
        default=None, alias="object", description="The `object_id` of the records."
    )
    since: Instant | None = Field(default=None, alias="from", description="Inclusive.")
    until: Annotated[Instant | None, ends("since", "from")] = Field(
        default=None, alias="to", description="Exclusive."
    )


class AuditFilter(SubscriptionAuditFilter):
    """Filters for all audit records."""

    organization_id: Id | None = Field(default=None, description="Of its subtree.")
    subscription_id: Id | None = None


COLUMNS = tuple(AuditDocument.model_fields)


@router.get(
    "/audit",
    auth=RequirePermission(
        READ_TRAIL, organization_id=find_organization, subscription_id=find_subscription
    ),
    response={200: Page[AuditDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def audit(request: HttpRequest, params: Query[AuditFilter]) -> HttpResponseBase:
    """List the audit records of the provider, newest first.

    With rare matches a page may have few records, or none, and still a `next`.
    """
    actor, filters = actor_of(request), params.filters()
    organization_id = filters.pop("organization_id")
    subscription_id = filters.pop("subscription_id")
    wanted = WantedRecords(
        organization=organization_id and find_organization(actor, organization_id),
        subscription=subscription_id and find_subscription(actor, subscription_id),
        **filters,
    )
    return _sent(request, params, wanted)


@router.get(
    "/subscriptions/{uuid:subscription_id}/audit",
    auth=RequirePermission(READ_REPORTS, subscription_id=find_subscription),
    response={200: Page[AuditDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def audit_of_subscription(
    request: HttpRequest, subscription_id: UUID, params: Query[SubscriptionAuditFilter]
) -> HttpResponseBase:
    """List the audit records of a subscription and of what belongs to it, newest first.

    With rare matches a page may have few records, or none, and still a `next`.
    """
    subscription: Subscription = find_subscription(actor_of(request), subscription_id)
    wanted = WantedRecords(subscription=subscription, **params.filters())
    return _sent(request, params, wanted)


def _sent(request: HttpRequest, params: Listing, wanted: WantedRecords) -> HttpResponseBase:
    actor = actor_of(request)
    pages = pages_with_shown_actors(actor, partial(_documents, actor, wanted))
    return send_list(request, params, "audit", COLUMNS, pages)


def _documents(
    actor: Actor, wanted: WantedRecords, *, limit: int, cursor: str | None = None
) -> dict[str, Any]:
    """One page of audit documents: {items, next}."""
    found = list_audit(actor, wanted, limit=limit, cursor=cursor)
    names = actor_names(actor, {row["actor"] for row in found["items"]})
    return {"items": [_document(row, names) for row in found["items"]], "next": found["next"]}


def _document(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        **{name: row[name] for name in COLUMNS if name in row},
        "id": str(row["id"]),
        "at": instant(row["at"]),
        "actor_name": names.get(row["actor"]),
        "organization_id": str(UUID(row["path"].strip("/").rpartition("/")[2])),
    }
