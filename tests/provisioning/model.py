"""The rules of provisioning in plain Python: the model with which tests compare the database.

It has no locks, SQL or HTTP. Each operation returns the code of its refusal, or None. One SKU of
each metric; a product is one unit of one SKU.
"""

from collections import Counter
from dataclasses import dataclass, field

USER, NUMBER, CHANNEL = "user", "fr-geographic", "sip-channel"
SKUS = (USER, NUMBER, CHANNEL)


@dataclass
class Number:
    """A number of the inventory, in the order of the inventory."""

    status: str = "free"
    owner: str | None = None
    user: str | None = None
    routed: bool = False
    port: str | None = None
    """The approved port request that has it: to port in if it is reserved, else to port out."""


@dataclass
class Call:
    """A call id on a subscription's trunk: live, ended or expired."""

    state: str = "live"
    emergency: bool = False


@dataclass
class Subscription:
    """Granted quantities, users (login → number), and the calls on its only trunk."""

    status: str = "active"
    granted: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SKUS, 0))
    users: dict[str, str | None] = field(default_factory=dict)
    calls: dict[tuple[str, str], Call] = field(default_factory=dict)
    cap: int | None = None

    def live(self) -> int:
        """Calls that count."""
        return sum(call.state == "live" for call in self.calls.values())

    def closed(self) -> str | None:
        """The reason why it accepts nothing new."""
        return None if self.status == "active" else f"subscription-{self.status}"


