"""The house numbers: what every file of the project keeps to."""

import ast
import re
import statistics
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from fusion.kernel.environment import SETTINGS
from fusion.kernel.sql_files import called_routines

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "fusion"

MAX_FILE, MAX_FUNCTION, MAX_MEDIAN = 400, 60, 12

MAX_LINE = 120
"""Longest line of a template, in characters; ruff keeps Python's shorter."""

FORBIDDEN_NAMES = {"services", "utils", "helpers", "managers", "signals", "common", "misc"}


def git(*arguments: str) -> str:
    """What git prints about this repository, whoever owns its folder."""
    command = ["git", "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


@cache
def tracked() -> tuple[Path, ...]:
    """The files of the repository; outside of one, all but what is made here."""
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    files = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(file for file in files if file.is_file()))


def test_git_holds_files_only() -> None:
    """A link, above all one named .venv, leads out of a fresh clone."""
    listed = git("ls-files", "-z", "--stage").split("\0")
    other = [entry for entry in listed if entry and not entry.startswith("100")]
    assert not other, (
        "only files belong into the repository, no links and no submodules: " + "; ".join(other)
    )
    ignored = git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard").split("\0")
    assert ignored == [""], f".gitignore names tracked files: {ignored}"


def text_files() -> Iterator[tuple[Path, str]]:
    """Every tracked file that is text, and its content."""
    for file in tracked():
        try:
            yield file, file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@cache
