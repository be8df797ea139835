"""Which epoch the feed is in: one for each life of a cluster, and never the same twice."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.bounds import PATIENCE
from tests.databases import MIGRATED, new_database, url_of
from tests.events.clusters import Spare, ask, dump, spare_cluster

EPOCH = "SELECT events_epoch()"


@pytest.fixture(scope="module")
def spare() -> Iterator[Spare]:
    with spare_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of a database of the tests' cluster, without data but in the same epoch."""
    ask(os.environ["DATABASE_URL"], EPOCH)
    with new_database(MIGRATED) as name:
        ask(url_of(name), EPOCH)
        return dump(url_of(name), tmp_path_factory.mktemp("dump") / "fusion.dump")


def _epoch(url: str) -> int:
    [(epoch,)] = ask(url, EPOCH)
    return int(epoch)


def test_the_same_cluster_keeps_its_epoch(spare: Spare, backup: Path) -> None:
    url = spare.restore(backup, "restarted")
    first = _epoch(url)
    assert first == _epoch(url)
    spare.restart()
    assert _epoch(url) == first
    spare.restart()
    # Many at once after a restart agree, too.
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(_epoch(url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == [first] * 8


def test_after_a_restart_no_session_waits_for_another(spare: Spare, backup: Path) -> None:
    url = spare.restore(backup, "unhurried")
    first = _epoch(url)
    spare.restart()
    with psycopg.connect(url) as slow:  # notes the restart, and takes its time
        assert slow.execute(EPOCH).fetchone() == (first,)
        with psycopg.connect(url, options="-c lock_timeout=1s") as other:
            assert other.execute(EPOCH).fetchone() == (first,)
        slow.rollback()
    assert _epoch(url) == first


def test_another_cluster_begins_a_new_epoch(spare: Spare, backup: Path) -> None:
    here = _epoch(os.environ["DATABASE_URL"])
    url = spare.restore(backup, "elsewhere")
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(_epoch(url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(set(seen)) == 1
    assert seen[0] > here
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM events_feedepoch").fetchone() == (2,)


def test_a_rolled_back_writer_leaves_the_new_epoch_to_the_next(spare: Spare, backup: Path) -> None:
    url = spare.restore(backup, "undecided")
    with psycopg.connect(url) as first:
        assert first.execute(EPOCH).fetchone()
        first.rollback()
    assert _epoch(url) > _epoch(os.environ["DATABASE_URL"])


def test_another_time_line_begins_a_new_epoch(spare: Spare, backup: Path) -> None:
    url = spare.restore(backup, "promoted")
    before = _epoch(url)
    spare.promote()
    after = _epoch(url)
    assert after > before
    spare.restart()
    assert _epoch(url) == after
