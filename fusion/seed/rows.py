"""The rows of one made-up order, as `ordering/place.sql` and its kin write them."""

from dataclasses import dataclass, field

from fusion.seed.books import Line, Posting
from fusion.seed.load import Load
from fusion.seed.past import id_at, spelled
from fusion.seed.provider import Provider, Subscriber

ORDER = (
    "ordering_order (id, number, kind, state, group_id, distributor_id, reseller_id, tenant_id,"
    " subscription_id, external_reference, placed_by, placed_at, effective_at, completed_at,"
    " failure, changes)"
)
LINE = (
    "ordering_orderline (group_id, order_id, position, action, product_id, revision, quantity,"
    " taken)"
)
ENTRY = (
    "ledger_entry (group_id, subscription_id, sku_id, sequence, kind, quantity, granted_after,"
    " used_after, order_id, order_number, order_position, actor, at)"
)
BALANCE = (
    "ledger_balance (subscription_id, sku_id, group_id, sku, type, metric, granted, used, sequence)"
)
HOLDING = "ordering_holding (group_id, subscription_id, product_id, revision, quantity)"
WORKER = "system:worker"


@dataclass(slots=True)
class Order:
    """An order under way; instants in microseconds. `subscriber` is an index."""

    number: int
    subscriber: int
    placed_at: int
    lines: list[Line]
    effective_at: int | None = None
    id: str = ""
    state: str = "scheduled"
    completed_at: int | None = None
    failure: str | None = None
    changes: str | None = None
    postings: list[Posting] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.id = str(id_at(self.placed_at))


