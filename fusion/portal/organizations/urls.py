"""Addresses of organizations."""

from django.urls import path

from fusion.portal.organizations.pages import detail, organizations

urlpatterns = [
    path("customers", organizations, name="organizations"),
    path("customers/<uuid:organization_id>", detail, name="organizations-detail"),
]
