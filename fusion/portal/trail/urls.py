"""URLs of events and the audit trail."""

from django.urls import path

from fusion.portal.trail.pages import audit, events

urlpatterns = [
    path("events", events, name="events"),
    path("audit", audit, name="audit"),
]
