"""A plugin of coverage.py: what runs in threads that Python did not start is measured, too.

Each request is answered in a thread of Granian's, which calls into Python and leaves it again. Such
a thread is told anew, by each call, what `threading.settrace` tells Python's own threads once.
"""

import functools
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "fusion.edge.gateway.gateway": ("Gateway.schedule",),
    "fusion.edge.gateway.bodies": ("Reading._got", "PieceReading._got", "Draining._got"),
}
"""Module → methods that Granian calls."""


def coverage_init(_registry: Any, _options: Mapping[str, Any]) -> None:
    """coverage.py calls this when a process begins to be measured."""
    sys.meta_path.insert(0, Finder())


class Finder(MetaPathFinder):
    """Finds the modules of `ENTRIES`, and has their methods measured."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, whose loader measures."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in ENTRIES else None
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = functools.partial(  # type: ignore[method-assign]
                _execute, spec.loader.exec_module
            )
        return spec


def _execute(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    execute(module)
    for entry in ENTRIES[module.__name__]:
        owner, _, name = entry.partition(".")
        kind = getattr(module, owner)
        setattr(kind, name, measured(kind.__dict__[name]))


def measured[**P, R](method: Callable[P, R]) -> Callable[P, R]:
    """The same, in a thread that is measured while it runs."""

    @functools.wraps(method)
    def run(*given: P.args, **named: P.kwargs) -> R:
        if sys.gettrace() is None:
            sys.settrace(threading.gettrace())
        return method(*given, **named)

    return run
