"""Addresses of subscriptions."""

from django.urls import path

from fusion.portal.subscriptions.pages import detail

urlpatterns = [path("subscriptions/<uuid:subscription_id>", detail, name="subscriptions-detail")]
