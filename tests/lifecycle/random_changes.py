"""Random changes of a provider, by the API and the worker."""

import random
from collections import Counter
from typing import Any

from fusion.lifecycle.apply_due import apply_due_orders
from fusion.lifecycle.apply_due_ports import apply_due_ports
from fusion.numbers.sweep import sweep_numbers
from tests.numbers.porting import fall_due, soon
from tests.numbers.stock import block, french, run_out
from tests.ordering.placing import fall_due as orders_fall_due
from tests.paging import all_items
from tests.users.staff import work
from tests.world import World, answer


class Provider:
    """Does random things to a provider, by the API; many are refused, and that is fine."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.skus = ["fr-geographic", "fr-other"]
        self.products = [
            world.product("users", {world.user_sku: 3}),
            world.product("numbers", {french(world): 4, french(world, "fr-other"): 1}),
        ]
        self.subscriptions: list[str] = []
        other = {"kind": "tenant", "parent_id": str(world.group.id), "name": "Other"}
        self.tenants = [str(world.tenant.id), self.call("POST", "/organizations", other)["id"]]
        self.done: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        for name in ("One", "Two"):
            body = {"tenant_id": str(world.tenant.id), "name": name}
            self.subscriptions.append(self.call("POST", "/subscriptions", body)["id"])
        for _ in range(2):
            self.load_range()
        for subscription in self.subscriptions:
            for product in self.products:
                self.order(subscription, product, 3)
            for _ in range(2):
                self.do_assign()
                self.do_create_user()
                self.do_add_trunk()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of a request, None if it was refused."""
        response = self.world.call(method, path, body)
        assert response.status_code < 500, (method, path, body, response.content)
        done = response.status_code < 300
        if not done:
            assert response.status_code in (404, 409, 422), (path, body, response.content)
        return (answer(response) if response.content else {}) if done else None

    def act(self) -> None:
        """One random change."""
        verbs = [name for name in dir(self) if name.startswith("do_")]
        verb = min(verbs, key=lambda name: (self.tried[name], self.chance.random()))
        self.tried[verb] += 1
        if getattr(self, verb)() is not None:
            self.done[verb] += 1

    # -- what there is

    def one(self, path: str) -> Any:
        """Some object of a list, None if it is empty."""
        found = all_items(self.world, path, 500)
        return self.chance.choice(found) if found else None

    def subscription(self) -> str:
        """One of the newest: they are less often terminated."""
        return self.chance.choice(self.subscriptions[-3:])

    def newest(self) -> list[str]:
        """The newest ones in any order."""
        newest = self.subscriptions[-3:]
        return self.chance.sample(newest, len(newest))

    def numbers(self, subscription: str, status: str = "") -> list[str]:
        """A few numbers of a subscription."""
        query = f"&status={status}" if status else ""
        path = f"/numbers?subscription_id={subscription}{query}"
        found = [each["e164"] for each in all_items(self.world, path, 500)]
        return self.chance.sample(found, min(len(found), self.chance.randint(1, 3)))

    def user(self, subscription: str) -> Any:
        return self.one(f"/subscriptions/{subscription}/users")

    def login(self) -> str:
        return f"user{self.chance.randint(1, 12)}"

    # -- orders

    def order(self, subscription: str, product: Any, quantity: int, **more: Any) -> Any:
        action = "add" if quantity > 0 else "remove"
        line = {"product_id": str(product.id), "action": action, "quantity": abs(quantity)}
        body = {"subscription_id": subscription, "lines": [line], **more}
        return self.call("POST", "/orders", body)

    def do_order(self) -> Any:
        quantity = self.chance.choice((-1, 1, 2))
        return self.order(self.subscription(), self.chance.choice(self.products), quantity)

    def do_order_for_later(self) -> Any:
        product = self.chance.choice(self.products)
        order = self.order(self.subscription(), product, 1, effective_at=soon(3))
        if order:
            orders_fall_due(order)
            apply_due_orders()
        return order

    # -- users

    def do_create_user(self) -> Any:
        body = {"login": self.login(), "display_name": "Someone"}
        return self.call("POST", f"/subscriptions/{self.subscription()}/users", body)

    def do_edit_user(self) -> Any:
        user = self.user(self.subscription())
        body = {"display_name": f"Name {self.chance.random()}", "login": self.login()}
        return user and self.call("PATCH", _path(user), body)

    def do_delete_user(self) -> Any:
        for subscription in self.newest():
            if user := self.user(subscription):
                return self.call("DELETE", _path(user))
        return None

    def do_link(self) -> Any:
        for subscription in self.newest():
            user, numbers = self.user(subscription), self.numbers(subscription, "assigned")
            body = {"number": numbers[0]} if numbers else None
            if user and body and (done := self.call("PUT", f"{_path(user)}/number", body)):
                return done
        return None

    def do_unlink(self) -> Any:
        for subscription in self.newest():
            for user in all_items(self.world, f"/subscriptions/{subscription}/users"):
                if user["number"]:
                    return self.call("DELETE", f"{_path(user)}/number")
        return None

    def do_upload(self) -> Any:
        subscription = self.subscription()
        numbers = self.numbers(subscription, "assigned")
        rows = []
        for login in {self.login() for _ in range(5)}:
            row: dict[str, Any] = {"login": login, "display_name": login.title()}
            ways: list[dict[str, Any]] = [
                {},
                {"kind": "resource_account"},
                {"action": "unlink"},
                {"action": "delete"},
                {"sku": self.chance.choice(self.skus)},
            ]
            if numbers:
                ways += [{"number": numbers.pop()}] * 3
            rows.append({**row, **self.chance.choice(ways)})
        queued = self.call("POST", f"/subscriptions/{subscription}/users/batch", {"users": rows})
        work()
        return queued

    # -- numbers

    def do_assign(self) -> Any:
        body: dict[str, Any] = {"sku": self.chance.choice(self.skus), "quantity": 2}
        if self.chance.random() < 0.3:
            body |= {"status": "reserved", "until": soon()}
        return self.call("POST", f"/subscriptions/{self.subscription()}/numbers", body)

    def do_assign_named(self) -> Any:
        found = self.one("/numbers?status=free") or self.one("/numbers?status=reserved")
        body = {"numbers": [found["e164"]]} if found else None
        return body and self.call("POST", f"/subscriptions/{self.subscription()}/numbers", body)

    def do_release(self) -> Any:
        subscription = self.subscription()
        for e164 in self.numbers(subscription):
            return self.call("DELETE", f"/subscriptions/{subscription}/numbers/{e164}")
        return None

    def do_restore(self) -> Any:
        subscription = self.subscription()
        for e164 in self.numbers(subscription, "quarantined"):
            return self.call("POST", f"/subscriptions/{subscription}/numbers/{e164}/restore")
        return None

    def do_restock(self) -> Any:
        for e164 in self.numbers(self.subscription(), "quarantined"):
            return self.call("POST", f"/numbers/{e164}/restock", {"reason": "needed"})
        return None

    def do_change_many(self) -> Any:
        subscription = self.subscription()
        action = self.chance.choice(("release", "unlink"))
        body: dict[str, Any] = {"action": action, "numbers": self.numbers(subscription)}
        if action == "release":
            body["unlink"] = self.chance.random() < 0.7
        return self.call("POST", f"/subscriptions/{subscription}/numbers/batch", body)

    def do_move(self) -> Any:
        source, target = self.chance.sample(self.subscriptions[-2:], 2)
        body = {"to_subscription_id": target, "numbers": self.numbers(source), "unlink": True}
        return self.call("POST", f"/subscriptions/{source}/numbers/move", body)

    def do_time_passes(self) -> Any:
        """Reservations and quarantines end."""
        for status in ("quarantined", "reserved"):
            run_out(*self.numbers(self.subscription(), status))
        return sweep_numbers() or None

    # -- ports

    def do_port_in(self) -> Any:
        body = {"numbers": block(2), "sku": "fr-geographic"}
        return self.call("POST", f"/subscriptions/{self.subscription()}/numbers/port-in", body)

    def do_port_out(self) -> Any:
        subscription = self.subscription()
        for e164 in self.numbers(subscription, "assigned"):
            path = f"/subscriptions/{subscription}/numbers/{e164}/port-out"
            return self.call("POST", path)
        return None

    def do_port_back(self) -> Any:
        gone = self.one("/numbers?status=ported_out")
        path = f"/subscriptions/{self.subscription()}/numbers/port-in"
        return gone and self.call("POST", path, {"numbers": [gone["e164"]]})

    def do_ports_on_a_date(self) -> Any:
        subscription = self.subscription()
        path = f"/subscriptions/{subscription}/numbers"
        body = {"numbers": block(1), "sku": "fr-geographic", "effective_at": soon()}
        ports = [self.call("POST", f"{path}/port-in", body)]
        for e164 in self.numbers(subscription, "assigned")[:1]:
            ports.append(self.call("POST", f"{path}/{e164}/port-out", {"effective_at": soon()}))
        for port in filter(None, ports):
            if self.chance.random() < 0.3:
                self.call("POST", f"/port-requests/{port['id']}/reject", {"reason": "no"})
            elif self.chance.random() < 0.7:
                fall_due(port)
        return apply_due_ports() or None

    def do_port_request(self) -> Any:
        subscription = self.subscription()
        body = {"direction": "in", "numbers": block(2), "sku": "fr-geographic"}
        numbers = self.numbers(subscription, "assigned")
        if numbers and self.chance.random() < 0.5:
            body = {"direction": "out", "numbers": numbers}
        port = self.call("POST", f"/subscriptions/{subscription}/port-requests", body)
        return port and self.call("POST", f"/port-requests/{port['id']}/approve", {})

    # -- ranges

    def load_range(self) -> Any:
        body = {"sku": self.chance.choice(self.skus), "first": "", "last": ""}
        numbers = block(8)
        return self.call(
            "POST", "/number-ranges", {**body, "first": numbers[0], "last": numbers[-1]}
        )

    def do_load_range(self) -> Any:
        """Sometimes around a number that was ported in."""
        numbers = block(8)
        if self.chance.random() < 0.5:
            path = f"/subscriptions/{self.subscription()}/numbers/port-in"
            self.call("POST", path, {"numbers": [numbers[3]], "sku": "fr-geographic"})
        body = {"sku": self.skus[0], "first": numbers[0], "last": numbers[-1]}
        return self.call("POST", "/number-ranges", body)

    def do_change_range(self) -> Any:
        found = self.one("/number-ranges")
        first, last = (int(found[name][1:]) for name in ("first", "last")) if found else (0, 0)
        changes = [
            {"sku": self.chance.choice(self.skus)},
            {"last": f"+{last - 1}"},
            {"first": f"+{first + 1}"},
        ]
        path = f"/number-ranges/{found['id']}" if found else ""
        return found and self.call("PATCH", path, self.chance.choice(changes))

    def do_delete_range(self) -> Any:
        found = self.one("/number-ranges")
        return found and self.call("DELETE", f"/number-ranges/{found['id']}")

    # -- trunks

    def do_add_trunk(self) -> Any:
        body = {"name": f"Trunk {self.chance.random()}", "country": "FR"}
        return self.call("POST", f"/subscriptions/{self.subscription()}/trunks", body)

    def do_change_trunk(self) -> Any:
        trunk = self.one(f"/subscriptions/{self.subscription()}/trunks")
        body = {"channel_cap": self.chance.choice((None, 1, 2))}
        return trunk and self.call("PATCH", _path(trunk, "trunks"), body)

    def do_delete_trunk(self) -> Any:
        trunk = self.one(f"/subscriptions/{self.subscription()}/trunks")
        return trunk and self.call("DELETE", _path(trunk, "trunks"))

    def do_route(self) -> Any:
        subscription = self.subscription()
        trunk = self.one(f"/subscriptions/{subscription}/trunks")
        for e164 in self.numbers(subscription, "assigned") if trunk else ():
            return self.call("PUT", f"{_path(trunk, 'trunks')}/numbers/{e164}")
        return None

    def do_unroute(self) -> Any:
        trunk = self.one(f"/subscriptions/{self.subscription()}/trunks")
        routed = trunk and self.one(f"{_path(trunk, 'trunks')}/numbers")
        path = f"{_path(trunk, 'trunks')}/numbers/{routed['e164']}" if routed else ""
        return routed and self.call("DELETE", path)

    # -- subscriptions

    def do_new_subscription(self) -> Any:
        body = {"tenant_id": str(self.world.tenant.id), "name": "Another"}
        made = self.call("POST", "/subscriptions", body)
        self.subscriptions.append(made["id"])
        for product in self.products:
            self.order(made["id"], product, 2)
        return made

    def do_rename(self) -> Any:
        body = {"name": f"Name {self.chance.random()}"}
        return self.call("PATCH", f"/subscriptions/{self.subscription()}", body)

    def do_move_subscription(self) -> Any:
        body = {"tenant_id": self.chance.choice(self.tenants)}
        return self.call("POST", f"/subscriptions/{self.subscription()}/move", body)

    def do_move_tenant(self) -> Any:
        parents = (self.world.group, self.world.distributor, self.world.reseller)
        body = {"parent_id": str(self.chance.choice(parents).id)}
        return self.call("POST", f"/organizations/{self.chance.choice(self.tenants)}/move", body)

    def do_suspend_and_resume(self) -> Any:
        path = f"/subscriptions/{self.subscription()}"
        self.call("POST", f"{path}/suspend", {"reason": "customer"})
        return self.call("POST", f"{path}/resume") if self.chance.random() < 0.8 else {}

    def do_terminate(self) -> Any:
        return self.call("POST", f"/subscriptions/{self.subscriptions[0]}/terminate")

    def do_restore_subscription(self) -> Any:
        restored = self.call("POST", f"/subscriptions/{self.subscriptions[0]}/restore")
        if restored:  # among the newest now, and used
            self.subscriptions.append(self.subscriptions.pop(0))
        return restored


def _path(found: Any, noun: str = "users") -> str:
    return f"/subscriptions/{found['subscription_id']}/{noun}/{found['id']}"
