"""What the model of ordering is made of: lines, orders, products, and their results."""

from dataclasses import dataclass, field
from typing import Any

CEILING = 2_000_000_000
GRACE = 24


@dataclass(frozen=True)
class Line:
    """Add, remove or set a quantity of a product; product and action by their names in the test."""

    product: str
    quantity: int
    action: str
    revision: int | None = None
    expected: int | None = None


@dataclass(frozen=True)
class Draft:
    """A requested order; `hours` is when it takes effect, None for at once, negative for past.

    `ends` is when what it adds is taken back.
    """

    subscription: str
    lines: tuple[Line, ...]
    key: str | None = None
    reference: str | None = None
    hours: int | None = None
    ends: int | None = None

    @property
    def is_late(self) -> bool:
        """Whether it counts at once although it has a date."""
        return self.hours is not None and self.hours < 0


@dataclass
class Outcome:
    """The result of an order: a refusal with its code and figures, or its effects."""

    code: str | None = None
    refusals: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    taken: list[Any] = field(default_factory=list)
    before: list[int | None] = field(default_factory=list)
    moves: list[tuple[str, int, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pending: int = 0
    is_unchanged: bool = False
    changes: dict[str, int] = field(default_factory=dict)
    after: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    replay_of: int | None = None

    def codes(self) -> set[str | None]:
        """The possible codes of the problem: if balances refuse for two reasons, either."""
        return {refusal["code"] for refusal in self.refusals} or {self.code}


@dataclass
class Placed:
    """An order that exists."""

    draft: Draft
    state: str
    revisions: tuple[int | None, ...]
    outcome: Outcome | None = None
    kind: str = "change"
    reason: str | None = None
    reverses: int | None = None
    expires: int | None = None
    hours: int = 0  # of a scheduled one: when it is due

    def __post_init__(self) -> None:
        self.hours = self.draft.hours or 0


@dataclass
class Product:
    """`revisions` maps a revision to the quantity of each SKU in one product."""

    revisions: dict[int, dict[str, int]]
    is_retired: bool = False

    @property
    def revision(self) -> int:
        """The current revision."""
        return max(self.revisions)


Holdings = dict[tuple[str, str, int], int]
