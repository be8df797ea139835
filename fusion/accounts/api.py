"""The routes of members and invitations."""

from functools import partial
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Query, Router

from fusion.access.http_auth import RequirePermission, actor_of, respond, retrying_actor
from fusion.access.permissions import MANAGE_MEMBERS, READ_MEMBERS
from fusion.accounts import schemas
from fusion.accounts.change_role import change_role
from fusion.accounts.invite_member import invite_member
from fusion.accounts.people import find_person, list_people, person_document
from fusion.accounts.remove_member import remove_member
from fusion.kernel.http import json_response
from fusion.kernel.openapi import also_files
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS, Listing, Page
from fusion.kernel.sheets.send import send_list
from fusion.tenancy.queries import find_organization

router = Router(tags=["members"])

MEMBERS = "/organizations/{uuid:organization_id}/members"
MEMBER = MEMBERS + "/{uuid:member_id}"


@router.post(
    MEMBERS,
    auth=RequirePermission(MANAGE_MEMBERS, organization_id=find_organization),
    response={201: schemas.MemberDocument, **PROBLEMS},
)
def post_member(
    request: HttpRequest, organization_id: UUID, body: schemas.NewMember
) -> HttpResponse:
    """Invite a person by e-mail; the person becomes a member by accepting."""
    answer = invite_member(
        retrying_actor(request), organization_id=organization_id, **body.model_dump()
    )
    return respond(answer, location=f"/api/v1/organizations/{organization_id}/members")


@router.get(
    MEMBERS,
    auth=RequirePermission(READ_MEMBERS, organization_id=find_organization),
    response={200: Page[schemas.MemberDocument], **READ_PROBLEMS},
    openapi_extra=also_files(),
)
def get_members(
    request: HttpRequest, organization_id: UUID, params: Query[Listing]
) -> HttpResponseBase:
    """List the members and invitations of an organization, newest first."""
    columns = tuple(schemas.MemberDocument.model_fields)
    pages = partial(list_people, actor_of(request), organization_id=organization_id)
    return send_list(request, params, "members", columns, pages)


@router.get(
    MEMBER,
    auth=RequirePermission(READ_MEMBERS, organization_id=find_organization, member_id=find_person),
    response={200: schemas.MemberDocument, **READ_PROBLEMS},
)
def get_member(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    """Read a membership or an invitation."""
    person = find_person(actor_of(request), member_id, organization_id)
    return json_response(person_document(person))


@router.patch(
    MEMBER,
    auth=RequirePermission(
        MANAGE_MEMBERS, organization_id=find_organization, member_id=find_person
    ),
    response={200: schemas.MemberDocument, **PROBLEMS},
)
def patch_member(
    request: HttpRequest, organization_id: UUID, member_id: UUID, body: schemas.RoleChange
) -> HttpResponse:
    """Change the role of a member or of an invited person."""
    changes = body.model_dump(exclude_unset=True)
    answer = change_role(
        actor_of(request), organization_id=organization_id, member_id=member_id, **changes
    )
    return respond(answer)


@router.delete(
    MEMBER,
    auth=RequirePermission(
        MANAGE_MEMBERS, organization_id=find_organization, member_id=find_person
    ),
    response={204: None, **PROBLEMS},
)
def delete_member(request: HttpRequest, organization_id: UUID, member_id: UUID) -> HttpResponse:
    """Remove a member from an organization, or withdraw an invitation."""
    return respond(
        remove_member(actor_of(request), organization_id=organization_id, member_id=member_id)
    )
