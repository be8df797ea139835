"""Changes of everything below an organization, for the pages that show them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fusion.lifecycle.carry_out_job import carry_out_job
from fusion.lifecycle.submit_job import resume_organization, suspend_organization
from fusion.tenancy.models import Organization
from fusion.tenancy.queries import find_organization
from tests.browser.scene import FOREIGN, LONG, Scene
from tests.world import make_organization, make_subscription


def bulk(*parts: str) -> Callable[[Scene], str]:
    """The URL of a page of the reseller with changes; `{job}` and `{waiting}` name one of them."""

    def address(scene: Scene) -> str:
        organization = changed(scene)
        path = "/".join((f"/customers/{organization.id}", *parts))
        return path.format(**scene.ids["bulk"])

    return address


def changed(scene: Scene) -> Organization:
    """A reseller of which one change has every outcome, and another one has not begun."""
    world = scene.world
    if "bulk" not in scene.ids:
        reseller = make_organization("reseller", world.group, FOREIGN)
        tenant = make_organization("tenant", reseller, LONG)
        rows = [make_subscription(tenant, name) for name in (LONG, FOREIGN, "Main", "Shop")]
        actor = world.actor()

        def submit(change: Any, **more: Any) -> UUID:
            document = change(actor, organization_id=reseller.id, **more).body
            return UUID(document["id"])

        world.call("POST", f"/subscriptions/{rows[2].id}/suspend", {"reason": "fraud"})
        job = submit(suspend_organization, reason="fraud", note=f"{LONG}\n{FOREIGN}")
        world.call("POST", f"/subscriptions/{rows[3].id}/terminate")
        carry_out_job(world.group.id, job)
        waiting = submit(resume_organization)
        scene.ids["bulk"] = {"reseller": reseller.id, "job": job, "waiting": waiting}
    return find_organization(world.actor(), scene.ids["bulk"]["reseller"])
