"""Mapping violated database constraints to Problems."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from fusion.kernel.constraints import violated
from fusion.kernel.errors import Problem


@contextmanager
def map_constraint_errors(**problems: Problem | Callable[[], Problem]) -> Iterator[None]:
    """Run statements in a savepoint; raise the given Problem if the named constraint is violated.

    A Problem that needs a query is given as a function, called after the violation.

    The constraint decides, not a check beforehand: of two concurrent callers one waits for the
    other and is then refused.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        problem = problems.get(violated(error) or "")
        if problem is None:
            raise
        raise (problem if isinstance(problem, Problem) else problem()) from None
