"""The same requests from wrk, a load generator in C: its own cost hides less of the server's."""

import re
import subprocess
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from bench import pgbench, requests
from bench.compare import CONNECTIONS, WARM_UP
from bench.load import drive
from bench.stage import Stage

SCRIPT = r"""
local sent, last = {}, 0
function init(arguments)
  local all = io.open(arguments[1], "rb"):read("*a")
  for each in all:gmatch("[^%z]+") do sent[#sent + 1] = each end
end
function request()
  last = last % #sent + 1
  return sent[last]
end
"""


def measure_wrk(stage: Stage, seconds: float, rounds: int) -> dict[str, Any]:
    """Requests per second of both generators and of pgbench, alternately."""
    works = {
        "place_order": (requests.place(stage), pgbench.place_order(stage)),
        "read_balances": (requests.balances(stage), pgbench.read_balances(stage)),
    }
    return {
        f"wrk_{name}": _measure(stage, sent, script, seconds, rounds)
        for name, (sent, script) in works.items()
    }


def _measure(
    stage: Stage, sent: list[bytes], script: str, seconds: float, rounds: int
) -> dict[str, Any]:
    rates: list[tuple[float, float, float]] = []
    drive(stage.port, sent, connections=CONNECTIONS, seconds=WARM_UP)
    for _ in range(rounds):
        ours = drive(stage.port, sent, connections=CONNECTIONS, seconds=seconds).per_second
        theirs = per_second(stage, sent, seconds)
        direct = pgbench.per_second(stage, script, connections=CONNECTIONS, seconds=seconds)
        rates.append((ours, theirs, direct))
    return {
        "drive_per_s": round(median(ours for ours, _, _ in rates), 1),
        "wrk_per_s": round(median(theirs for _, theirs, _ in rates), 1),
        "ratio": round(median(theirs / direct for _, theirs, direct in rates), 3),
        "runs": rounds,
    }


def per_second(stage: Stage, sent: list[bytes], seconds: float) -> float:
    """Requests per second of wrk; SystemExit if one was not answered by a success."""
    with tempfile.TemporaryDirectory() as folder:
        script, file = Path(folder, "requests.lua"), Path(folder, "requests")
        script.write_text(SCRIPT)
        file.write_bytes(b"\0".join(sent))
        done = subprocess.run(
            [
                "wrk",
                "--threads=1",
                f"--connections={CONNECTIONS}",
                f"--duration={max(1, round(seconds))}s",
                f"--script={script}",
                f"http://127.0.0.1:{stage.port}",
                "--",
                str(file),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    found = re.search(r"^Requests/sec: +([0-9.]+)", done.stdout, re.MULTILINE)
    if done.returncode or not found or re.search("Non-2xx|Socket errors", done.stdout):
        raise SystemExit(f"bench: wrk failed: {(done.stderr or done.stdout).strip()[:500]}")
    return float(found[1])
