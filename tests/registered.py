"""Whether all events and audit records of the tests have registered types and verbs."""

from django.db import connection

from fusion.access.verbs import VERBS
from fusion.events.types import EVENT_TYPES


def unregistered() -> list[str]:
    """A line for each type of event and each verb that is neither registered nor of a test."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT type FROM events_event")
        types = {row[0] for row in cursor.fetchall()} - EVENT_TYPES
        cursor.execute("SELECT DISTINCT verb FROM tenancy_auditrecord")
        verbs = {row[0] for row in cursor.fetchall()} - set(VERBS)
    return sorted(f"{name} is not registered" for name in types | verbs if "test" not in name)
