"""Any sequence of orders, numbers, users and calls: the database does what the plain model says.

After each step the answer, and everything that both subscriptions hold, is compared with the model.
"""

from datetime import timedelta
from typing import Any

from django.db.models import F
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fusion.cli.verify import differences
from fusion.numbers.sweep import sweep_numbers
from fusion.trunks.models import Call
from fusion.trunks.sweep import sweep_calls
from tests.bounds import sequences
from tests.concurrency.actors import rows
from tests.numbers.stock import french, run_out, stock
from tests.provisioning.model import CHANNEL, NUMBER, SKUS, USER, Model
from tests.users.staff import provision_batches
from tests.world import World, answer, make_subscription

NAMES = ("east", "west")
NUMBERS = 7
UNTIL = "2027-06-01T00:00:00Z"

names = st.sampled_from(NAMES)
logins = st.sampled_from(("anna", "berta", "carla"))
positions = st.integers(0, NUMBERS - 1)
calls = st.tuples(st.sampled_from(("inbound", "outbound")), st.sampled_from(("a", "b/c", "d")))
quantities = st.integers(1, 3)


class Provisioning(RuleBasedStateMachine):
    """One provider with two subscriptions, a trunk each, seven numbers, and the model beside it."""

    @initialize()
    def begin(self) -> None:
        """Everybody has a little of everything."""
        self.world = world = World()
        skus = {USER: world.user_sku, NUMBER: french(world), CHANNEL: world.channel_sku}
        self.products = {code: world.product(f"one-{code}", {skus[code]: 1}) for code in SKUS}
        self.numbers = stock(world, NUMBERS)
        self.model = self._model()
        self.paths = {
            name: f"/subscriptions/{make_subscription(world.tenant, name).id}" for name in NAMES
        }
        self.trunks = {}
        self.users: dict[tuple[str, str], str] = {}
        for name, path in self.paths.items():
            trunk = self._call("POST", f"{path}/trunks", {"name": "T", "country": "FR"})
            self.trunks[name] = trunk["id"]
            for sku, quantity in ((USER, 2), (NUMBER, 4), (CHANNEL, 2)):
                self.order(name, sku, quantity, "add")
            self.create(name, "anna")
            self.next_free(name, 2)

    def _model(self) -> Model:
        return Model(NAMES, self.numbers)

    # -- what is asked, and what comes of it

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, or the code of the refusal."""
        response = self.world.call(method, path, body)
        if response.status_code >= 400:
            return answer(response)["code"]
        return answer(response) if response.content else None

    def _agree(self, answered: Any, expected: str | None) -> None:
        refused = answered if isinstance(answered, str) else None
        assert refused == expected

    def _pick(self, data: st.DataObject, name: str, *statuses: str) -> str:
        """A number, three times in four one of the subscription's that has such a status."""
        likely = [
            e164
            for e164, number in self.model.numbers.items()
            if number.owner == name and number.status in statuses
        ]
        if likely and data.draw(st.sampled_from([True, True, True, False])):
            return str(data.draw(st.sampled_from(likely)))
        return str(data.draw(st.sampled_from(self.numbers)))

    # -- orders

    @rule(name=names, sku=st.sampled_from(SKUS), quantity=quantities,
          action=st.sampled_from(("add", "remove")))  # fmt: skip
    def order(self, name: str, sku: str, quantity: int, action: str) -> None:
        """One line, at once."""
        line = {"product_id": str(self.products[sku].id), "quantity": quantity, "action": action}
        body = {"subscription_id": self.paths[name].rpartition("/")[2], "lines": [line]}
        answered = self._call("POST", "/orders", body)
        change = self.model.add if action == "add" else self.model.remove
        self._agree(answered, change(name, sku, quantity))

    # -- numbers

    @rule(name=names, wanted=st.lists(positions, min_size=1, max_size=3, unique=True),
          status=st.sampled_from(("assigned", "assigned", "reserved")))  # fmt: skip
    def take(self, name: str, wanted: list[int], status: str) -> None:
        """Numbers by name."""
        numbers = [self.numbers[position] for position in wanted]
        until = {"until": UNTIL} if status == "reserved" else {}
        body = {"numbers": numbers, "status": status, **until}
        answered = self._call("POST", f"{self.paths[name]}/numbers", body)
        self._agree(answered, self.model.take(name, numbers, status))

    @rule(name=names, quantity=quantities)
    def next_free(self, name: str, quantity: int) -> None:
        """The first free ones."""
        body = {"sku": NUMBER, "quantity": quantity}
        answered = self._call("POST", f"{self.paths[name]}/numbers", body)
        expected = self.model.next_free(name, quantity)
        found = (
            answered if isinstance(answered, str) else [item["e164"] for item in answered["items"]]
        )
        assert found == expected

    @rule(name=names, data=st.data())
    def release(self, name: str, data: st.DataObject) -> None:
        """A number goes."""
        e164 = self._pick(data, name, "assigned", "reserved")
        answered = self._call("DELETE", f"{self.paths[name]}/numbers/{e164}")
        self._agree(answered, self.model.release(name, e164))

    @rule(name=names, data=st.data())
    def restore(self, name: str, data: st.DataObject) -> None:
        """A number comes back."""
        e164 = self._pick(data, name, "quarantined")
        answered = self._call("POST", f"{self.paths[name]}/numbers/{e164}/restore")
        self._agree(answered, self.model.restore(name, e164))

    @rule(name=names, data=st.data())
    def time_passes(self, name: str, data: st.DataObject) -> None:
        """A reservation lapses, a quarantine ends."""
        e164 = self._pick(data, name, "reserved", "quarantined")
        if self.model.run_out(e164):
            run_out(e164)
            sweep_numbers()

    # -- users

    @rule(name=names, login=logins)
    def create(self, name: str, login: str) -> None:
        """A new user; a login in another case is the same one."""
        known = login in self.model.subscriptions[name].users
        spelled = login.upper() if known else login
        body = {"login": spelled, "display_name": login}
        answered = self._call("POST", f"{self.paths[name]}/users", body)
        self._agree(answered, self.model.create(name, login))
        if not isinstance(answered, str):
            self.users[name, login] = answered["id"]

    def _user(self, name: str, login: str) -> str:
        return f"{self.paths[name]}/users/{self.users[name, login]}"

    @precondition(lambda self: self.users)
    @rule(data=st.data())
    def link(self, data: st.DataObject) -> None:
        """A user gets a number."""
        name, login = data.draw(st.sampled_from(sorted(self.users)))
        e164 = self._pick(data, name, "assigned")
        answered = self._call("PUT", f"{self._user(name, login)}/number", {"number": e164})
        self._agree(answered, self.model.link(name, login, e164))

    @precondition(lambda self: self.users)
    @rule(data=st.data(), whole=st.booleans())
    def let_go(self, data: st.DataObject, whole: bool) -> None:
        """A user is unlinked, or deleted."""
        name, login = data.draw(st.sampled_from(sorted(self.users)))
        self._call("DELETE", self._user(name, login) + ("" if whole else "/number"))
        if whole:
            self.model.delete(name, login)
            del self.users[name, login]
        else:
            self.model.unlink(name, login)

    @rule(
        name=names,
        query=st.lists(
            st.tuples(logins, st.none() | positions),
            min_size=1,
            max_size=3,
            unique_by=lambda row: row[0],
        ),
    )
    def batch(self, name: str, query: list[tuple[str, int | None]]) -> None:
        """Each row as a single call would be after those before it; but numbers are exchanged."""
        chosen = [(login, None if at is None else self.numbers[at]) for login, at in query]
        body = {
            "users": [
                {"login": login, "display_name": login, **({"number": e164} if e164 else {})}
                for login, e164 in chosen
            ]
        }
        job = self._call("POST", f"{self.paths[name]}/users/batch", body)
        if closed := self.model.subscriptions[name].closed():
            assert job == closed
            return
        provision_batches()
        results = self._call("GET", f"/jobs/{job['id']}/results")["items"]
        expected = self.model.batch(name, chosen)
        assert [_code(result) for result in results] == expected
        for (login, _), result in zip(chosen, results, strict=True):
            if result["status"] == 201:
                self.users[name, login] = result["user"]["id"]

    # -- trunks and calls

    @rule(name=names, data=st.data(), on=st.booleans())
    def route(self, name: str, data: st.DataObject, on: bool) -> None:
        """A number onto the trunk, or off it."""
        e164 = self._pick(data, name, "assigned")
        path = f"{self.paths[name]}/trunks/{self.trunks[name]}/numbers/{e164}"
        if on:
            self._agree(self._call("PUT", path), self.model.route(name, e164))
            return
        answered = self._call("DELETE", path)
        number = self.model.numbers[e164]
        self._agree(answered, None if number.owner == name else "not-found")
        if number.owner == name:
            number.routed = False

    @rule(name=names, cap=st.none() | st.integers(0, 3))
    def cap(self, name: str, cap: int | None) -> None:
        """Another cap."""
        path = f"{self.paths[name]}/trunks/{self.trunks[name]}"
        answered = self._call("PATCH", path, {"channel_cap": cap})
        if self.model.subscriptions[name].status == "terminated":
            assert answered == "subscription-terminated"
        else:
            self.model.subscriptions[name].cap = cap

    @rule(name=names, call=calls, emergency=st.sampled_from((False, False, True)))
    def admit(self, name: str, call: tuple[str, str], emergency: bool) -> None:
        """A call begins, or goes on."""
        path = f"/trunks/{self.trunks[name]}/calls/{call[0]}/{call[1]}"
        body = {"caller": "+33199000000", "callee": "112" if emergency else "+33199000001"}
        response = self.world.call("PUT", path, body)
        answered = answer(response)
        if response.status_code < 400:
            answered["code"] = {201: "admitted", 200: "renewed"}[response.status_code]
            subscription = self.model.subscriptions[name]
        expected = self.model.admit(name, call, emergency)
        assert answered["code"] == expected
        if response.status_code < 400:
            counted = (subscription.live(), subscription.granted[CHANNEL])
            assert (answered["in_use"], answered["channels"]) == counted
            assert answered["emergency"] == subscription.calls[call].emergency

    @rule(name=names, call=calls)
    def end(self, name: str, call: tuple[str, str]) -> None:
        """A call is over, perhaps before it has begun."""
        assert (
            self._call("DELETE", f"/trunks/{self.trunks[name]}/calls/{call[0]}/{call[1]}") is None
        )
        self.model.end(name, call)

    @rule(name=names, swept=st.booleans())
    def leases_run_out(self, name: str, swept: bool) -> None:
        """Its proxy has died; whether a worker runs or not."""
        live = Call.objects.unscoped("test").filter(trunk_id=self.trunks[name], ended_at=None)
        day = timedelta(days=1)  # both are moved, so that no two calls begin at the same time
        live.update(
            lease_expires_at=F("lease_expires_at") - day, admitted_at=F("admitted_at") - day
        )
        self.model.lapse(name)
        if swept:
            sweep_calls()

    # -- states

    @rule(name=names, change=st.sampled_from(("suspend", "resume", "resume")))
    def pause(self, name: str, change: str) -> None:
        """Suspended, or active again."""
        answered = self._call("POST", f"{self.paths[name]}/{change}")
        subscription = self.model.subscriptions[name]
        if subscription.status == "terminated":
            assert answered == "subscription-terminated"
        else:
            subscription.status = "suspended" if change == "suspend" else "active"

    @precondition(lambda self: self.model.subscriptions["east"].status != "terminated")
    @rule(sure=st.integers(0, 9))
    def terminate(self, sure: int) -> None:
        """East ends, now and then."""
        if sure == 0:
            self._call("POST", f"{self.paths['east']}/terminate")
            self.model.terminate("east")

    # -- what must hold after every step

    @invariant()
    def everything_agrees(self) -> None:
        """Balances, numbers, links and calls are those of the model."""
        for name, path in self.paths.items():
            balances = self._call("GET", f"{path}/balances")["items"]
            answered = {item["sku"]: (item["granted"], item["used"]) for item in balances}
            granted = self.model.subscriptions[name].granted
            assert answered == {sku: (granted[sku], self.model.used(name, sku)) for sku in SKUS}
        inventory = rows(
            "SELECT e164, status, subscription_id::text, user_id::text, trunk_id IS NOT NULL"
            " FROM numbers_number WHERE e164 = ANY (%s) ORDER BY e164",
            [self.numbers],
        )
        assert inventory == [self._number(e164) for e164 in self.numbers]

    def _number(self, e164: str) -> tuple[str, str, str | None, str | None, bool]:
        number = self.model.numbers[e164]
        owner = self.paths[number.owner].rpartition("/")[2] if number.owner else None
        user = self.users[number.owner, number.user] if number.owner and number.user else None
        return e164, number.status, owner, user, number.routed


def _code(result: dict[str, Any]) -> str | None:
    return None if result["status"] < 300 else str(result["problem"]["code"])


def test_provisioning_matches_the_model() -> None:
    run_state_machine_as_test(Provisioning, settings=sequences(15, 50))
    assert differences() == []
