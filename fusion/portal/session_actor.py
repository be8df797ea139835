"""From a session to an actor: the signed-in person, their organization, and their preferences.

Rights follow from one membership: the one in the session, else the person's first. Memberships are
looked up for each page, so that a change of role takes effect at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django_htmx.middleware import HtmxDetails

from fusion.access.actor import KINDS, Actor, Request
from fusion.accounts.models import Member, User
from fusion.branding.brand import find_brand
from fusion.branding.models import Brand
from fusion.kernel.ids import parse_id
from fusion.portal.models import Preference

MEMBER = "member"
"""The session key of the current membership's id."""

READS_OWN = "a person's own memberships decide whose data they see"

ZONE_COOKIE = "zone"
"""The cookie with the browser's time zone."""

TIME_ZONES = frozenset(available_timezones())
"""The names of all time zones."""


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person: their memberships, and the current one (None without any)."""

    user: User
    preference: Preference
    memberships: Sequence[Member]
    member: Member | None
    actor: Actor | None


class PageRequest(HttpRequest):
    """A page's request: `actor` makes it, `person` holds the preferences and memberships."""

    actor: Actor
    person: Person
    htmx: HtmxDetails
    request_id: str


class SessionActorMiddleware:
    """Adds the `Person` to each request of a signed-in person; sets language and time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer `request` in the person's language and time zone."""
        user = request.user
        person = None if isinstance(user, AnonymousUser) else _person(request, user)
        request.person = person  # type: ignore[attr-defined]
        if person is not None and person.actor is not None:
            request.actor = person.actor  # type: ignore[attr-defined]
        with (
            translation.override(language_of(request, person)),
            timezone.override(_zone(request, person)),
        ):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or "en")
        return response


def person_of(request: HttpRequest) -> Person | None:
    """The signed-in person; None if the request is not signed in."""
    person: Person | None = getattr(request, "person", None)
    return person


def brand_for(request: HttpRequest) -> Brand | None:
    """The brand of the requested host name, else of the group that the person acts in."""
    person = person_of(request)
    return find_brand(host=_host(request), actor=person.actor if person else None)


def _host(request: HttpRequest) -> str:
    return request.get_host().partition(":")[0].lower()


def _person(request: HttpRequest, user: User) -> Person:
    # On a group's own host name people act only for organizations of that group.
    owner = Brand.objects.filter(host=_host(request)).values("group_id")
    rows = Member.objects.unscoped(READS_OWN).select_related("organization")
    found = rows.filter(user_id=user.id, organization__status="active").filter(
        Exists(owner.filter(group_id=OuterRef("organization__group_id"))) | ~Exists(owner)
    )
    memberships = sorted(found, key=lambda each: (_height(each), each.organization.name, each.id))
    chosen = parse_id(request.session.get(MEMBER))
    member = next((each for each in memberships if each.id == chosen), None)
    if member is None and memberships:
        member = memberships[0]
    preference = Preference.objects.filter(user_id=user.id).first() or Preference(user_id=user.id)
    actor = None if member is None else _actor(request, member)
    return Person(user, preference, memberships, member, actor)


def _height(member: Member) -> int:
    return KINDS.index(member.organization.kind)


def _actor(request: HttpRequest, member: Member) -> Actor:
    organization = member.organization
    return Actor(
        label=f"member:{member.id}",
        organization_id=organization.id,
        kind=organization.kind,
        path=organization.path,
        group_id=organization.group_id,
        role=member.role,
        request=Request(id=getattr(request, "request_id", "")),
    )


def switch(request: HttpRequest, member_id: UUID) -> bool:
    """Switch to another membership; False if it does not belong to the person."""
    person = person_of(request)
    if person is None or all(each.id != member_id for each in person.memberships):
        return False
    request.session[MEMBER] = str(member_id)
    return True


def actor_by(request: HttpRequest, member_id: UUID) -> Actor | None:
    """The actor of one of the person's memberships; None if it does not belong to them."""
    person = person_of(request)
    rows = person.memberships if person else ()
    member = next((each for each in rows if each.id == member_id), None)
    return None if member is None else _actor(request, member)


def language_of(request: HttpRequest, person: Person | None) -> str:
    """The language of the response: the person's choice, else the browser's."""
    known = {code for code, _ in settings.LANGUAGES}
    if person is not None and person.preference.language in known:
        return person.preference.language
    return translation.get_language_from_request(request)


def _zone(request: HttpRequest, person: Person | None) -> ZoneInfo:
    """The time zone of the response: the person's choice, else the browser's, else UTC."""
    chosen = person.preference.time_zone if person else ""
    return ZoneInfo(chosen or browser_zone(request) or "UTC")


def browser_zone(request: HttpRequest) -> str:
    """The browser's time zone, from the cookie that `app.js` sets; empty if it is not known."""
    name = request.COOKIES.get(ZONE_COOKIE, "")
    return name if name in TIME_ZONES else ""
