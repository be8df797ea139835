"""A plugin of coverage.py that also measures threads that Python did not start.

Granian answers each request in its own thread, which enters Python for the call. This plugin sets
the trace function for each such call, as `threading.settrace` does for Python's threads.
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
    """coverage.py calls this when it begins to measure a process."""
    sys.meta_path.insert(0, Finder())


class Finder(MetaPathFinder):
    """Finds the modules of `ENTRIES`, and wraps their methods."""

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
    """The same method, measured in its thread."""

    @functools.wraps(method)
    def run(*given: P.args, **named: P.kwargs) -> R:
        if sys.gettrace() is None:
            sys.settrace(threading.gettrace())
        return method(*given, **named)

    return run
