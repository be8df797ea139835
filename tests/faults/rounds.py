"""The faults of a pair, and their effects on its clients."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise

import psycopg

from tests.bounds import PATIENCE
from tests.faults.counting import count
from tests.faults.pair import DATABASES, Pair
from tests.faults.processes import kill_all
from tests.faults.traffic import Pulse, Traffic
from tests.server import fusion, wait_for
from tests.world import World

SETTLED = 5
"""Requests of each kind before the fault, and after it."""

LEASE = 20
"""Seconds: `ttl` of patroni.yml."""

Mend = Callable[[], None]


def kill_primary(pair: Pair) -> Mend:
    """`kill -9` of all processes of PostgreSQL. Patroni restarts it as a standby by itself."""
    postmaster = pair.primary().postmaster
    assert postmaster
    kill_all(postmaster)
    return lambda: None


def switch_over(pair: Pair) -> Mend:
    """A planned switchover, as for an upgrade of the machine."""
    pair.control("switchover", "--candidate", pair.other(pair.primary()).name, "--force", "fusion")
    return lambda: None


def lose_standby(pair: Pair) -> Mend:
    """The standby's machine loses its power, until it is started again."""
    standby = pair.other(pair.primary())
    standby.kill()
    return standby.start


def freeze_standby(pair: Pair) -> Mend:
    """The standby's machine freezes, and continues later."""
    standby = pair.other(pair.primary())
    standby.signal_all(signal.SIGSTOP)
    time.sleep(1)
    return lambda: standby.signal_all(signal.SIGCONT)


def freeze_primary(pair: Pair) -> Mend:
    """The primary's machine freezes: it accepts connections and answers nothing.

    It continues later at the point where it stopped.
    """
    primary = pair.primary()
    primary.signal_all(signal.SIGSTOP)
    return lambda: primary.signal_all(signal.SIGCONT)


def lose_primary(pair: Pair) -> Mend:
    """The primary's machine loses its power, until it is started again."""
    primary = pair.primary()
    primary.kill()
    return primary.start


def lose_majority(pair: Pair) -> Mend:
    """Two of the three etcd are down, for longer than a lease."""
    standby = pair.other(pair.primary())
    for machine in (standby, pair.machines["witness"]):
        etcd = machine.processes["etcd"]
        etcd.kill()
        etcd.wait(PATIENCE)
    time.sleep(LEASE + 3)

    def mend() -> None:
        standby.start()
        pair.machines["witness"].start()

    return mend


FAULTS: dict[str, Callable[[Pair], Mend]] = {
    "kill -9 of the primary": kill_primary,
    "switchover": switch_over,
    "loss of the standby": lose_standby,
    "standby frozen, then back": freeze_standby,
    "loss of the primary": lose_primary,
    "primary frozen, then back": freeze_primary,
    "two of three etcd lost": lose_majority,
}


@dataclass(frozen=True)
class Row:
    """One round: the fault and its effects. Times in seconds."""

    fault: str
    acknowledged: int
    refused: int
    """Failed attempts; each was repeated until it succeeded."""
    lost: int
    doubled: int
    away: float
    """The time without writes: from the last write before the fault to the next one."""
    gap: float
    """The longest that a client waited for its answer."""
    healthz: float
    """The slowest answer of `/healthz`."""
    wrong: tuple[str, ...]
    """Violated expectations."""


class Watch:
    """Writes to both machines all the time, and records which of them accepted a write when."""

    def __init__(self, pair: Pair) -> None:
        self.moments: list[float] = []
        self._stop = threading.Event()
        for name in DATABASES:
            arguments = (pair.direct(pair.machines[name]),)
            threading.Thread(target=self._write, args=arguments, daemon=True).start()

    def away(self, since: float) -> float:
        """The longest time in seconds between two accepted writes, the second of them after
        `since`."""
        pairs = pairwise(sorted(self.moments))
        return max((later - earlier for earlier, later in pairs if later > since), default=0.0)

    def taken_after(self, instant: float) -> bool:
        """Whether a write was accepted after that."""
        return any(moment > instant for moment in self.moments)

    def end(self) -> None:
        """Stop writing."""
        self._stop.set()

    def _write(self, url: str) -> None:
        while not self._stop.wait(0.05):
            with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as direct:
                while not self._stop.wait(0.05):
                    direct.execute("SELECT pg_logical_emit_message(true, 'watch', '')")
                    self.moments.append(time.monotonic())


@contextmanager
def _watched(pair: Pair, urls: Sequence[str]) -> Iterator[tuple[Watch, Pulse]]:
    watch, pulse = Watch(pair), Pulse(urls)
    try:
        yield watch, pulse
    finally:
        watch.end()
        pulse.end()


def run_round(pair: Pair, fault: str, urls: Sequence[str], owner: str, within: float) -> Row:
    """One fault under load on the servers at `urls`; returns after the recovery."""
    _forget_connections()
    traffic = Traffic(World(), urls, numbers=2_000)
    with _watched(pair, urls) as (watch, pulse):
        _wait_for_more(traffic)
        begun = time.monotonic()
        mend = FAULTS[fault](pair)
        wait_for(lambda: watch.taken_after(time.monotonic() - 0.5), "a primary that takes writes")
        _wait_for_more(traffic)
        mend()
        pair.wait_until_whole()
        _wait_for_more(traffic)
        traffic.end()
        away = watch.away(begun)
    result = count(traffic, owner)
    outcomes = traffic.outcomes.values()
    gap, slowest = max(each.longest_gap(begun) for each in outcomes)
    wrong = [odd for each in outcomes for odd in each.odd[:3]] + pulse.failed[:3]
    wrong += [f"no client got an answer about {what}" for what in result.unknown[:3]]
    wrong += [f"lost: {what}" for what in result.lost[:3]]
    wrong += [f"doubled: {what}" for what in result.doubled[:3]]
    if gap > away + within:
        server = urls.index(slowest) + 1
        wrong.append(f"server {server} kept a client for {gap:.1f} s, the pair {away:.1f} s")
    if pulse.slowest > 1:
        wrong.append(f"/healthz took {pulse.slowest:.1f} s")
    books = fusion("verify", environment={"DATABASE_URL": owner})
    if books.returncode:
        wrong.append(f"fusion verify: {books.stdout}{books.stderr}")
    return Row(
        fault,
        acknowledged=sum(len(each.acknowledged) for each in outcomes),
        refused=sum(sum(each.refused.values()) for each in outcomes),
        lost=len(result.lost),
        doubled=len(result.doubled),
        away=away,
        gap=gap,
        healthz=pulse.slowest,
        wrong=tuple(wrong),
    )


def _wait_for_more(traffic: Traffic) -> None:
    before = traffic.served()

    def have_come() -> bool:
        now = traffic.served()
        return all(now[kind] >= before[kind] + SETTLED for kind in now) or traffic.is_broken()

    wait_for(have_come, f"more of everything than {before}", 2 * PATIENCE)


def _forget_connections() -> None:
    """Close this process's connections: they may lead to a former primary."""
    from django.db import connection  # noqa: PLC0415 - Django is set up by then

    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
