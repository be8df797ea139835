"""Calls by sipp: an exchange that calls, a carrier that answers."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.server import wait_for
from tests.sip.proxy import CARRIER, EXCHANGE, PROXY, Proxy, free_udp_port

SCENARIOS = Path(__file__).parent / "scenarios"
LINE = re.compile(r"^(\w+)(.*) at (\d+)$", re.MULTILINE)
NUMBER = "+32255501"


@dataclass
class Calls:
    """Calls that were offered together. What came of them is known while they last."""

    process: "subprocess.Popen[bytes]"
    folder: Path

    def _lines(self) -> list[tuple[str, str, int]]:
        file = self.folder / "calls"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return [(word, why.strip(), int(at)) for word, why, at in LINE.findall(text)]

    def outcomes(self) -> list[str]:
        """`up`, or the status of the refusal, of those that have one."""
        return [word for word, _, _ in self._lines() if word != "over"]

    def reasons(self) -> set[tuple[str, str]]:
        """The status and the Reason (503: the Retry-After) of the refusals."""
        return {(word, why) for word, why, _ in self._lines() if word not in ("up", "over")}

    def up_at_once(self) -> int:
        """How many were up before the first of them was over."""
        lines = self._lines()
        first_over = min((at for word, _, at in lines if word == "over"), default=None)
        return sum(
            word == "up" and (first_over is None or at <= first_over) for word, _, at in lines
        )

    def settle(self, count: int, patience: float = 15.0) -> "Calls":
        """Return when `count` calls have an outcome."""
        wait_for(lambda: len(self.outcomes()) >= count, f"{count} outcomes", patience)
        return self

    def finish(self, patience: float = 30.0) -> "Calls":
        """Wait until all calls are over; AssertionError when one went another way than it may."""
        code = self.process.wait(patience)
        errors = "".join(file.read_text() for file in self.folder.glob("errors*"))
        assert code == 0, f"sipp: {code}\n{errors}"
        return self

    def abandon(self) -> None:
        """An exchange that is gone at once, without a BYE."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@contextmanager
def offer(
    proxy: Proxy,
    count: int,
    *,
    hold: float = 1.0,
    callee: str = NUMBER,
    scenario: str = "caller",
    call_id: str = "%u-%p@%s",
    caller: str = "+3225550200",
    inbound: bool = False,
) -> Iterator[Calls]:
    """Offer `count` calls at once; each that is answered is held for `hold` seconds."""
    folder = proxy.folder / f"calls-{len(list(proxy.folder.glob('calls-*')))}"
    folder.mkdir()
    here = CARRIER if inbound else EXCHANGE
    process = _sipp(
        folder,
        scenario,
        *("-i", here, "-p", str(free_udp_port(here)), f"{PROXY}:{proxy.port}"),
        *("-s", callee, "-key", "caller", caller, "-cid_str", call_id),
        *("-m", str(count), "-l", str(count), "-r", str(count), "-rp", "10"),
        *("-d", str(round(hold * 1000)), "-trace_logs", "-log_file", str(folder / "calls")),
    )
    calls = Calls(process, folder)
    try:
        yield calls
    finally:
        calls.abandon()


@contextmanager
def answering(proxy: Proxy) -> Iterator[None]:
    """The carrier, and the trunk's exchange for inbound calls."""
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
            process.wait()


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
