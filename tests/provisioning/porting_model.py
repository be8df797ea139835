"""The rules of ports, moves and restocking in plain Python, on top of the model of provisioning."""

from tests.provisioning.model import NUMBER, Model, Number


class PortingModel(Model):
    """All numbers are of the provider's ranges: ported out, they stay known and may return."""

    def port_out(self, name: str, e164: str) -> str | None:
        """At once: only an assigned number without link and without a pending port."""
        number = self.numbers[e164]
        if number.owner != name or number.status != "assigned":
            return "number-not-assigned"
        if number.user or number.routed:
            return "number-in-use"
        if number.port:
            return "conflict"
        self._leave(number)
        return None

    def port_in(self, name: str, e164: str) -> str | None:
        """At once: the number returns."""
        number = self.numbers[e164]
        if closed := self.subscriptions[name].closed():
            return closed
        if number.status != "ported_out":
            return "number-not-available"
        if self.left(name, NUMBER) < 1:
            return "no-entitlement"
        number.status, number.owner = "assigned", name
        return None

    def plan_out(self, name: str, e164: str) -> str | None:
        """On a date: also with a link, and from quarantine."""
        number = self.numbers[e164]
        if refusal := self._not_planned(name, number):
            return refusal
        if number.owner != name or number.status not in ("assigned", "quarantined"):
            return "number-not-assigned"
        return None

    def plan_in(self, name: str, e164: str) -> str | None:
        """On a date: the entitlement is consumed at once."""
        number = self.numbers[e164]
        if refusal := self._not_planned(name, number):
            return refusal
        if number.status != "ported_out":
            return "number-not-available"
        if refusal := self.port_in(name, e164):
            return refusal
        number.status = "reserved"
        return None

    def _not_planned(self, name: str, number: Number) -> str | None:
        if self.subscriptions[name].status == "terminated":
            return "subscription-terminated"
        return "conflict" if number.port and number.owner == name else None

    def cancel(self, e164: str) -> None:
        """The pending port ends without effect."""
        number = self.numbers[e164]
        number.port = None
        if number.status == "reserved":
            number.status, number.owner = "ported_out", None

    def fall_due(self, e164: str) -> None:
        """The pending port happens; of a number that leaves, the links end."""
        number = self.numbers[e164]
        number.port = None
        if number.status == "reserved":
            number.status = "assigned"
            return
        self._end_links(number)
        self._leave(number)

    def move(self, name: str, target: str, e164: str, unlink: bool) -> str | None:
        """To another subscription, with its pending port."""
        number = self.numbers[e164]
        if closed := self.subscriptions[target].closed():
            return closed
        if number.owner != name or number.status not in ("reserved", "assigned"):
            return "number-not-assigned"
        if (number.user or number.routed) and not unlink:
            return "number-in-use"
        if self.left(target, NUMBER) < 1:
            return "no-entitlement"
        self._end_links(number)
        number.owner = target
        return None

    def restock(self, e164: str) -> str | None:
        """The quarantine ends now, unless the number is to be ported out."""
        number = self.numbers[e164]
        if number.status != "quarantined":
            return "number-not-available"
        if number.port:
            return "conflict"
        number.status, number.owner = "free", None
        return None

    def link_rows(self, name: str, rows: list[tuple[str, str]]) -> list[str | None] | str:
        """The code of the refusal of each row (login, number), or of the whole list."""
        if closed := self.subscriptions[name].closed():
            return closed
        known = [(login, e164) for login, e164 in rows if login in self.subscriptions[name].users]
        heirs = self._heirs(name, known)  # type: ignore[arg-type]
        return [
            self._link_row(name, login, e164, heirs) if (login, e164) in known else "not-found"
            for login, e164 in rows
        ]

    def _link_row(self, name: str, login: str, e164: str, heirs: dict[str, str]) -> str | None:
        number = self.numbers[e164]
        if number.owner != name or number.status != "assigned":
            return "number-not-assigned"
        return self._row(name, login, e164, heirs)

    def _leave(self, number: Number) -> None:
        number.status, number.owner = "ported_out", None

    def _end_links(self, number: Number) -> None:
        if number.user and number.owner:
            self.unlink(number.owner, number.user)
        number.routed = False
