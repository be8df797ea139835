"""Calls by sipp: a customer's telephone system that calls, a carrier that answers."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bounds import PATIENCE
from tests.server import wait_for
from tests.sip.proxy import CARRIER, EXCHANGE, PROXY, Proxy, free_udp_port

SCENARIOS = Path(__file__).parent / "scenarios"
LINE = re.compile(r"^(\w+)(.*) at (\d+) of (\d+)$", re.MULTILINE)
NUMBER = "+32255501"
"""The callee that answers. With the suffix 180 it rings for ever, with 407 it challenges first,
with 486 it is busy."""

LATER = ("over", "ended")
"""The events of a call after its outcome."""


@dataclass(frozen=True)
class Line:
    """One line of a scenario: the event, the Reason, the time (ms), the call."""

    word: str
    why: str
    at: int
    call: int


@dataclass
class Calls:
    """Calls that were offered together. Their outcomes are known while they last."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    address: tuple[str, int]
    call_id: str
    _result: set[int] = field(default_factory=set)

    def lines(self) -> list[Line]:
        """Their lines so far, in sequence."""
        file = self.folder / "calls"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return [Line(w, why.strip(), int(at), int(n)) for w, why, at, n in LINE.findall(text)]

    def count(self, word: str) -> int:
        """The number of lines with that word."""
        return sum(line.word == word for line in self.lines())

    def outcomes(self) -> list[str]:
        """`up`, or the status of the refusal, of the calls with an outcome; sorted."""
        return sorted(x.word for x in self.lines() if x.word not in ("trying", *LATER))

    def reasons(self) -> set[tuple[str, str]]:
        """The status and the Reason (503: the Retry-After) of the refusals."""
        return {(x.word, x.why) for x in self.lines() if x.word[0] in "3456"}

    def up_at_once(self) -> int:
        """The number of calls up before the first of them ended."""
        lines = self.lines()
        first = min((line.at for line in lines if line.word in LATER), default=None)
        return sum(x.word == "up" and (first is None or x.at <= first) for x in lines)

    def settle(self, count: int, patience: float = 20.0) -> "Calls":
        """Return when `count` calls have an outcome."""
        wait_for(lambda: len(self.outcomes()) >= count, f"{count} outcomes", patience)
        return self

    def reach(self, word: str, count: int, patience: float = 20.0) -> "Calls":
        """Return when so many calls have a line with that word."""
        wait_for(lambda: self.count(word) >= count, f"{count} times {word}", patience)
        return self

    def hang_up(self) -> "Calls":
        """End the calls that are up or, in the scenario `cancel`, being set up."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            for line in self.lines():
                if line.word in ("up", "trying") and line.call not in self._result:
                    self._result.add(line.call)
                    asking.sendto(self._order(line.call), self.address)
        return self

    def _order(self, call: int) -> bytes:
        """A MESSAGE that sipp assigns to that call, by its Call-ID."""
        values = {"%u": str(call), "%p": str(self.process.pid), "%s": self.address[0]}
        call_id = re.sub("%[ups]", lambda found: values[found[0]], self.call_id)
        return (
            f"MESSAGE sip:caller SIP/2.0\r\nVia: SIP/2.0/UDP {PROXY};branch=z9hG4bK{call}\r\n"
            f"From: <sip:test>;tag=1\r\nTo: <sip:caller>\r\nCall-ID: {call_id}\r\n"
            "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        ).encode()

    def finish(self, patience: float = 30.0) -> "Calls":
        """Hang up and wait until all calls have ended; AssertionError for an unexpected outcome."""
        code = self.hang_up().process.wait(patience)
        errors = "".join(file.read_text() for file in self.folder.glob("errors*"))
        assert code == 0, f"sipp: {code}\n{errors}"
        return self

    def abandon(self) -> None:
        """Kill the telephone system, without a BYE."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def offer(
    proxy: Proxy,
    count: int,
    *,
    callee: str = NUMBER,
    scenario: str = "caller",
    call_id: str = "%u-%p@%s",
    inbound: bool = False,
) -> Iterator[Calls]:
    """Offer `count` concurrent calls, which last until they are hung up."""
    folder = proxy.folder / f"calls-{len(list(proxy.folder.glob('calls-*')))}"
    folder.mkdir()
    here = CARRIER if inbound else EXCHANGE
    port = free_udp_port(here)
    process = _sipp(
        folder,
        scenario,
        *("-i", here, "-p", str(port), f"{PROXY}:{proxy.port}"),
        *("-s", callee, "-key", "caller", "+3225550200", "-cid_str", call_id),
        *("-m", str(count), "-l", str(count), "-r", str(count), "-rp", "10"),
        *("-trace_logs", "-log_file", str(folder / "calls")),
    )
    calls = Calls(process, folder, (here, port), call_id)
    try:
        yield calls
    finally:
        calls.abandon()


@contextmanager
def answering(proxy: Proxy) -> Iterator[None]:
    """The carrier, and the trunk's telephone system for inbound calls."""
    processes = []
    for name, address, port in (
        ("carrier", CARRIER, proxy.carrier_port),
        ("exchange", EXCHANGE, proxy.exchange_port),
    ):
        folder = proxy.folder / name
        folder.mkdir()
        processes.append(_sipp(folder, "callee", "-i", address, "-p", str(port)))
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait(PATIENCE)


def _sipp(folder: Path, scenario: str, *arguments: str) -> "subprocess.Popen[bytes]":
    with open(folder / "screen", "wb") as output:
        return subprocess.Popen(
            [
                *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), *arguments),
                *("-nostdin", "-aa", "-trace_err", "-error_file", str(folder / "errors")),
                *("-recv_timeout", "60000", "-default_behaviors", "all,-abortunexp"),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
