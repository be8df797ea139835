"""The operator's guide has the code's own time limits for an unavailable database."""

import re

from fusion.edge.gateway.gateway import HEALTH, QUESTIONS
from fusion.kernel.database import BULK, HOT
from fusion.kernel.environment import SETTINGS
from fusion.kernel.postgresql.outage import REASONS
from fusion.kernel.postgresql.parameters import DEFAULTS, MANY_HOSTS, SESSION
from fusion.kernel.postgresql.pulse import DEAD_AFTER, INTERVAL, PROBE_AFTER
from fusion.kernel.postgresql.race import AGAIN_AFTER, NEXT_AFTER
from tests.docs.pages import ROOT

GUIDE = (ROOT / "docs" / "operators-guide.md").read_text()
CHAPTER = GUIDE.split("\n## When the database is unavailable\n")[1].split("\n## ")[0]
TEXT = " ".join(CHAPTER.split())


def test_defaults() -> None:
    result = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", CHAPTER, re.M))
    ours = {**DEFAULTS, **MANY_HOSTS, **SESSION, "statement_timeout": f"{HOT}s"}
    del ours["dbname"]  # part of the URL
    assert result == ours


def test_times() -> None:
    assert (PROBE_AFTER, INTERVAL, DEAD_AFTER) == (0.5, 2, 4)
    for words in ("silent for half a second", "every two seconds", "none comes for four seconds"):
        assert words in TEXT
    assert (NEXT_AFTER, AGAIN_AFTER) == (1, 0.25)
    assert "silent for a second" in TEXT and "four times a second" in TEXT
    assert f"| requests | {HOT} s |" in TEXT
    assert f"| {BULK} s |" in TEXT and f"| {BULK} s for each portion" in TEXT
    wait = int(SETTINGS["FUSION_DATABASE_POOL_WAIT"].default)
    assert wait < 10 and "Every caller gets an answer within ten seconds" in TEXT
    assert f"gives up requests after {HOT + 1} seconds" in GUIDE


def test_reasons() -> None:
    row = next(line for line in CHAPTER.splitlines() if "with `reason`" in line)
    metric = next(line for line in GUIDE.splitlines() if "outages_total{reason}` |" in line)
    assert all(f"`{reason}`" in row for reason in REASONS)
    assert metric and HEALTH in GUIDE and all(path in GUIDE for path in QUESTIONS)
