"""Compares the database with the model after each step of any sequence of orders, edits and use."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fusion.access.actor import Actor
from fusion.access.use_case import Answer
from fusion.catalogue.change_product import change_product
from fusion.cli.verify import differences
from fusion.kernel.errors import Problem
from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.resume import resume
from fusion.lifecycle.schedule import schedule
from fusion.lifecycle.suspend import suspend
from fusion.lifecycle.terminate import terminate
from fusion.ordering import place as ordering
from fusion.ordering.models import OF_STATE
from fusion.ordering.place_batch import Item, place_orders
from fusion.ordering.preview import preview_order
from fusion.ordering.queries import order_document_of
from fusion.ordering.reverse import reversal_of
from tests.bounds import sequences
from tests.ordering.comparing import (
    compare_lines,
    compare_unplaced,
    compare_warnings,
    fingerprint_of,
    requested,
)
from tests.ordering.drawing import (
    MONDAY,
    PRODUCTS,
    SKUS,
    SUBSCRIPTIONS,
    TODAY,
    drafts,
    items,
    lines,
    lines_that_set,
    reasons,
    subscriptions,
)
from tests.ordering.expiring import Ending
from tests.ordering.foreseeing import Foreseeing
from tests.ordering.placing import ledger
from tests.ordering.reading import read_books
from tests.ordering.restoring import RestorableModel, Restoring
from tests.ordering.shapes import Draft, Line, Outcome
from tests.world import World, make_subscription


class Ordering(Restoring, Ending, Foreseeing):
    """One provider with three subscriptions, its catalogue, and the model beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        skus = (self.world.user_sku, self.world.channel_sku, self.world.number_sku)
        self.skus = dict(zip(SKUS, skus, strict=True))
        self.products = {"seat": self.world.seat}
        for code in sorted(set(PRODUCTS) - {"seat"}):
            made = {self.skus[sku]: quantity for sku, quantity in PRODUCTS[code].items()}
            self.products[code] = self.world.product(code, made)
        self.subscriptions = {
            name: make_subscription(self.world.tenant, name).id for name in SUBSCRIPTIONS
        }
        self.model = RestorableModel(PRODUCTS)
        self.documents: list[dict[str, Any]] = []
        self.holders = 0

    @initialize()
    def begin(self) -> None:
        """Everybody has something, and uses most of it."""
        for name in SUBSCRIPTIONS:
            self.place(Draft(name, (Line("seat", 6, "add"), Line("trunk", 2, "add"))))
            self.consume(name, "user", 5)
            self.consume(name, "be-geographic", 4)

    # -- what can be done

    @rule(draft=drafts)
    def place(self, draft: Draft) -> None:
        """Place one order that counts at once."""
        self._compare(draft, self.model.place(draft), *self._place(draft))

    @rule(subscription=subscriptions, quantity=st.integers(1, 7), more=st.none() | lines,
          hours=st.none() | st.integers(0, 3))  # fmt: skip
    def take_away(
        self, subscription: str, quantity: int, more: Line | None, hours: int | None
    ) -> None:
        """Remove what is mostly in use, perhaps against something else."""
        seats = Line("seat", quantity, "remove")
        swapped = [more] if more is not None and more.product != "seat" else []
        draft = Draft(subscription, (seats, *swapped), hours=hours)
        self._compare(draft, self.model.place(draft), *self._place(draft))

    @rule(subscription=subscriptions, line=lines_that_set, is_right=st.booleans(),
          hours=st.none() | st.integers(0, 3))  # fmt: skip
    def set_what_is_held(
        self, subscription: str, line: Line, is_right: bool, hours: int | None
    ) -> None:
        """Set a quantity if the one that is held is as expected, or nearly."""
        held = self.model.held(subscription, line) + (0 if is_right else 1)
        draft = Draft(subscription, (replace(line, expected=held),), hours=hours)
        self._compare(draft, self.model.place(draft), *self._place(draft))

    @rule(draft=drafts, hours=st.integers(0, 3))
    def schedule(self, draft: Draft, hours: int) -> None:
        """Place one for later."""
        later = Draft(draft.subscription, draft.lines, draft.key, draft.reference, hours)
        self._compare(later, self.model.place(later), *self._place(later))

    @rule(chosen=st.lists(drafts, min_size=1, max_size=6))
    def batch(self, chosen: list[Draft]) -> None:
        """Each order is judged as if those before it had been applied."""
        expected = [self.model.place(draft) for draft in chosen]
        answer = place_orders(self._actor(), items=[self._item(draft) for draft in chosen])
        for draft, outcome, result in zip(chosen, expected, answer.body["results"], strict=True):
            document = result.get("order") or result.get("problem") or result
            self._compare(draft, outcome, result["status"], document, result.get("replayed", False))

    @rule(draft=drafts)
    def preview(self, draft: Draft) -> None:
        """Changes nothing, and tells what placing it would."""
        expected = self.model.preview(draft)
        try:
            answered = preview_order(self._actor(), draft=self._draft(draft)).body
        except Problem as problem:
            assert problem.code == expected.code
            assert problem.status == 422
            return
        assert answered["allowed"] is (expected.code is None)
        assert (
            expected.code in [refusal["code"] for refusal in answered["refusals"]]
            or answered["allowed"]
        )
        assert {
            each["sku"]: (each["granted_before"], each["granted_after"], each["used"])
            for each in answered["balances"]
        } == expected.after

    @rule(subscription=subscriptions)
    def apply(self, subscription: str) -> None:
        """Let the scheduled orders of a subscription fall due, and the worker run."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ordering_order SET effective_at = effective_at - interval '1 year',"
                " tried_at = NULL"
                " WHERE subscription_id = %s AND state = 'scheduled'",
                [self.subscriptions[subscription]],
            )
        settled = self.model.apply_due(subscription)
        assert apply_due_orders() >= len(settled)  # those of other tests may fall due now
        for order in settled:
            if order.state == "completed" and order.outcome is not None:
                id = self.documents[self.model.orders.index(order)]["id"]
                compare_lines(order_document_of(UUID(id)), order.outcome)

    @precondition(lambda self: self.documents)
    @rule(data=st.data(), hours=st.none() | st.integers(0, 3))
    def reverse(self, data: st.DataObject, hours: int | None) -> None:
        """Take back what an order did, or refuse it: what counts is what it did then."""
        index = data.draw(st.integers(0, len(self.documents) - 1))
        expected = self.model.reverse(index, hours)
        later = None if hours is None else MONDAY + timedelta(hours=hours)
        id = UUID(self.documents[index]["id"])
        draft = reversal_of(self._actor(), id, effective_at=later)
        try:
            document = ordering.place_order(self._actor(), draft=draft).body
        except Problem as problem:
            compare_unplaced(problem.status, problem.document(), expected)
            return
        assert expected.code is None
        assert (document["kind"], document["reverses"]) == ("reversal", str(id))
        if hours is None:
            compare_lines(document, expected)
        self.documents.append(document)

    @rule(subscription=subscriptions, kind=st.sampled_from(("suspension", "resumption")),
          reason=reasons)  # fmt: skip
    def suspend_or_resume(self, subscription: str, kind: str, reason: str | None) -> None:
        """Place a hold, or lift one or all."""
        expected = self.model.change_state(subscription, kind, reason)
        do = suspend if kind == "suspension" else resume
        id = self.subscriptions[subscription]
        self._try(expected, lambda: do(self._actor(), subscription_id=id, reason=reason))

    @rule(subscription=subscriptions, kind=st.sampled_from(OF_STATE), reason=reasons,
          hours=st.integers(0, 3))  # fmt: skip
    def schedule_state(self, subscription: str, kind: str, reason: str | None, hours: int) -> None:
        """Suspend, resume or terminate later. Few end: of the dead there is little to see."""
        if kind == "termination" and (self.model.terminated or len(self.documents) < 6):
            return
        expected = self.model.schedule_state(subscription, kind, reason, hours)
        answer = self._try(
            expected,
            lambda: schedule(
                self._actor(),
                kind=kind,
                subscription_id=self.subscriptions[subscription],
                effective_at=MONDAY + timedelta(hours=hours),
                reason=reason,
            ),
        )
        if answer is not None:
            self.documents.append(answer.body)

    @precondition(lambda self: any(order.kind == "change" for order in self.model.orders))
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """Send an order again that was accepted, whatever has happened since."""
        drafts = [order.draft for order in self.model.orders if order.kind == "change"]
        draft = data.draw(st.sampled_from(drafts))
        self._compare(draft, self.model.place(draft), *self._place(draft))

    @rule(code=st.sampled_from(sorted(PRODUCTS)), made=items)
    def edit(self, code: str, made: dict[str, int]) -> None:
        """Other items make a revision; the same ones do not."""
        product = self.model.products[code]
        if product.revisions[product.revision] != made:
            product.revisions[product.revision + 1] = made
        wanted = [{"sku": sku, "quantity": quantity} for sku, quantity in made.items()]
        document = self._change(code, {"items": wanted})
        assert document["revision"] == product.revision

    @rule(code=st.sampled_from(sorted(PRODUCTS)), is_retired=st.booleans())
    def retire(self, code: str, is_retired: bool) -> None:
        """Retire a product, or take it up again."""
        self.model.products[code].is_retired = is_retired
        self._change(code, {"status": "retired" if is_retired else "active"})

    @rule(subscription=subscriptions, sku=st.sampled_from(("user", "be-geographic")),
          count=st.integers(1, 4))  # fmt: skip
    def consume(self, subscription: str, sku: str, count: int) -> None:
        """Use what is granted, and no more."""
        balance = (subscription, sku)
        fits = self.model.used[balance] + count <= self.model.granted[balance]
        self.holders += count
        holders = [f"{sku}-{self.holders - i}" for i in range(count)]
        answered = ledger("ledger_consume", *self._ids(balance), holders)
        assert (answered is None) is fits
        if fits:
            self.model.used[balance] += count

    @rule(subscription=subscriptions, sku=st.sampled_from(("user", "be-geographic")),
          count=st.integers(1, 4))  # fmt: skip
    def release(self, subscription: str, sku: str, count: int) -> None:
        """Give back what is used."""
        balance = (subscription, sku)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT holder_id FROM ledger_entry WHERE subscription_id = %s AND sku_id = %s"
                " AND holder_id IS NOT NULL GROUP BY 1 HAVING count(*) = 1 LIMIT %s",
                [self.subscriptions[subscription], self.skus[sku].id, count],
            )
            holders = [holder for (holder,) in cursor.fetchall()]
        if not holders:
            holders = ["nobody"]
            answered = ledger("ledger_release", *self._ids(balance), holders)
            assert answered["missing"] == 1
            return
        assert ledger("ledger_release", *self._ids(balance), holders) is None
        self.model.used[balance] -= len(holders)

    @precondition(lambda self: not self.model.terminated and len(self.documents) > 5)
    @rule(subscription=subscriptions)
    def terminate(self, subscription: str) -> None:
        """Where nothing is in use: the holders here are no users or numbers."""
        for sku in ("user", "be-geographic"):
            self.release(subscription, sku, 1_000)
        terminate(self._actor(), subscription_id=self.subscriptions[subscription])
        self.model.terminate(subscription)

    # -- what must hold after each of them

    @invariant()
    def agrees(self) -> None:
        """Balances, holdings and the states of orders are those of the model."""
        names = {id: name for name, id in self.subscriptions.items()}
        answered, held, states, statuses = read_books(self.world.group.id, names)
        assert statuses == {
            name: (self.model.status(name), self.model.holds[name]) for name in SUBSCRIPTIONS
        }
        assert answered == {
            key: (self.model.granted[key], self.model.used[key]) for key in self.model.known
        }
        assert held == {key: many for key, many in self.model.holdings.items() if many}
        assert len(states) == len(self.documents)
        for document, order in zip(self.documents, self.model.orders, strict=True):
            state, failure = states[document["id"]]
            assert state == order.state
            if order.outcome is not None:
                assert failure in order.outcome.codes()

    # -- between the two

    def _actor(self, key: str | None = None) -> Actor:
        return self.world.actor(key=key)

    def _try(self, expected: str | None, do: Callable[[], Answer]) -> Answer | None:
        """The answer, or None where it is refused, as the model has it."""
        try:
            answer = do()
        except Problem as problem:
            assert problem.code == expected
            return None
        assert expected is None
        return answer

    def _ids(self, balance: tuple[str, str]) -> tuple[UUID, UUID]:
        return self.subscriptions[balance[0]], self.skus[balance[1]].id

    def _draft(self, draft: Draft) -> ordering.Draft:
        at = None
        if draft.hours is not None:
            at = (TODAY if draft.is_late else MONDAY) + timedelta(hours=draft.hours)
        return ordering.Draft(
            self.subscriptions[draft.subscription],
            tuple(requested(line, self.products[line.product].id) for line in draft.lines),
            draft.reference,
            at,
            ends_at=None if draft.ends is None else MONDAY + timedelta(hours=draft.ends),
        )

    def _item(self, draft: Draft) -> Item:
        wanted = self._draft(draft)
        try:
            wanted.check()
        except Problem as problem:
            return Item(None, problem)
        return Item(wanted, None, draft.key, fingerprint_of(draft) if draft.key else b"")

    def _place(self, draft: Draft) -> tuple[int, dict[str, Any], bool]:
        actor = self.world.actor(key=draft.key)
        if draft.key is not None:
            object.__setattr__(actor.request, "fingerprint", fingerprint_of(draft))
        try:
            answer = ordering.place_order(actor, draft=self._draft(draft))
        except Problem as problem:
            return problem.status, problem.document(), False
        return answer.status, answer.body, answer.replayed

    def _compare(
        self, draft: Draft, outcome: Outcome, status: int, answered: dict[str, Any], replayed: bool
    ) -> None:
        if outcome.replay_of is not None:
            assert (status, replayed) == (201, True), answered
            # An order of the same batch has its document already.
            assert answered == self.documents[outcome.replay_of]
            return
        assert not replayed
        if outcome.code is not None or outcome.is_unchanged:
            compare_unplaced(status, answered, outcome)
            return
        assert status == 201, answered
        self.documents.append(answered)
        self.note_expiry(answered)
        compare_warnings(answered, outcome)
        if draft.hours is not None and not draft.is_late:
            assert (answered["state"], answered["changes"]) == ("scheduled", [])
            return
        assert answered["state"] == "completed"
        compare_lines(answered, outcome)

    def _change(self, code: str, changes: Any) -> dict[str, Any]:
        answer = change_product(self._actor(), product_id=self.products[code].id, changes=changes)
        document: dict[str, Any] = answer.body
        return document


def test_orders_match_the_model() -> None:
    apply_due_orders()  # what other tests have left, so that ours can be counted
    run_state_machine_as_test(Ordering, settings=sequences(30, 40))
    assert differences() == []
