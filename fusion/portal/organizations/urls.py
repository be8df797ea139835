"""URLs of organizations."""

from django.urls import path

from fusion.portal.organizations.changes import delete, edit, new
from fusion.portal.organizations.pages import children, detail, organizations

urlpatterns = [
    path("customers", organizations, name="organizations"),
    path("customers/new", new, name="organizations-new"),
    path("customers/<uuid:organization_id>", detail, name="organizations-detail"),
    path("customers/<uuid:organization_id>/below", children, name="organizations-below"),
    path("customers/<uuid:organization_id>/edit", edit, name="organizations-edit"),
    path("customers/<uuid:organization_id>/delete", delete, name="organizations-delete"),
]