def modules() -> dict[Path, ast.Module]:
    """The package's own modules, parsed; migrations are written by a generator."""
    return {
        file: ast.parse(file.read_text(encoding="utf-8"))
        for file in PACKAGE.rglob("*.py")
        if "migrations" not in file.parts
    }


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many lines a function has, its decorators aside."""
    return (function.end_lineno or 0) - function.lineno + 1


def where(file: Path, node: ast.stmt | ast.expr | None = None) -> str:
    """As an editor takes it."""
    return f"{file.relative_to(ROOT)}:{node.lineno if node else 1}"


def test_files_are_short() -> None:
    code = (file for file in tracked() if file.suffix in (".py", ".sql", ".html", ".css"))
    lengths = {where(file): file.read_text().count("\n") for file in code}
    assert {file: length for file, length in lengths.items() if length > MAX_FILE} == {}


def test_lines_of_templates_are_short() -> None:
    lines = (
        (f"{where(file)} line {number}", len(line))
        for file in tracked()
        if "templates" in file.relative_to(ROOT).parts
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    )
    assert {line: length for line, length in lines if length > MAX_LINE} == {}


def test_functions_are_short() -> None:
    lengths = {
        f"{where(file, function)} {function.name}": lines_of(function)
        for file, tree in modules().items()
        for function in functions(tree)
    }
    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION} == {}
    assert statistics.median(lengths.values()) <= MAX_MEDIAN


def test_imports_make_no_cycle() -> None:
    graph = grimp.build_graph("fusion", exclude_type_checking_imports=True, cache_dir=None)
    rooms = {
        child: {child} | graph.find_descendants(child) for child in graph.find_children("fusion")
    }

    def downwards(room: str) -> set[str]:
        found = {
            target
            for module in rooms[room]
            for target in graph.find_modules_directly_imported_by(module)
        }
        return {other for other in rooms if other != room and found & rooms[other]}

    below = {room: downwards(room) for room in rooms}
    while leaves := {room for room, others in below.items() if not others}:
        below = {room: others - leaves for room, others in below.items() if room not in leaves}
    assert below == {}


def test_modules_make_no_cycle() -> None:
    graph = grimp.build_graph("fusion", exclude_type_checking_imports=True, cache_dir=None)
    below = {
        module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules
    }
    while leaves := {module for module, others in below.items() if not others}:
        below = {name: others - leaves for name, others in below.items() if name not in leaves}
    assert below == {}


def test_use_cases_take_keywords_only() -> None:
    found = 0
    for file, tree in modules().items():
        for function in functions(tree):
            names = {_name_of(decorator) for decorator in function.decorator_list}
            if "use_case" not in names:
                continue
            found += 1
            positional = [argument.arg for argument in function.args.args]
            assert positional == ["actor"], where(file, function)
            assert function.args.vararg is None, where(file, function)
    assert found > 5


def hot_functions() -> set[str]:
    """The database functions of hot changes, in their final form."""
    return {
        routine.partition("(")[0]
        for routine in called_routines()
        if re.search(r"_v\d+\(uuid, jsonb\)$", routine)
    }


NOT_HOT = {
    "fusion/ledger/queries.py": "reads balances; routes and pages check the permission",
    "fusion/seed/history.py": "the command generates a past, as the owner of the database",
    "fusion/users/provision.py": "the worker continues a batch that its submitter was allowed",
}
"""Files that call such a function outside of a hot use case, and why."""


def test_hot_functions_are_called_by_hot_use_cases() -> None:
    """Else a call has an effect before its permission was checked."""
    every = [
        (file, function)
        for file, tree in modules().items()
        if file.relative_to(ROOT).as_posix() not in NOT_HOT
        for function in functions(tree)
    ]
    named = {file: _constants_that_name(tree, hot_functions()) for file, tree in modules().items()}
    checked = [each for each in every if "hot_use_case" in _decorators(each[1])]
    assert len(checked) > 10
    unchecked = [each for each in every if each not in checked]
    calling = [each for each in unchecked if _refers(each[1], named[each[0]], hot_functions())]
    while more := [
        each
        for each in unchecked
        if each not in calling and _refers(each[1], {function.name for _, function in calling})
    ]:
        calling += more
    # What nothing else of ours calls is where a change begins.
    begins = [
        f"{where(file, function)} {function.name}"
        for file, function in calling
        if not any(_refers(other, {function.name}) for _, other in every if other is not function)
    ]
    assert begins == []


def _decorators(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {_name_of(each) for each in function.decorator_list}


def _constants_that_name(tree: ast.Module, routines: set[str]) -> set[str]:
    """The module's constants whose text names one of the database functions."""
    return {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and _names_one(node.value, routines)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _refers(
    function: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str], routines: Iterable[str] = ()
) -> bool:
    """Whether the function's statements use one of the names, or name a database function."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return any(
        (isinstance(node, ast.Name) and node.id in names) or _names_one(node, routines)
        for statement in body
        for node in ast.walk(statement)
    )


def _names_one(node: ast.AST, routines: Iterable[str]) -> bool:
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and any(re.search(rf"\b{name}\b", text) for name in routines)


def _name_of(decorator: ast.expr) -> str:
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def test_imports_are_at_the_top() -> None:
    """What is imported inside a function hides a cycle."""
    for file, tree in modules().items():
        for function in functions(tree):
            for node in ast.walk(function):
                if isinstance(node, ast.ImportFrom):
                    assert not (node.module or "").startswith("fusion"), where(file, node)
                    assert node.level == 0, where(file, node)
                if isinstance(node, ast.Import):
                    own = [alias.name for alias in node.names if alias.name.startswith("fusion")]
                    assert not own, where(file, node)


def test_imports_are_absolute() -> None:
    for file, tree in modules().items():
        for node in ast.walk(tree):
            assert not (isinstance(node, ast.ImportFrom) and node.level), where(file, node)


def test_modules_are_named_after_what_they_hold() -> None:
    for file in tracked():
        if file.suffix == ".py":
            assert file.stem not in FORBIDDEN_NAMES, where(file)
            assert file.parent.name not in FORBIDDEN_NAMES, where(file)


def test_no_signals() -> None:
    for file, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                imported = {alias.name for alias in node.names}
                module = node.module or ""
                assert "signals" not in module.split("."), where(file, node)
                assert not imported & {"receiver", "Signal"}, where(file, node)


def test_tenant_data_is_not_reached_unscoped() -> None:
    """`ApiClient.objects` is for django-oauth-toolkit; tokens are looked up in one place."""
    for file, tree in modules().items():
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Attribute) and node.attr == "objects"):
                continue
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            assert owner != "ApiClient", where(file, node)


def test_public_functions_and_classes_say_what_they_do() -> None:
    missing = []
    for file, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                private = node.name.startswith("_")
                if not private and not ast.get_docstring(node):
                    missing.append(f"{where(file, node)} {node.name}")
        if tree.body and not ast.get_docstring(tree):
            missing.append(where(file))
    assert missing == []


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_every_setting_is_documented(name: str) -> None:
    guide = (ROOT / "docs" / "operators-guide.md").read_text(encoding="utf-8")
    assert f"`{name}`" in guide


def test_the_environment_is_read_in_one_place() -> None:
    """A variable that is read elsewhere would be in no table."""
    for file, tree in modules().items():
        if file.name == "environment.py" or "embedded" in file.parts:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named = re.fullmatch(r"FUSION_[A-Z_]+", node.value)
                assert not named or node.value in SETTINGS, where(file, node)


def test_no_work_is_left_for_later() -> None:
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X{3}|HACK)\b")
    for file, text in text_files():
        if file.name != "test_tidy.py" and file.suffix in (".py", ".sql", ".html", ".css", ".md"):
            assert not marks.search(text), where(file)


def test_no_registry_and_no_machine_is_named() -> None:
    """Locks carry hashes alone; nothing tells where it was written."""
    forbidden = re.compile(
        r"--(extra-)?index-url|--find-links|--trusted-host|file://"
        r"|/ho"
        r"me/|/ro"
        r"ot/|/Us"
        r"ers/|/wo"
        r"rk/"
    )
    for file, text in text_files():
        if file.name == "test_tidy.py":
            continue
        assert not forbidden.search(text), where(file)


def test_locks_have_hashes_and_agree() -> None:
    runtime, dev = (
        (ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt")
    )
    pin = re.compile(r"^([a-z0-9._-]+)==(\S+) \\$", re.MULTILINE | re.IGNORECASE)
    pinned, all_pinned = dict(pin.findall(runtime)), dict(pin.findall(dev))
    assert len(pinned) > 20
    assert pinned.items() <= all_pinned.items()
    for lock in (runtime, dev):
        requirements = [line for line in lock.splitlines() if line and line[0] not in "# "]
        assert len(requirements) == len(pin.findall(lock))
        assert lock.count("--hash=sha256:") >= len(requirements)
        assert not re.search(r"https?://", lock)


def test_the_lock_has_all_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = [re.split(r"[\[~=<>; ]", text)[0] for text in project["dependencies"]]
    lock = (ROOT / "requirements.txt").read_text()
    for name in names:
        assert re.search(rf"^{name}==", lock, re.MULTILINE), name


def test_make_help_lists_every_target_that_people_use() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in ("demo", "test", "bench", "verify", "lint", "lock", "clean"):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target
