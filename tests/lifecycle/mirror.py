"""A copy of a provider's objects that another system keeps from the feed alone."""

from collections import Counter
from typing import Any

Document = dict[str, Any]

SHOWN = ("sku", "status", "origin", "subscription_id", "user_id", "trunk_id")
"""What the copy keeps of a number."""


MOVED = ("direction", "balances")
"""What only the events of moves have of a subscription."""


class Mirror:
    """Users, numbers, trunks, ranges, subscriptions and balances, as events describe them."""

    def __init__(self) -> None:
        self.users: dict[str, Document] = {}
        self.numbers: dict[str, Document] = {}
        self.trunks: dict[str, Document] = {}
        self.ranges: dict[str, Document] = {}
        self.subscriptions: dict[str, Document] = {}
        self.granted: Counter[tuple[str, str]] = Counter()

    def apply(self, event: Document) -> None:
        """Learn from an event; unknown objects and types are ignored."""
        noun, _, happened = event["type"].partition(".")
        learn = getattr(self, f"_{noun}", None)
        if learn is not None:
            learn(happened, event["data"])

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(subscription, SKU) → granted and used; of channels, which calls use, 0."""
        used = Counter(
            (number["subscription_id"], number["sku"])
            for number in self.numbers.values()
            if number["status"] in ("assigned", "reserved")
        )
        used.update(
            (user["subscription_id"], "user") for user in self.users.values() if user["number"]
        )
        return {key: (self.granted[key], used[key]) for key in {*self.granted, *used}}

    def _order(self, happened: str, order: Document) -> None:
        if happened == "completed":
            for change in order["changes"]:
                key = (order["subscription_id"], change["sku"])
                self.granted[key] += change["granted_delta"]

    def _subscription(self, happened: str, subscription: Document) -> None:
        if subscription.get("direction") == "left":
            return
        known = {key: value for key, value in subscription.items() if key not in MOVED}
        self.subscriptions[subscription["id"]] = known

    def _trunk(self, happened: str, trunk: Document) -> None:
        if happened == "deleted":
            del self.trunks[trunk["id"]]
        else:
            self.trunks[trunk["id"]] = trunk

    def _user(self, happened: str, user: Document) -> None:
        for number in self.numbers.values():
            if number["user_id"] == user["id"]:
                number["user_id"] = None
        if happened == "deleted":
            del self.users[user["id"]]
            return
        self.users[user["id"]] = user
        if user["number"]:
            self.numbers[user["number"]]["user_id"] = user["id"]

    def _number(self, happened: str, number: Document) -> None:
        became = number.get("became")
        if became == "removed":
            self.numbers.pop(number["e164"], None)
        elif became:
            here = {name: number[name] for name in SHOWN}
            gone = {"status": became, "subscription_id": None, "user_id": None, "trunk_id": None}
            self.numbers[number["e164"]] = {**here, **gone}
        elif number.get("direction") != "left":
            self.numbers[number["e164"]] = {name: number[name] for name in SHOWN}

    def _range(self, happened: str, range_: Document) -> None:
        before = self.ranges.pop(range_["id"], None)
        kept = set() if happened == "deleted" else _between(range_) - set(range_["skipped"])
        for e164 in _between(before) if before else ():
            if e164 not in kept and self.numbers.get(e164, {}).get("origin") == "inventory":
                del self.numbers[e164]
        if happened == "deleted":
            return
        self.ranges[range_["id"]] = {
            name: value for name, value in range_.items() if name != "skipped"
        }
        for e164 in kept:
            new = {"status": "free", "subscription_id": None, "user_id": None, "trunk_id": None}
            number = self.numbers.setdefault(e164, {**new, "origin": "inventory"})
            number["sku"] = range_["sku"]


def _between(range_: Document) -> set[str]:
    first, last = int(range_["first"][1:]), int(range_["last"][1:])
    return {f"+{number}" for number in range(first, last + 1)}
