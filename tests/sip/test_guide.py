"""The examples of the voice engineer's guide do what stands beside them."""

import os
import re
import subprocess
from pathlib import Path

from fusion.embedded import find_bindir
from tests.bounds import PATIENCE
from tests.sip.customer import Customer
from tests.sip.site import Login

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "voice-engineers-guide.md"
PROMISE = re.compile(r"^(?:put|end) .*# (\S+)", re.MULTILINE)


def run_example(way: str, environment: dict[str, str]) -> tuple[list[str], list[str]]:
    """What stands beside the commands of that example, and what they answered."""
    _, _, rest = GUIDE.read_text(encoding="utf-8").partition(f"<!-- by {way}: begin")
    script = rest.partition("```sh\n")[2].partition("```")[0]
    paths = f"{os.environ['PATH']}:{find_bindir()}"
    done = subprocess.run(
        ["sh", "-eu"],
        input=script,
        env={**os.environ, "PATH": paths, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return PROMISE.findall(script), done.stdout.splitlines()


def test_by_http(served: str) -> None:
    customer = Customer()
    customer.order_channels(1)
    client_id, client_secret = customer.client()
    promised, answered = run_example(
        "HTTP",
        {
            "FUSION": served,
            "CLIENT_ID": client_id,
            "CLIENT_SECRET": client_secret,
            "TRUNK": customer.trunk_id,
        },
    )
    assert [line.split()[-1] for line in answered] == promised
    assert len(promised) == 9
    assert '"code":"no-free-channel"' in answered[2]
    (emergency,) = customer.live_calls()
    assert (emergency["call_id"], emergency["emergency"]) == ("99a1b2c3@192.0.2.10", True)


def test_by_sql(login: Login) -> None:
    customer = Customer()
    customer.order_channels(1)
    promised, answered = run_example(
        "SQL", {"DATABASE": login.conninfo(), "TRUNK": customer.trunk_id}
    )
    assert answered == promised
    assert len(promised) == 7
