"""The routes of a provider's settings."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from fusion.access.http_auth import RequirePermission, actor_of, respond
from fusion.access.permissions import MANAGE_SETTINGS, READ_SETTINGS
from fusion.kernel.http import json_response
from fusion.kernel.schemas import PROBLEMS, READ_PROBLEMS
from fusion.lifecycle.edit_settings import edit_settings, find_provider, settings_document
from fusion.lifecycle.schemas import Settings, SettingsPatch
from fusion.tenancy.api import ORGANIZATION

router = Router(tags=["organizations"])

SETTINGS = ORGANIZATION + "/settings"


@router.get(
    SETTINGS,
    auth=RequirePermission(READ_SETTINGS, organization_id=find_provider),
    response={200: Settings, **READ_PROBLEMS},
)
def get_settings(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Read the settings of the provider (the group)."""
    return json_response(settings_document(actor_of(request).group_id))


@router.patch(
    SETTINGS,
    auth=RequirePermission(MANAGE_SETTINGS, organization_id=find_provider),
    response={200: Settings, **PROBLEMS},
)
def patch_settings(
    request: HttpRequest, organization_id: UUID, body: SettingsPatch
) -> HttpResponse:
    """Change settings of the provider; omitted ones keep their values."""
    changes = body.model_dump(exclude_unset=True)
    return respond(edit_settings(actor_of(request), organization_id=organization_id, **changes))
