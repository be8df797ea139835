"""One statement over every table: all rows of a provider, to show that nothing changed.

The tables come from the models, so that every new table is covered. Its rows belong to a provider
by their `group_id`, or by a column that refers to a row of another table with one. A table that is
neither reached in this way nor excluded below is an error.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Model

OWN_CLIENT = "client of the test itself"
"""The API clients that `World.token` creates for a test's first call: not a change."""

EXCLUDED = {
    "auth_group": "Django's, not used",
    "auth_group_permissions": "Django's, not used",
    "auth_permission": "Django's, not used",
    "django_content_type": "Django's, not used",
    "django_session": "a visit changes nothing of a provider",
    "usersessions_usersession": "a visit changes nothing of a provider",
    "oauth2_provider_idtoken": "of a grant that we do not offer",
    "oauth2_provider_devicegrant": "of a grant that we do not offer",
    "procrastinate_workers": "the workers', not a provider's",
    "procrastinate_jobs": "the workers', not a provider's",
    "procrastinate_events": "the workers', not a provider's",
    "procrastinate_periodic_defers": "the workers', not a provider's",
    "jobs_run": "the workers', not a provider's",
    "portal_mail": "the mail of the previous release that waits to be sent, of all providers",
    "portal_position": "how far the writer of mail has read the feed",
    "events_feedepoch": "of the database, not of a provider",
    "events_feedmark": "of the database, not of a provider",
    "billing_groupstate": "computed from other tables, at times of its own",
    "billing_counted": "computed from other tables, at times of its own",
    "billing_rollup": "computed from other tables, at times of its own",
    "billing_total": "computed from other tables, at times of its own",
    "billing_day": "computed from other tables, at times of its own",
    "billing_nearlyfull": "computed from other tables, at times of its own",
    "tenancy_clientattempt": "counted before anything is known of a client, its provider included",
    "trunks_emergencynumber": "of a country, not of a provider",
    "catalogue_metric": "of the database, not of a provider",
    "trunks_recordretention": "of the database, not of a provider",
}

REFERENCES = {
    "subscription_id": "tenancy_subscription",
    "organization_id": "tenancy_organization",
    "order_id": "ordering_order",
    "product_id": "catalogue_product",
    "sku_id": "catalogue_sku",
    "trunk_id": "trunks_trunk",
    "job_id": "users_job",
}
"""Columns that name a row of another table without a foreign key."""

PEOPLE = "tenancy_user"
"""People belong to a provider by their memberships."""


@cache
def statement() -> tuple[tuple[str, ...], str]:
    """The names of the tables, and the query that gives one text for each."""
    conditions = dict(_conditions())
    parts = [
        f"(SELECT json_agg(t ORDER BY t::text)::text FROM {table} t WHERE {condition})"
        for table, condition in conditions.items()
    ]
    return tuple(conditions), f"SELECT {', '.join(parts)}"


def fingerprint(group_id: Any) -> dict[str, str | None]:
    """Every row of the provider as JSON, by table; None without rows."""
    tables, query = statement()
    with connection.cursor() as cursor:
        cursor.execute(query, {"group": group_id})
        return dict(zip(tables, cursor.fetchone(), strict=True))


def _conditions() -> Iterator[tuple[str, str]]:
    models = {model._meta.db_table: model for model in apps.get_models(include_auto_created=True)}
    for table in sorted(models.keys() - EXCLUDED.keys()):
        condition = _condition(models, table, ())
        assert condition, f"{table}: say in tests/fingerprint.py whose its rows are"
        yield table, condition


def _condition(models: dict[str, type[Model]], table: str, on_the_way: tuple[str, ...]) -> str:
    """The condition for the provider's rows of `table` (as `t`); empty if unknown."""
    if table in EXCLUDED or table in on_the_way:
        return ""
    if "group_id" in [field.column for field in models[table]._meta.concrete_fields]:
        return "t.group_id = %(group)s"
    if table == PEOPLE:
        members = _condition(models, "tenancy_member", (*on_the_way, PEOPLE))
        return f"t.id IN (SELECT t.user_id FROM tenancy_member t WHERE {members})"
    for column, target in sorted(_references(models[table]), key=lambda each: each[1] == PEOPLE):
        above = _condition(models, target, (*on_the_way, table))
        if above:
            own = f" AND t.name <> '{OWN_CLIENT}'" if table == "tenancy_apiclient" else ""
            return f"t.{column} IN (SELECT t.id FROM {target} t WHERE {above}){own}"
    return ""


def _references(model: type[Model]) -> Iterator[tuple[str, str]]:
    """The columns that refer to a row of another table, with that table."""
    for field in model._meta.concrete_fields:
        related = field.related_model
        if isinstance(related, type):
            yield str(field.column), related._meta.db_table
        elif field.column in REFERENCES:
            yield str(field.column), REFERENCES[field.column]
