"""A subscription with objects of every kind, for tests of its pages, and requests for them."""

import re
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fusion.access.actor import ADMINISTRATOR
from fusion.kernel.ids import new_id
from tests.numbers.stock import stock
from tests.ordering.placing import line, placed
from tests.portal.people import make_person, signed_in
from tests.trunks.calling import admitted, end, make_trunk, order_channels
from tests.users.staff import created, equip, linked, row, submitted, work
from tests.world import World


def text(client: Client, path: str, status: int = 200, part: str = "") -> str:
    """The page; for htmx only the part with that id."""
    headers = {"HX-Request": "true", "HX-Target": part} if part else {}
    response = client.get(path, headers=headers, follow=True)
    assert response.status_code == status, response.content
    return response.content.decode()


def compact(page: str) -> str:
    """The page without the whitespace between tags and texts."""
    return re.sub(r"\s*(<[^>]*>)\s*", r"\1", page)


def post(client: Client, path: str, **fields: Any) -> Any:
    """Send a form with a new key; returns the answer."""
    return client.post(path, {"once": str(new_id()), **fields})


def follow(client: Client, response: Any) -> str:
    """The page to which a successful form redirects."""
    assert response.status_code == 303, response.content
    return text(client, response.headers["Location"])


def at(world: World, *parts: object) -> str:
    """The URL of a page of the world's subscription."""
    return "/".join(("", "subscriptions", str(world.subscription.id), *map(str, parts)))


def person(world: World, kind: str = "group", role: str = ADMINISTRATOR) -> Client:
    """The session of a person of that kind and role."""
    return signed_in(make_person((getattr(world, kind), role)))


def statements(client: Client, paths: Sequence[str]) -> list[int]:
    """The number of statements of each page."""
    counted = []
    for path in paths:
        with CaptureQueriesContext(connection) as captured:
            response = client.get(path)
        assert response.status_code == 200, path
        counted.append(len(captured))
    return counted


class Furnished:
    """Users (one linked), numbers (one linked, one routed, one free to link), a trunk, a job."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.linked, self.routed, self.unlinked = equip(world, 2, 4)[:3]
        self.free = stock(world, 3)
        order_channels(world, 3)
        self.user = created(world, "anna")
        linked(world, self.user, self.linked)
        self.spare = created(world, "bob")
        self.trunk = make_trunk(world)["id"]
        route = f"/subscriptions/{world.subscription.id}/trunks/{self.trunk}/numbers/{self.routed}"
        assert world.call("PUT", route).status_code == 200
        admitted(world, self.trunk, "over", "live")
        end(world, self.trunk, "over")
        self.job = submitted(world, [row("carl"), row("anna"), {"login": ""}])
        work()
        placed(world, line(world.seat, 1))

    def pages(self) -> list[str]:
        """Every page that only reads."""
        return [
            at(self.world, *parts)
            for parts in (
                (),
                ("live",),
                ("users",),
                ("users", self.user["id"]),
                ("users", "uploads", self.job),
                ("numbers",),
                ("numbers", self.linked),
                ("trunks",),
                ("trunks", self.trunk),
                ("ledger",),
                ("audit",),
            )
        ]

    def forms(self) -> list[str]:
        """Every page with a form."""
        user, trunk = self.spare["id"], self.trunk
        return [
            at(self.world, *parts)
            for parts in (
                ("users", "new"),
                ("users", user, "edit"),
                ("users", user, "link"),
                ("numbers", "take"),
                ("numbers", "choose"),
                ("numbers", "port-in"),
                ("trunks", "new"),
                ("trunks", trunk, "edit"),
                ("trunks", trunk, "route"),
            )
        ]

    def buttons(self) -> list[str]:
        """Every URL that a button posts to."""
        return [
            at(self.world, *parts)
            for parts in (
                ("users", self.user["id"], "unlink"),
                ("users", self.user["id"], "delete"),
                ("numbers", self.unlinked, "assign"),
                ("numbers", self.unlinked, "release"),
                ("numbers", self.unlinked, "restore"),
                ("numbers", self.unlinked, "port-out"),
                ("trunks", self.trunk, "delete"),
                ("trunks", self.trunk, "numbers", self.routed, "unroute"),
            )
        ]