class Model:
    """Some subscriptions of one provider, and one inventory."""

    def __init__(self, subscriptions: tuple[str, ...], numbers: list[str]) -> None:
        self.subscriptions = {name: Subscription() for name in subscriptions}
        self.numbers = {e164: Number() for e164 in sorted(numbers)}

    # -- what is there

    def used(self, name: str, sku: str) -> int:
        """Units of a SKU that the subscription uses."""
        subscription = self.subscriptions[name]
        if sku == CHANNEL:
            return subscription.live()
        if sku == USER:
            return sum(number is not None for number in subscription.users.values())
        return sum(
            number.owner == name and number.status in ("reserved", "assigned")
            for number in self.numbers.values()
        )

    def left(self, name: str, sku: str) -> int:
        """Available units."""
        return self.subscriptions[name].granted[sku] - self.used(name, sku)

    # -- orders

    def add(self, name: str, sku: str, quantity: int) -> str | None:
        """Order more; also on a suspended subscription."""
        subscription = self.subscriptions[name]
        if subscription.status == "terminated":
            return "subscription-terminated"
        subscription.granted[sku] += quantity
        return None

    def remove(self, name: str, sku: str, quantity: int) -> str | None:
        """Order less, never below use; live calls may exceed the channels."""
        subscription = self.subscriptions[name]
        if subscription.status == "terminated":
            return "subscription-terminated"
        if subscription.granted[sku] < quantity:
            return "not-held"
        if sku != CHANNEL and self.left(name, sku) < quantity:
            return "below-use"
        subscription.granted[sku] -= quantity
        return None

    # -- numbers

    def take(self, name: str, wanted: list[str], status: str) -> str | None:
        """Assign or reserve the named numbers: all or none; a reserved one has already consumed
        its unit."""
        if closed := self.subscriptions[name].closed():
            return closed
        found = [self.numbers[e164] for e164 in wanted]
        mine = [each for each in found if each.status == "reserved" and each.owner == name]
        mine = [each for each in mine if each.port is None]
        free = [each for each in found if each.status == "free"]
        if len(mine) + len(free) < len(found):
            return "number-not-available"
        if len(free) > self.left(name, NUMBER):
            return "no-entitlement"
        for each in found:
            each.status, each.owner = status, name
        return None

    def next_free(self, name: str, quantity: int) -> list[str] | str:
        """The first free numbers, or the code of the refusal."""
        if closed := self.subscriptions[name].closed():
            return closed
        if quantity > self.left(name, NUMBER):
            return "no-entitlement"
        free = [e164 for e164, each in self.numbers.items() if each.status == "free"][:quantity]
        if len(free) < quantity:
            return "no-free-number"
        assert self.take(name, free, "assigned") is None
        return free

    def release(self, name: str, e164: str) -> str | None:
        """Release a number; refused for a linked one."""
        number = self.numbers[e164]
        if number.owner != name or number.status not in ("reserved", "assigned"):
            return "number-not-assigned"
        if number.user or number.routed:
            return "number-in-use"
        if number.status == "reserved" and number.port:
            return "conflict"
        if number.status == "reserved":
            number.status, number.owner = "free", None
        else:
            number.status = "quarantined"
        return None

    def restore(self, name: str, e164: str) -> str | None:
        """Take it out of quarantine."""
        number = self.numbers[e164]
        if closed := self.subscriptions[name].closed():
            return closed
        if number.owner != name or number.status != "quarantined":
            return "number-not-available"
        if self.left(name, NUMBER) < 1:
            return "no-entitlement"
        number.status = "assigned"
        return None

    def run_out(self, e164: str) -> bool:
        """End its reservation or quarantine; returns whether it had one."""
        number = self.numbers[e164]
        if number.status not in ("reserved", "quarantined") or number.port:
            return False
        number.status, number.owner = "free", None
        return True

    # -- users

    def create(self, name: str, login: str) -> str | None:
        """A user without a number."""
        subscription = self.subscriptions[name]
        if subscription.status == "terminated":
            return "subscription-terminated"
        if login in subscription.users:
            return "conflict"
        subscription.users[login] = None
        return None

    def link(self, name: str, login: str, e164: str) -> str | None:
        """The first number consumes a licence; another one moves the link."""
        subscription, number = self.subscriptions[name], self.numbers[e164]
        former = subscription.users[login]
        if former == e164:
            return None
        if closed := subscription.closed():
            return closed
        if number.owner != name or number.status != "assigned":
            return "number-not-assigned"
        if number.user or number.routed:
            return "number-in-use"
        if former is None and self.left(name, USER) < 1:
            return "no-license"
        self.unlink(name, login)
        subscription.users[login], number.user = e164, login
        return None

    def batch(self, name: str, rows: list[tuple[str, str | None]]) -> list[str | None]:
        """The code of the refusal of each row; rows with different logins.

        Rows that share a number are refused.
        """
        named = Counter(e164 for _, e164 in rows if e164)
        outcomes: list[str | None] = ["invalid-fields"] * len(rows)
        places = [i for i, (_, e164) in enumerate(rows) if not e164 or named[e164] == 1]
        sound = [rows[i] for i in places]
        heirs = self._heirs(name, sound)
        for i in self._order(name, sound):
            outcomes[places[i]] = self._row(name, *sound[i], heirs)
        return outcomes

    def _order(self, name: str, rows: list[tuple[str, str | None]]) -> list[int]:
        """The rows as they take effect: each after the one whose user leaves its number."""
        holders = {e164: login for login, e164 in self.subscriptions[name].users.items() if e164}
        at = {login: i for i, (login, _) in enumerate(rows)}
        order: list[int] = []
        for start in range(len(rows)):
            path: list[int] = []
            i = start
            for _ in range(len(rows) + 1):
                if i in order:
                    break
                if i in path:  # a ring: as it stands
                    order += path[path.index(i) :]
                    path = path[: path.index(i)]
                    break
                path.append(i)
                e164 = rows[i][1]
                other = at.get(holders.get(e164 or "", ""), i)
                if other == i or rows[other][1] in {None, e164}:
                    break
                i = other
            order += reversed(path)
        return order

    def _heirs(self, name: str, rows: list[tuple[str, str | None]]) -> dict[str, str]:
        """Number → the user who gets it from one who gets another one in the same list."""
        users = self.subscriptions[name].users
        moves: dict[str, str] = {}
        for login, e164 in rows:
            number = self.numbers.get(e164 or "")
            if number is None or e164 is None or not users.get(login) or e164 in moves:
                continue
            is_ours = number.owner == name and number.status == "assigned"
            if is_ours and not number.routed and users[login] != e164:
                moves[e164] = login
        for _ in rows:  # each round may stop the next row of a chain
            for e164 in list(moves):
                if self.numbers[e164].user and self.numbers[e164].user not in moves.values():
                    del moves[e164]
        return {e164: login for e164, login in moves.items() if self.numbers[e164].user}

    def _row(self, name: str, login: str, e164: str | None, heirs: dict[str, str]) -> str | None:
        users = self.subscriptions[name].users
        former = users.get(login)
        if e164 is None or e164 == former:
            return None if login in users else self.create(name, login)
        number = self.numbers[e164]
        is_free = number.status == "free"
        reserved = number.status == "reserved" and number.owner == name
        takable = is_free or (reserved and number.port is None)
        if not takable and (number.owner != name or number.status != "assigned"):
            return "number-not-assigned"
        if number.routed or heirs.get(e164, number.user or login) != login:
            return "number-in-use"
        if is_free and self.left(name, NUMBER) < 1:
            return "no-entitlement"
        if former is None and self.left(name, USER) < 1:
            return "no-license"
        if former is not None and self.numbers[former].user == login:
            self.numbers[former].user = None
        number.status, number.owner, number.user = "assigned", name, login
        users[login] = e164
        heirs.pop(e164, None)
        return None

    def unlink(self, name: str, login: str) -> None:
        """Changes nothing without a link."""
        former = self.subscriptions[name].users[login]
        if former is not None:
            self.numbers[former].user = None
            self.subscriptions[name].users[login] = None

    def delete(self, name: str, login: str) -> None:
        """Unlink and delete the user."""
        self.unlink(name, login)
        del self.subscriptions[name].users[login]

    # -- trunks and calls

    def route(self, name: str, e164: str) -> str | None:
        """Route a number to the subscription's trunk."""
        number = self.numbers[e164]
        ours = number.owner == name and number.status == "assigned"
        if ours and number.routed:
            return None
        if closed := self.subscriptions[name].closed():
            return closed
        if not ours:
            return "number-not-assigned"
        if number.user:
            return "number-in-use"
        number.routed = True
        return None

    def admit(self, name: str, call: tuple[str, str], emergency: bool) -> str | None:
        """`admitted` or `renewed`, or the code of the refusal."""
        subscription = self.subscriptions[name]
        known = subscription.calls.get(call)
        if known is not None and known.state == "ended":
            return "call-ended"
        if known is not None and known.state == "live":
            return "renewed"
        if not emergency:
            if closed := subscription.closed():
                return closed
            limits = (subscription.granted[CHANNEL], subscription.cap)
            if any(limit is not None and subscription.live() >= limit for limit in limits):
                return "no-free-channel"
        subscription.calls[call] = Call(emergency=emergency)
        return "admitted"

    def end(self, name: str, call: tuple[str, str]) -> None:
        """End a call, also before its admission."""
        self.subscriptions[name].calls.setdefault(call, Call()).state = "ended"

    def lapse(self, name: str) -> None:
        """The leases of all its live calls expire."""
        for call in self.subscriptions[name].calls.values():
            if call.state == "live":
                call.state = "lapsed"

    # -- states

    def terminate(self, name: str) -> None:
        """End links, release numbers, revoke everything; live calls expire by themselves."""
        subscription = self.subscriptions[name]
        if subscription.status == "terminated":
            return
        for number in self.numbers.values():
            if number.owner == name:
                number.user, number.routed = None, False
                if number.status == "assigned":
                    number.status = "quarantined"
                elif number.status == "reserved" and number.port:
                    number.status, number.owner, number.port = "ported_out", None, None
                elif number.status == "reserved":
                    number.status, number.owner = "free", None
        subscription.users = dict.fromkeys(subscription.users)
        subscription.granted = dict.fromkeys(SKUS, 0)
        subscription.status = "terminated"
