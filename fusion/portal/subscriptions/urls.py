"""Addresses of subscriptions."""

from django.urls import path

from fusion.portal.subscriptions.changes import edit, new, resume, suspend, terminate
from fusion.portal.subscriptions.pages import detail

ONE = "subscriptions/<uuid:subscription_id>"

urlpatterns = [
    path("subscriptions/new", new, name="subscriptions-new"),
    path(ONE, detail, name="subscriptions-detail"),
    path(f"{ONE}/edit", edit, name="subscriptions-edit"),
    path(f"{ONE}/suspend", suspend, name="subscriptions-suspend"),
    path(f"{ONE}/resume", resume, name="subscriptions-resume"),
    path(f"{ONE}/terminate", terminate, name="subscriptions-terminate"),
]
