"""Running a command's work. Nothing heavy is imported before: `fusion --help` answers at once."""

from importlib import import_module
from typing import Any


def perform(work: str, **options: Any) -> int | None:
    """Run the module named `work` with the database ready: see `fusion.cli.database.perform`."""
    code: int | None = import_module("fusion.cli.database").perform(work, **options)
    return code
