"""The mutants of a file: Cosmic Ray's for Python; inverted comparisons and logic for SQL."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

USED = re.compile(
    r"AddNot|ExceptionReplacer|NumberReplacer|Replace(And|Or|True|False|Break|Continue|Unary).*"
    r"|ReplaceBinaryOperator_(Add_Sub|Sub_Add|Mul_FloorDiv|FloorDiv_Mul|Mod_FloorDiv)"
    r"|ReplaceComparisonOperator_(Is.*|(?!Is).*(?<!_Is)(?<!_IsNot))|ZeroIterationForLoop"
)
"""The operators that change a rule. One replacement of each arithmetic operator is enough."""

SQL = (
    (r"<=", "<"),
    (r">=", ">"),
    (r"(?<![<>:=-])<(?![<=>])", "<="),
    (r"(?<![<>=-])>(?![>=])", ">="),
    (r"<>", "="),
    (r"(?<=\s)AND(?=\s)", "OR"),
    (r"(?<=\s)OR(?= [^R])", "AND"),
    (r"IS NOT NULL", "IS NULL"),
    (r"IS NULL", "IS NOT NULL"),
    (r"(?<=[\w)\]] )\+(?= )", "-"),
    (r"(?<=[\w)\]] )-(?= )", "+"),
    (r"(?<=WHEN )NOT |(?<=IF )NOT |(?<=WHERE )NOT ", ""),
)
"""The replacements, one place at a time; not in comments and texts."""

ROOT = Path(__file__).resolve().parents[2]

FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (?:\w+\.)?(\w+)", re.MULTILINE)
COMMENT_OR_TEXT = re.compile(r"--[^\n]*|'[^'\n]*'")


@dataclass(frozen=True)
class Mutant:
    """`text` is the whole file with one place changed: `line`, which becomes `change`. The line
    begins at `start`.
    """

    file: str
    line: str
    change: str
    text: str
    start: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What distinguishes the mutant, without the rest of the file."""
        return self.file, self.line, self.change

    @property
    def function(self) -> str:
        """The function that PostgreSQL counts calls of, if the change is in one; else ""."""
        if not self.file.endswith(".sql"):
            return ""
        head = self.text[: self.start]
        found = list(FUNCTION.finditer(head))
        is_counted = found and "LANGUAGE plpgsql" in head[found[-1].end() :]
        return found[-1][1] if is_counted else ""

    def __str__(self) -> str:
        return f"{self.file}: {self.line} => {self.change}"


def mutants(root: Path, file: str) -> Iterator[Mutant]:
    """Every mutant of a `.py` or `.sql` file below `root`, except of what only states that a value
    never changes, or that two lists are of one length.
    """
    source = (root / file).read_text(encoding="utf-8")
    for text in _of_sql(source) if file.endswith(".sql") else _of_python(source):
        start = 0
        for old, new in zip(source.splitlines(True), text.splitlines(True), strict=False):
            if old != new:
                if old.startswith("@dataclass(") or new == old.replace(
                    "strict=True", "strict=False"
                ):
                    break
                yield Mutant(file, old.strip(), new.strip(), text, start)
                break
            start += len(new)


def _of_python(source: str) -> Iterator[str]:
    met = {source}
    for name in sorted(operator_names()):
        if not USED.fullmatch(name.removeprefix("core/")):
            continue
        operator = get_operator(name)()
        nodes = ast_nodes(get_ast(source))
        for place in range(sum(len(list(operator.mutation_positions(node))) for node in nodes)):
            text = mutate_code(source, operator, place)
            if text is not None and text not in met:
                met.add(text)
                yield text


def _of_sql(source: str) -> Iterator[str]:
    hidden = [range(*found.span()) for found in COMMENT_OR_TEXT.finditer(source)]
    for pattern, replacement in SQL:
        for found in re.finditer(pattern, source):
            if not any(found.start() in each for each in hidden):
                yield source[: found.start()] + replacement + source[found.end() :]
