"""The provider of the visited pages, with at least one of everything that pages show."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fusion.access.actor import ADMINISTRATOR, AGENT
from fusion.accounts.invite_member import invite_member
from fusion.accounts.models import Invitation, Member, User
from fusion.clients.create_client import create_client
from fusion.kernel.clock import now
from fusion.kernel.ids import new_id
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.suspend import suspend
from fusion.ordering.models import RESUMPTION, TERMINATION
from fusion.ordering.reject_request import reject_request
from fusion.ordering.see import see_failure
from fusion.tenancy.models import Organization
from tests.numbers.stock import assigned, entitle, range_of, stock
from tests.ordering.failing import failed
from tests.ordering.placing import line, placed
from tests.ordering.requesting import requested
from tests.portal.people import make_person
from tests.world import World, make_organization, make_subscription

LONG = "Gemeinschaftspraxis für Hals-, Nasen- und Ohrenheilkunde Dr. Schwarzenbacher-Wüllersleben"
FOREIGN = 'Ελληνικά <b onclick="alert(1)">русский</b> 日本語 العربية'


@dataclass
class Scene:
    """A world with orders and use; `ids` are for the URLs of pages."""

    world: World = field(default_factory=World)
    ids: dict[str, Any] = field(default_factory=dict)
    people: dict[tuple[str, str], User] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ids["subscription"] = self.world.subscription.id
        self.ids["product"] = self.world.seat.id
        self.ids["empty"] = make_organization("tenant", self.world.reseller).id
        self._people()
        self._use()

    def _people(self) -> None:
        """A member with a long name, an open and an expired invitation, an API client."""
        group = self.world.group
        person = make_person((group, AGENT), email=f"long.winded.{new_id()}@example.com")
        member = Member.objects.unscoped("test").get(user=person)
        Member.objects.unscoped("test").filter(id=member.id).update(name=FOREIGN)
        self.ids["member"] = member.id
        for email in ("soon@example.com", "late@example.com"):
            invite_member(self.world.actor(), organization_id=group.id, email=email, role=AGENT)
        rows = Invitation.objects.unscoped("test").filter(email="late@example.com")
        rows.filter(organization=group).update(expires_at=now())
        client = create_client(
            self.world.actor(),
            organization_id=group.id,
            name=LONG,
            scopes=["orders:write"],
            connector="a-connector-with-a-name-of-40-characters",
        )
        self.ids["client"] = client.body["id"]

    def _use(self) -> None:
        """A full, a nearly full and an unused balance."""
        world = self.world
        numbers = stock(world, 10)
        self.ids["range"] = range_of(numbers[0]).id
        entitle(world, 5)
        assigned(world, *numbers[:4])
        full = make_subscription(world.tenant, LONG)
        self.ids["full"] = full.id
        entitle(world, 2, full)
        assigned(world, *numbers[4:6], subscription=full)
        unused = make_subscription(world.tenant, FOREIGN)
        self.ids["order"] = placed(world, line(world.seat, 1200), subscription=unused)["id"]
        later = now() + timedelta(days=30)
        self._hold(later)
        self._fail()
        scheduled = placed(world, line(world.seat, 3), effective_at=later.isoformat())
        self.ids["scheduled"] = scheduled["id"]
        self.ids["request"] = requested(world, note=f"{LONG}\n{FOREIGN}")
        self.ids["rejected"] = requested(world)
        reject_request(
            world.actor(), request_id=UUID(self.ids["rejected"]), reason=f"Not yet. {FOREIGN}"
        )

    def _fail(self) -> None:
        """Failed orders; one that somebody with a long name has seen."""
        *_, last = failed(self.world, 3)
        self.ids["failed"] = last["id"]
        member = replace(self.world.actor(), label=f"member:{self.ids['member']}")
        see_failure(member, order_id=UUID(last["id"]))

    def _hold(self, later: datetime) -> None:
        """A subscription that is suspended for two reasons, with a scheduled termination."""
        held, actor = make_subscription(self.world.tenant, LONG), self.world.actor()
        self.ids["held"] = held.id
        for reason in ("non_payment", "fraud"):
            suspend(actor, subscription_id=held.id, reason=reason, note=FOREIGN)
        made = schedule(
            actor,
            kind=TERMINATION,
            subscription_id=held.id,
            effective_at=later,
            note=f"{LONG} {FOREIGN}",
        ).body
        self.ids["ending"] = made["id"]
        after = later + timedelta(days=1)
        schedule(actor, kind=RESUMPTION, subscription_id=held.id, effective_at=after)

    def organization(self, kind: str) -> Organization:
        """The organization of that kind above (or at) the tenant."""
        found: Organization = getattr(self.world, kind)
        return found

    def person(self, kind: str = "group", role: str = ADMINISTRATOR) -> User:
        """A person with that role in the organization of that kind."""
        if (kind, role) not in self.people:
            self.people[kind, role] = make_person((self.organization(kind), role))
        return self.people[kind, role]