class Rows:
    """Writes the orders of one provider, placed by `actor`."""

    def __init__(self, load: Load, provider: Provider, actor: str) -> None:
        self._load = load
        self._provider = provider
        self._actor = actor
        self._skus = [str(sku.id) for sku in provider.skus]
        self._by_code = sorted(range(len(provider.skus)), key=lambda k: provider.skus[k].code)

    def placed(self, order: Order) -> None:
        """The event and the audit record of its placing, in the state it then has."""
        self._announce(order, "order.place", self._actor, order.placed_at)

    def settled(self, order: Order, actor: str, verb: str, at: int) -> None:
        """The event and the audit record of what became of a scheduled order."""
        self._announce(order, verb, actor, at)

    def complete(self, order: Order, postings: list[Posting], at: int) -> None:
        """Take over what the books say of the order."""
        order.state = "completed"
        order.completed_at = at
        order.postings = postings
        order.changes = self._changes(postings)

    def _changes(self, postings: list[Posting]) -> str:
        net: dict[int, int] = {}
        for posting in postings:
            net[posting.sku] = net.get(posting.sku, 0) + posting.change
        skus = self._provider.skus
        told = (
            f'{{"sku" : "{skus[sku].code}", "granted_delta" : {net[sku]}}}'
            for sku in self._by_code
            if net.get(sku)
        )
        return f"[{', '.join(told)}]"

    def write(self, order: Order) -> None:
        """The order in its present state, with its lines and entries."""
        who = self._provider.subscribers[order.subscriber]
        site = who.site
        effective = r"\N" if order.effective_at is None else spelled(order.effective_at)
        completed = r"\N" if order.completed_at is None else spelled(order.completed_at)
        self._load.add(
            ORDER,
            f"{order.id}\t{order.number}\tchange\t{order.state}\t{site.group}\t{site.distributor}"
            f"\t{site.reseller}\t{site.tenant}\t{who.id}\t{_reference(order)}\t{self._actor}"
            f"\t{spelled(order.placed_at)}\t{effective}\t{completed}"
            f"\t{order.failure or chr(92) + 'N'}\t{order.changes or chr(92) + 'N'}",
        )
        self._write_lines(order)
        self._write_entries(order, who.id, WORKER if order.effective_at else self._actor)

    def _write_lines(self, order: Order) -> None:
        assortment = self._provider.assortment(order.subscriber)
        for position, line in enumerate(order.lines, 1):
            action, revision = ("add", line.revision) if line.revision else ("remove", r"\N")
            taken = _taken(line) or r"\N"
            product = self._provider.offers[assortment[line.slot]].id
            self._load.add(
                LINE,
                f"{self._provider.group}\t{order.id}\t{position}\t{action}\t{product}\t{revision}"
                f"\t{line.quantity}\t{taken}",
            )

    def _write_entries(self, order: Order, subscription: str, actor: str) -> None:
        if order.completed_at is None:
            return
        at = spelled(order.completed_at)
        for entry in order.postings:
            kind = "grant" if entry.change > 0 else "revoke"
            self._load.add(
                ENTRY,
                f"{self._provider.group}\t{subscription}\t{self._skus[entry.sku]}\t{entry.sequence}\t{kind}"
                f"\t{abs(entry.change)}\t{entry.granted}\t0\t{order.id}\t{order.number}"
                f"\t{entry.position}\t{actor}\t{at}",
            )

    def _announce(self, order: Order, verb: str, actor: str, at: int) -> None:
        who = self._provider.subscribers[order.subscriber]
        where = (who.site.group, who.site.path, who.id)
        self._load.event(
            f"order.{order.state}", where, order.id, actor, data=self.document(order), at=at
        )
        detail = f'{{"number" : {order.number}, "state" : "{order.state}"}}'
        self._load.audit(verb, where, order.id, actor, data=detail, at=at)

    def document(self, order: Order) -> str:
        """The order as the view `ordering_document` shows it."""
        assortment = self._provider.assortment(order.subscriber)
        offers = self._provider.offers
        lines = ", ".join(
            f'{{"product_id" : "{offers[assortment[line.slot]].id}",'
            f' "product_code" : "{offers[assortment[line.slot]].code}",'
            f' "revision" : {line.revision or "null"},'
            f' "action" : "{"add" if line.revision else "remove"}",'
            f' "quantity" : {line.quantity}, "taken" : {_taken(line) or "null"}}}'
            for line in order.lines
        )
        return (
            f'{{"id" : "{order.id}", "number" : {order.number}, "kind" : "change",'
            f' "state" : "{order.state}",'
            f' "subscription_id" : "{self._provider.subscribers[order.subscriber].id}",'
            f' "external_reference" : "{_reference(order)}", "placed_by" : "{self._actor}",'
            f' "placed_at" : "{spelled(order.placed_at)}",'
            f' "effective_at" : {_quoted(order.effective_at)},'
            f' "completed_at" : {_quoted(order.completed_at)},'
            f' "failure" : {order.failure or "null"}, "reason" : null, "note" : null,'
            f' "warnings" : [], "lines" : [{lines}],'
            f' "changes" : {order.changes or "[]"}}}'
        )


def _reference(order: Order) -> str:
    return f"SO-{order.number:08d}"


def _taken(line: Line) -> str:
    told = (
        f'{{"revision" : {revision}, "quantity" : {quantity}}}' for revision, quantity in line.taken
    )
    return f"[{','.join(told)}]" if line.taken else ""


def _quoted(at: int | None) -> str:
    return "null" if at is None else f'"{spelled(at)}"'


def write_balances(load: Load, provider: Provider, subscriber: Subscriber, *row: int) -> None:
    """A balance: index of the SKU, granted, number of its newest entry."""
    index, granted, sequence = row
    sku = provider.skus[index]
    load.add(
        BALANCE,
        f"{subscriber.id}\t{sku.id}\t{provider.group}\t{sku.code}\t{sku.type}\t{sku.metric}"
        f"\t{granted}\t0\t{sequence}",
    )


def write_holding(load: Load, provider: Provider, subscriber: Subscriber, *row: int) -> None:
    """A holding: index of the offer, revision, quantity."""
    offer, revision, quantity = row
    load.add(
        HOLDING,
        f"{provider.group}\t{subscriber.id}\t{provider.offers[offer].id}\t{revision}\t{quantity}",
    )
