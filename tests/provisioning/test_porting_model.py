"""Any sequence of moves, ports and lists of links, among all else that provisioning does: the
database does what the plain model says.
"""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from fusion.cli.verify import differences
from fusion.lifecycle.apply_due_ports import apply_due_ports
from tests.bounds import drain, sequences
from tests.concurrency.actors import rows
from tests.numbers.porting import fall_due, soon
from tests.provisioning.porting_model import PortingModel
from tests.provisioning.test_model import NAMES, Provisioning, logins, names, positions


class Porting(Provisioning):
    """The same provider; a number may have an approved port request."""

    model: PortingModel

    @initialize()
    def begin(self) -> None:
        """Everybody has a little of everything."""
        super().begin()

    def _model(self) -> PortingModel:
        return PortingModel(NAMES, self.numbers)

    def _planned(self) -> list[str]:
        return [e164 for e164, number in self.model.numbers.items() if number.port]

    @rule(name=names, data=st.data(), dated=st.booleans())
    def port_out(self, name: str, data: st.DataObject, dated: bool) -> None:
        """A number goes to another operator, at once or on a date."""
        e164 = self._pick(data, name, "assigned", "quarantined")
        body = {"effective_at": soon()} if dated else None
        answered = self._call("POST", f"{self.paths[name]}/numbers/{e164}/port-out", body)
        if not dated:
            self._agree(answered, self.model.port_out(name, e164))
            return
        self._agree(answered, self.model.plan_out(name, e164))
        if not isinstance(answered, str):
            self.model.numbers[e164].port = answered["id"]

    @rule(name=names, data=st.data(), dated=st.booleans())
    def port_in(self, name: str, data: st.DataObject, dated: bool) -> None:
        """A number returns, at once or on a date."""
        left = [e for e, number in self.model.numbers.items() if number.status == "ported_out"]
        e164 = data.draw(st.sampled_from(left or self.numbers))
        body = {"numbers": [e164], **({"effective_at": soon()} if dated else {})}
        answered = self._call("POST", f"{self.paths[name]}/numbers/port-in", body)
        if not dated:
            self._agree(answered, self.model.port_in(name, e164))
            return
        self._agree(answered, self.model.plan_in(name, e164))
        if not isinstance(answered, str):
            self.model.numbers[e164].port = answered["id"]

    @precondition(lambda self: self._planned())
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        """A pending port is cancelled."""
        e164 = data.draw(st.sampled_from(self._planned()))
        port = self.model.numbers[e164].port
        self._agree(self._call("POST", f"/port-requests/{port}/reject", {"reason": "No."}), None)
        self.model.cancel(e164)

    @precondition(lambda self: self._planned())
    @rule(data=st.data(), more=st.booleans())
    def ports_fall_due(self, data: st.DataObject, more: bool) -> None:
        """The date of one pending port passes, or those of all."""
        planned = self._planned()
        due = planned if more else [data.draw(st.sampled_from(planned))]
        fall_due(*({"id": self.model.numbers[e164].port} for e164 in due))
        drain(apply_due_ports)
        for e164 in due:
            self.model.fall_due(e164)

    @rule(name=names, data=st.data(), unlink=st.booleans())
    def move(self, name: str, data: st.DataObject, unlink: bool) -> None:
        """A number goes to the other subscription."""
        target = next(each for each in NAMES if each != name)
        e164 = self._pick(data, name, "assigned", "reserved")
        body = {
            "to_subscription_id": self.paths[target].rpartition("/")[2],
            "numbers": [e164],
            "unlink": unlink,
        }
        answered = self._call("POST", f"{self.paths[name]}/numbers/move", body)
        self._agree(answered, self.model.move(name, target, e164, unlink))

    @rule(name=names, data=st.data())
    def restock(self, name: str, data: st.DataObject) -> None:
        """The group ends a quarantine."""
        e164 = self._pick(data, name, "quarantined")
        answered = self._call("POST", f"/numbers/{e164}/restock", {"reason": "Mistake."})
        self._agree(answered, self.model.restock(e164))

    @rule(
        name=names,
        query=st.lists(
            st.tuples(logins, positions),
            min_size=1,
            max_size=3,
            unique_by=(lambda row: row[0], lambda row: row[1]),
        ),
    )
    def link_list(self, name: str, query: list[tuple[str, int]]) -> None:
        """Each row as a single link after those before it; but numbers are exchanged."""
        chosen = [(login, self.numbers[at]) for login, at in query]
        links = [{"number": e164, "login": login} for login, e164 in chosen]
        body = {"action": "link", "links": links}
        answered: Any = self._call("POST", f"{self.paths[name]}/numbers/batch", body)
        expected = self.model.link_rows(name, chosen)
        if isinstance(answered, str):
            assert answered == expected
            return
        found = [
            each["problem"]["code"] if "problem" in each else None for each in answered["results"]
        ]
        assert found == expected

    @invariant()
    def ports_agree(self) -> None:
        """Each number names the request that the model knows."""
        found = rows(
            "SELECT e164, port_id::text FROM numbers_number WHERE e164 = ANY (%s) ORDER BY e164",
            [self.numbers],
        )
        assert found == [(e164, self.model.numbers[e164].port) for e164 in self.numbers]


def test_ports_and_moves_match_the_model() -> None:
    run_state_machine_as_test(Porting, settings=sequences(15, 50))
    assert differences() == []
