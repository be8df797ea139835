"""From a constraint of the database to the refusal that a caller understands."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from fusion.kernel.constraints import violated
from fusion.kernel.errors import Problem


@contextmanager
def refusing(**problems: Problem) -> Iterator[None]:
    """Run statements in a savepoint; a violation of a constraint named here is that Problem.

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
        raise problem from None


def reference_taken(what: str, reference: str | None) -> Problem:
    """The refusal of an external reference that another `what` of the group carries."""
    return Problem(
        "external-reference-taken",
        f"Another {what} of this provider already carries the external reference {reference}. "
        f"It is free again when that {what} gives it up or comes to its end.",
    )
