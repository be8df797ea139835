"""Conditions on entity tags, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.catalogue.etag import etag, none_match, require_match
from fusion.kernel.errors import Problem

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    "header", [None, "*", ' "3"', '"3"', '"1", "3"', '"x,y","3"', 'W/"a" , "3"']
)
def test_a_condition_that_holds(header: str | None) -> None:
    require_match(header, 3)


@pytest.mark.parametrize(
    "header", ['"2"', 'W/"3"', '"1", W/"3"', '"33"', '"U5w<QyJ8,r,3"', '""', "\"'3'\""]
)
def test_a_condition_that_fails(header: str) -> None:
    with pytest.raises(Problem) as refusal:
        require_match(header, 3)
    assert refusal.value.code == "stale-revision"
    assert refusal.value.headers == {"ETag": '"3"'}


@pytest.mark.parametrize(
    "header", ["", "3", '"3', '"1" "3"', '*, "3"', '"1", 3', "'3'", ",", "W/3"]
)
def test_a_condition_that_cannot_be_read(header: str) -> None:
    with pytest.raises(Problem) as refusal:
        require_match(header, 3)
    assert refusal.value.code == "invalid-fields"


@pytest.mark.parametrize("header", ["*", '"3"', 'W/"3"', '"1", W/"3"'])
def test_the_reader_has_it(header: str) -> None:
    assert not none_match(header, 3)


@pytest.mark.parametrize("header", [None, "", '"2"', "3", 'W/"33"'])
def test_the_reader_lacks_it(header: str | None) -> None:
    assert none_match(header, 3)


@given(st.text(), st.integers(1, 2**31 - 1))
def test_no_header_breaks_anything(header: str, version: int) -> None:
    none_match(header, version)
    try:
        require_match(header, version)
    except Problem as refusal:
        assert refusal.status in (412, 422)
    else:
        assert header.strip() == "*" or etag(version) in header
