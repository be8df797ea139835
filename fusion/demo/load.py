"""Making up the demonstration's two providers: all of it or nothing, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from fusion.billing.rollup import fill_history
from fusion.catalogue.change_product import change_product
from fusion.demo import story
from fusion.demo.credentials import give_client
from fusion.demo.installation import LABEL, Installation, find_installation, record
from fusion.demo.staff import Staff, write_inventory
from fusion.demo.year import CHANCE, DAYS, Year
from fusion.kernel.clock import now
from fusion.kernel.past import movable_clock
from fusion.ordering.cancel import cancel_order
from fusion.ordering.place import Draft, Line, place_order
from fusion.seed.catalogue import write_product, write_skus
from fusion.seed.history import History, Span
from fusion.seed.load import Load
from fusion.seed.organizations import site_of, write_organization, write_subscription
from fusion.seed.past import DAY, HOUR, SECOND, moment
from fusion.seed.provider import Provider
from fusion.seed.seed import FOUNDING, TABLES
from fusion.tenancy.actor import GROUP, Actor, system_actor
from fusion.tenancy.enrol import enrol
from fusion.tenancy.models import Organization
from fusion.trunks.sweep import sweep_calls

OTHER_ORDERS = 12
YEAR = DAYS * DAY


@dataclass(slots=True)
class Made:
    """A provider: its organizations by reference (the group's is empty), and what history needs."""

    organizations: dict[str, Organization]
    provider: Provider


def load_demo() -> Installation:
    """The new demonstration; nothing of it is there when this raises."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Of two that begin at once, the second waits here, and then finds what the first has made.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('fusion demo', 0))")
        made_meanwhile = find_installation()
        if made_meanwhile is not None:
            return made_meanwhile
        load = Load()
        span = _span(OTHER_ORDERS)
        made = _make(load, story.MERIDIAN, span)
        other = _make(load, story.LOWMOOR, span)
        load.flush()
        installation = _installation(made, other)
        actors = {name: _with_client(installation, name) for name in installation.organizations()}
        _add_members(installation)
        _write_history(load, other, actors["other_group"], span)
        _live_through(actors["group"], made.provider)
        _go_on(actors["group"], made, installation)
        record(installation)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {TABLES}, numbers_number, users_user, trunks_callrecord")
    fill_history()
    return installation


def _live_through(actor: Actor, provider: Provider) -> None:
    """The past year, by the use cases. Its calls are over; what they left is cleared away."""
    year = Year(actor, provider, Staff(actor, write_inventory(actor)))
    with movable_clock() as go_to:
        year.live(go_to)
    sweep_calls()


def _span(orders: int) -> Span:
    until = moment(now()) - HOUR
    return Span(until - YEAR, until, orders)


def _make(load: Load, told: story.Story, span: Span) -> Made:
    founded = span.since - FOUNDING
    group = write_organization(
        load, kind=GROUP, name=told.name, parent=None, at=founded, actor=LABEL
    )
    made = Made({"": group}, Provider(group.id))
    write_skus(load, made.provider, told.entitlements, at=founded)
    for position, node in enumerate(told.tree, 1):
        made.organizations[node.reference] = write_organization(
            load,
            kind=node.kind,
            name=node.name,
            parent=made.organizations[node.parent],
            at=founded + HOUR + position * 90 * SECOND,
            actor=LABEL,
            reference=node.reference,
        )
    _write_products(load, made.provider, told.products, founded)
    _write_subscriptions(load, made, told.subscriptions, span)
    return made


def _write_products(
    load: Load, provider: Provider, products: Sequence[story.Goods], founded: int
) -> None:
    for position, goods in enumerate(products):
        revisions = [(founded + 5 * HOUR + position * 240 * SECOND, goods.items)]
        write_product(
            load,
            provider,
            code=goods.code,
            name=goods.name,
            description=goods.description,
            revisions=revisions,
            actor=LABEL,
        )


def _write_subscriptions(
    load: Load, made: Made, subscriptions: Sequence[tuple[str, str, str]], span: Span
) -> None:
    known = {organization.id: organization for organization in made.organizations.values()}
    for position, (reference, tenant, name) in enumerate(subscriptions):
        made.provider.subscribers.append(
            write_subscription(
                load,
                site=site_of(made.organizations[tenant], known),
                name=name,
                at=span.opens_at(position, len(subscriptions)) - HOUR,
                actor=LABEL,
                reference=reference,
            )
        )


def _installation(made: Made, other: Made) -> Installation:
    references = [reference for reference, *_ in story.MERIDIAN.subscriptions]
    subscriber = made.provider.subscribers[references.index(story.SHOWN)]
    site = subscriber.site
    return Installation(
        group=made.organizations[""].id,
        distributor=UUID(site.distributor),
        reseller=UUID(site.reseller),
        tenant=UUID(site.tenant),
        subscription=UUID(subscriber.id),
        other_group=other.organizations[""].id,
    )


def _with_client(installation: Installation, name: str) -> Actor:
    """Give the organization an API client; who acts when that client does."""
    client = give_client(installation, name)
    actor = system_actor(installation.group_of(name), LABEL)
    return replace(actor, label=f"client:{client['client_id']}")


def _add_members(installation: Installation) -> None:
    actor = system_actor(installation.group, LABEL)
    for person in story.PEOPLE:
        enrol(
            actor,
            organization_id=installation.organizations()[person.kind],
            email=person.email,
            role=person.role,
            name=person.name,
        )


def _write_history(load: Load, made: Made, actor: Actor, span: Span) -> None:
    history = History(load, made.provider, actor=actor.label, random_seed=CHANCE, most=3)
    history.write(span, lambda steps: None)


def _go_on(actor: Actor, made: Made, installation: Installation) -> None:
    """What has just happened: a product is retired, orders are placed for later, one cancelled."""
    products = {offer.code: UUID(offer.id) for offer in made.provider.offers}
    change_product(actor, product_id=products[story.RETIRED], changes={"status": "retired"})
    for days, reference, code, quantity in story.UPCOMING:
        answer = place_order(
            actor,
            draft=Draft(
                UUID(made.provider.subscribers[0].id),
                (Line(products[code], quantity),),
                reference,
                now() + timedelta(days=days),
            ),
        )
    cancel_order(actor, order_id=UUID(answer.body["id"]))
