"""Scoping of tenant data: through an actor, or for a stated reason.

`Model.objects.filter(...)` raises `UnscopedQuery`, so that no query lacks a scope by accident.
`visible_to(actor)` returns the actor's subtree; `unscoped(reason)` all rows.
"""

from collections.abc import Callable
from typing import TypeVar

from django.db import models

from fusion.access.actor import GROUP, Actor

Row = TypeVar("Row", bound=models.Model, covariant=True)


class UnscopedQuery(Exception):
    """A query of tenant data without a scope: a programming error."""


class Scoped(models.Manager[Row]):
    """The only manager of a table with tenant data.

    `limit` gives the rows that an actor may see; organizations below the group see only those of
    them that match `below_group`.
    """

    def __init__(
        self, limit: Callable[[Actor], models.Q], *, below_group: models.Q | None = None
    ) -> None:
        super().__init__()
        self._limit = limit
        self._below_group = below_group or models.Q()

    def get_queryset(self) -> models.QuerySet[Row]:
        """Refuse: every method of a plain manager goes through here."""
        raise UnscopedQuery(f"{self.model.__name__}: say visible_to(actor) or unscoped(reason)")

    def visible_to(self, actor: Actor) -> models.QuerySet[Row]:
        """The rows that `actor` may see; following a relation that was not fetched with them
        raises.
        """
        rows = self._all().filter(self._limit(actor))
        return rows if actor.kind == GROUP else rows.filter(self._below_group)

    def unscoped(self, reason: str) -> models.QuerySet[Row]:
        """All rows; `reason` says why no actor limits them."""
        if not reason:
            raise UnscopedQuery("a reason is needed")
        return self._all()

    def _all(self) -> models.QuerySet[Row]:
        return super().get_queryset().fetch_mode(models.FETCH_RAISE)


def within_tree(actor: Actor) -> models.Q:
    """Rows that carry the ids of the organizations above them: subscriptions, orders."""
    return models.Q(**{f"{actor.kind}_id": actor.organization_id})


def within_group(actor: Actor) -> models.Q:
    """Rows that every organization of a group may see."""
    return models.Q(group_id=actor.group_id)


def within_path(prefix: str = "") -> Callable[[Actor], models.Q]:
    """Rows of an organization in the actor's subtree, which includes its own."""

    def limit(actor: Actor) -> models.Q:
        return under(actor.path, prefix)

    return limit


def subtree(path: str) -> tuple[str, str]:
    """The first path of the subtree at `path`, and the first path after it.

    Two bounds, not LIKE: an index serves them with every plan, including generic ones. Each id of a
    path ends in `/`, whose successor is `0`.
    """
    return path, f"{path.removesuffix('/')}0"


def under(path: str, prefix: str = "") -> models.Q:
    """Rows of the organization at `path` or below it."""
    first, after = subtree(path)
    return models.Q(**{f"{prefix}path__gte": first, f"{prefix}path__lt": after})
