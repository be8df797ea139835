"""An explanation of a surviving mutant is given up with the line that it is about."""

from tests.mutants.explained import explained, stale
from tests.mutants.making import ROOT


def test_every_explanation_is_of_a_mutant() -> None:
    files = sorted({file for file, _, _ in explained()})
    assert [file for file in files if not (ROOT / file).exists()] == []
    assert stale(files) == []
