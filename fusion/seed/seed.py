"""Fill a database with fictitious providers, for measuring and for experiments."""

from collections.abc import Callable
from random import Random
from uuid import UUID

from django.db import connection, transaction

from fusion.access.actor import DISTRIBUTOR, GROUP, RESELLER, TENANT
from fusion.kernel.clock import now
from fusion.reporting.rollup import fill_history
from fusion.seed import made_up
from fusion.seed.catalogue import write_product, write_skus
from fusion.seed.history import History, Span
from fusion.seed.load import CHUNK, Load
from fusion.seed.organizations import site_of, write_organization, write_subscription
from fusion.seed.past import DAY, HOUR, SECOND, moment
from fusion.seed.plan import Plan
from fusion.seed.provider import Provider, Site
from fusion.tenancy.models import Organization

ACTOR = "system:seed"
FOUNDING = 7 * DAY
"""How long before its first order a group was created."""

TABLES = (
    "tenancy_organization, tenancy_subscription, tenancy_auditrecord, catalogue_sku,"
    " catalogue_product, catalogue_productrevision, catalogue_revisionitem, ordering_order,"
    " ordering_orderline, ordering_holding, ledger_balance, ledger_entry, events_event"
)

Progress = Callable[[int], object]


def seed(plan: Plan, progress: Progress = lambda steps: None) -> list[UUID]:
    """Generate the providers of `plan` beside the existing ones; the ids of their groups.

    One transaction, all or nothing. `progress` is called with a number of steps done, `plan.steps`
    in all. Tables are analysed at the end, for good query plans.
    """
    with transaction.atomic():
        load = Load()
        groups = [
            _grow(load, plan.of_group(index), index, progress) for index in range(plan.groups)
        ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL default_statistics_target = 25")
        cursor.execute(f"ANALYZE {TABLES}")
    fill_history()
    return groups


def _grow(load: Load, plan: Plan, index: int, progress: Progress) -> UUID:
    random = Random(plan.random_seed)
    until = moment(now()) - HOUR
    span = Span(until - plan.days * DAY, until, plan.orders)
    founded = span.since - FOUNDING
    group = write_organization(
        load, kind=GROUP, name=f"Operator {index + 1}", parent=None, at=founded, actor=ACTOR
    )
    provider = Provider(group.id)
    write_skus(load, provider, made_up.ENTITLEMENTS, at=founded)
    _write_products(load, provider, plan, founded)
    sites = _write_tree(load, plan, group, random, founded)
    progress(1 + plan.distributors + plan.resellers + plan.tenants)
    _write_subscriptions(load, provider, plan, sites, span)
    progress(plan.subscriptions)
    History(load, provider, actor=ACTOR, random_seed=plan.random_seed).write(span, progress)
    return group.id


def _write_products(load: Load, provider: Provider, plan: Plan, founded: int) -> None:
    """Every third product was changed, in the middle of the time that orders are spread over."""
    changed = founded + FOUNDING + plan.days * DAY // 2
    for index in range(plan.products):
        code, name, items = made_up.product(index)
        revisions = [(founded + HOUR + index * SECOND, items)]
        if index % 3 == 0:
            revisions.append((changed + index * SECOND, made_up.revised(items)))
        write_product(
            load,
            provider,
            code=code,
            name=name,
            description="",
            revisions=revisions,
            actor=ACTOR,
        )


def _write_tree(
    load: Load, plan: Plan, group: Organization, random: Random, founded: int
) -> list[Site]:
    """The tenants' sites. One in five resellers and one in ten tenants stands higher up."""
    known = {group.id: group}

    def write(kind: str, name: str, parent: Organization) -> Organization:
        at = founded + 2 * HOUR + len(known) * SECOND // 10
        new = write_organization(load, kind=kind, name=name, parent=parent, at=at, actor=ACTOR)
        known[new.id] = new
        load.flush(least=CHUNK)
        return new

    distributors = [
        write(DISTRIBUTOR, f"Distributor {index + 1}", group) for index in range(plan.distributors)
    ]
    resellers = [
        write(RESELLER, f"Reseller {index + 1}", _parent(group, [distributors], index, 5))
        for index in range(plan.resellers)
    ]
    levels = [resellers, distributors]
    tenants = [
        write(TENANT, made_up.company(random, index), _parent(group, levels, index, 10))
        for index in range(plan.tenants)
    ]
    return [site_of(tenant, known) for tenant in tenants]


def _parent(
    group: Organization, levels: list[list[Organization]], index: int, every: int
) -> Organization:
    """The parent of the organization with this index: usually of the lowest level; every n-th goes
    one level higher.
    """
    choices = [level for level in levels if level]
    skipped = every - 1 - index % every
    if skipped < len(choices):
        choices = choices[skipped + 1 :]
    return choices[0][index % len(choices[0])] if choices else group


def _write_subscriptions(
    load: Load, provider: Provider, plan: Plan, sites: list[Site], span: Span
) -> None:
    for index in range(plan.subscriptions):
        at = span.opens_at(index, plan.subscriptions) - HOUR
        provider.subscribers.append(
            write_subscription(
                load,
                site=sites[index % len(sites)],
                name="Main" if index < len(sites) else f"Site {index // len(sites) + 1}",
                at=at,
                actor=ACTOR,
                reference=f"SUB-{index + 1:06d}",
            )
        )
        load.flush(least=CHUNK)
