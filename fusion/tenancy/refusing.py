"""From a constraint of the database to the refusal that a caller understands."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from fusion.kernel.constraints import violated
from fusion.kernel.errors import Problem


@contextmanager
def refusing(**problems: Problem | Callable[[], Problem]) -> Iterator[None]:
    """Run statements in a savepoint; a violation of a constraint named here is that Problem.

    A Problem that needs a look at the database is given as a function, called after the violation.

    The constraint decides, not a look beforehand: of two callers at the same instant one waits
    for the other and is then refused.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        problem = problems.get(violated(error) or "")
        if problem is None:
            raise
        raise (problem if isinstance(problem, Problem) else problem()) from None
