"""No test waits without a bound: a run that hangs tells nothing, and never ends."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent

BLOCKING = {"wait", "join", "communicate", "result", "acquire"}
"""Methods that wait for ever when they are called without an argument."""

FINITE = {
    "contract/compatible.py": "follows references, which end at a schema",
    "contract/test_exports.py": "follows references, which end at a schema",
    "events/test_feed_filters.py": "a thread that ends when it is stopped",
    "faults/network.py": "threads that end with the connections they serve",
    "lifecycle/moving.py": "reads a feed to its end",
    "operations/test_away.py": "each request has a time-out",
    "test_wording.py": "takes something away in each round",
    "upgrade/callers.py": "a thread that ends when it is stopped, or by a failed request",
    "contract/test_wire.py": "the socket has a time-out",
    "portal/test_outbox.py": "a thread that ends with the process",
    "portal/walking.py": "visits each address once",
    "sip/gate.py": "a thread that ends with the process",
    "test_tidy.py": "takes something away in each round",
    "test_tidy_sql.py": "descends to the root of an expression",
}
"""Files with a loop that ends by itself."""


def unbounded(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, what waits) of everything that could wait for ever."""
    for node in ast.walk(tree):
        if isinstance(node, ast.While) and "monotonic" not in ast.unparse(node):
            yield node.lineno, "while without a deadline"
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method, given = node.func.attr, bool(node.args or node.keywords)
        if method in BLOCKING and not given:
            yield node.lineno, f"{method}() without a time-out"
        if ast.unparse(node.func) in ("subprocess.run", "subprocess.check_output") and not any(
            keyword.arg == "timeout" for keyword in node.keywords
        ):
            yield node.lineno, "a program without a time-out"


def readers(tree: ast.Module) -> Iterator[int]:
    """The lines that read from a process outside of `killed_after`."""
    inside = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and "killed_after" in ast.unparse(node.items[0])
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or node.lineno in inside:
            continue
        if ast.unparse(node.func).endswith((".stdout.read", ".stdout.readline")):
            yield node.lineno


def test_no_test_waits_for_ever() -> None:
    found = []
    for file in sorted(TESTS.rglob("*.py")):
        name = str(file.relative_to(TESTS))
        tree = ast.parse(file.read_text(encoding="utf-8"))
        found += [f"{name}:{line} reads a process's output" for line in readers(tree)]
        for line, what in unbounded(tree):
            if not (name in FINITE and what.startswith("while")):
                found.append(f"{name}:{line} {what}")
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "while True: pass",
        "while not done(): pass",
        "process.wait()",
        "thread.join()",
        "future.result()",
        "process.communicate()",
        "subprocess.run(['x'])",
    ],
)
def test_unbounded_waits_are_found(text: str) -> None:
    assert list(unbounded(ast.parse(text)))


def test_reading_is_found() -> None:
    assert list(readers(ast.parse("process.stdout.readline()")))
    assert not list(readers(ast.parse("with killed_after(process):\n  process.stdout.read()")))
