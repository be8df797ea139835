"""The strategies of the model test: catalogues, orders and their lines, reasons."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tests.ordering.shapes import Draft, Line


def repeats_a_product(lines: list[Line]) -> bool:
    """Whether a product that one line sets stands in another line."""
    products = [line.product for line in lines]
    return any(line.action == "set" and products.count(line.product) > 1 for line in lines)


SKUS = ("user", "sip-channel", "be-geographic")
PRODUCTS: dict[str, dict[str, int]] = {
    "seat": {"user": 1, "be-geographic": 1},
    "trunk": {"sip-channel": 3},
    "bundle": {"user": 2, "sip-channel": 1, "be-geographic": 1},
    "depot": {"be-geographic": 1_000_000},
}
SUBSCRIPTIONS = ("east", "west", "north")
TODAY = datetime.now(UTC).replace(microsecond=0)
MONDAY = TODAY + timedelta(days=7)

quantities = st.integers(1, 5) | st.sampled_from((1_999, 2_000, 1_000_000))
codes = st.sampled_from(sorted(PRODUCTS))
expected = st.none() | st.none() | st.integers(0, 6)
added = st.builds(Line, codes, quantities, st.just("add"), st.none(), expected)
removed = st.builds(
    Line, codes, quantities, st.just("remove"), st.none() | st.integers(1, 3), expected
)
lines_that_set = st.builds(
    Line, codes, st.integers(0, 6) | quantities, st.just("set"), st.none(), expected
)
lines = added | added | removed | lines_that_set
several_lines = st.lists(
    lines, min_size=1, max_size=4, unique_by=lambda line: (line.product, line.action == "remove")
).filter(lambda lines: not repeats_a_product(lines))
sound = st.builds(
    Draft, subscription=st.sampled_from(SUBSCRIPTIONS), lines=several_lines.map(tuple)
)
named = st.builds(
    Draft,
    subscription=st.sampled_from(SUBSCRIPTIONS),
    lines=st.lists(lines, min_size=1, max_size=3).map(tuple),
    key=st.none() | st.sampled_from([f"k{i}" for i in range(9)]),
    reference=st.none() | st.sampled_from([f"r{i}" for i in range(9)]),
    hours=st.none() | st.none() | st.sampled_from((-1, -2, -26)),
)
drafts = sound | sound | named
items = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 4), min_size=1)
subscriptions = st.sampled_from(SUBSCRIPTIONS)
reasons = st.none() | st.sampled_from(("fraud", "non_payment", "other"))
