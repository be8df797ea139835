"""The `.sql` files beside the verbs that call them, and the database functions they define."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

FORMER = "former.sql"
"""The name of files with functions that only the previous release calls; `migrate --finish` removes
them.
"""

_HEAD = re.compile(r"CREATE OR REPLACE FUNCTION\s+([\w.]+)\s*\(")
_COMMENT = re.compile(r"--[^\n]*")
_DEFAULT = re.compile(r"\s+(?:DEFAULT\b|=|:=).*", re.IGNORECASE | re.DOTALL)
_MODE = re.compile(r"(?:IN|INOUT|VARIADIC)\s+(?=\w+\s)", re.IGNORECASE)


@dataclass(frozen=True)
class SqlFile:
    """A file: its name within the package, its text, and the signatures of its functions."""

    name: str
    text: str
    routines: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def is_former(self) -> bool:
        """Whether only the previous release calls the functions of the file."""
        return self.name.endswith(f"/{FORMER}")


@cache
def sql_files() -> tuple[SqlFile, ...]:
    """Every `.sql` file of the package: types first, then the kernel's, which views use."""
    paths = sorted(
        ROOT.glob("*/*.sql"),
        key=lambda file: (file.name != "types.sql", file.parent.name != "kernel", file),
    )
    return tuple(_read(path) for path in paths)


@cache
def called_routines() -> tuple[str, ...]:
    """The signatures of all functions that this release itself calls."""
    return tuple(routine for file in sql_files() if not file.is_former for routine in file.routines)


def _read(path: Path) -> SqlFile:
    text = path.read_text(encoding="utf-8")
    return SqlFile(path.relative_to(ROOT).as_posix(), text, defined_routines(text))


def defined_routines(text: str) -> tuple[str, ...]:
    """The signatures of the functions that `text` creates, as `name(type, type)`.

    Every parameter has a name, as in all of our functions.
    """
    bare = _COMMENT.sub("", text)
    return tuple(
        f"{head[1]}({', '.join(_types(_in_brackets(bare, head.end())))})"
        for head in _HEAD.finditer(bare)
    )


def _in_brackets(text: str, start: int) -> str:
    """The text from `start`, just after an opening bracket, to its closing bracket."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        if depth == 0:
            return text[start:position]
    raise ValueError("A bracket is not closed.")


def _types(parameters: str) -> list[str]:
    found = []
    for parameter in re.split(r",(?![^(]*\))", parameters):
        declared = _MODE.sub("", _DEFAULT.sub("", parameter).strip(), count=1)
        if declared and not declared.upper().startswith("OUT "):
            found.append(" ".join(declared.split()[1:]))
    return found
