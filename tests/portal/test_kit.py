"""The pieces that pages are put together from: their numbers, words and markup."""

import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from fusion.kernel.errors import CODES, Problem
from fusion.portal.charts import HEIGHT, WIDTH, line_chart, sparkline_points, step_of
from fusion.portal.errors import TITLES, explain_field, explain_refusal, sentences
from fusion.portal.forms import Confirmation
from fusion.portal.templatetags.kit import browser
from fusion.portal.usage import FULL, NEAR, UNUSED, usage_of

counts = st.integers(0, 10**9)


def render(text: str, **context: Any) -> str:
    """A template as pages have it: the kit is there without being loaded."""
    made = engines["django"].from_string(text)
    return made.render(context, RequestFactory().get("/list", {"q": "x y", "cursor": "old"}))


@given(counts, counts)
def test_full_means_that_no_unit_is_left(used: int, granted: int) -> None:
    usage = usage_of(used, granted)
    assert (usage.level == FULL) == (used > 0 and usage.free == 0)
    assert (usage.level == UNUSED) == (used == 0)
    assert 0 <= usage.width <= 100
    assert usage.free == max(granted - used, 0)
    if usage.level == NEAR:
        assert 80 * granted <= 100 * used < 100 * granted


@pytest.mark.parametrize(
    ("used", "granted", "percent", "word"),
    [
        (0, 0, 0, "Unused"),
        (0, 10, 0, "Unused"),
        (7, 10, 70, "Available"),
        (8, 10, 80, "Nearly full"),
        (999, 1000, 99, "Nearly full"),
        (10, 10, 100, "All in use"),
        (12, 10, 120, "All in use"),
        (None, 10, 0, "Not known"),
    ],
)
def test_usage_has_a_word(used: int | None, granted: int, percent: int, word: str) -> None:
    usage = usage_of(used, granted)
    assert (usage.percent, str(usage.word)) == (percent, word)


def test_a_bar_has_a_text_alternative() -> None:
    bar = render("{% usage 1200 1500 label=sku %}", sku='<b title="x">')
    assert 'width="80%"' in bar
    assert "1,200 of 1,500 in use. Nearly full" in bar
    assert "&lt;b title=&quot;x&quot;&gt;" in bar and "<b title" not in bar
    with translation.override("de"):
        assert "1.200" in render("{% usage 1200 1500 %}")


@given(st.integers(1, 10**9))
def test_grids_have_few_lines(most: int) -> None:
    step = step_of(most)
    assert step * 4 >= most
    assert step == 1 or step * 4 / 2.5 < most
    assert re.fullmatch(r"[125]0*", str(step))


def points(*pairs: tuple[int | None, int | None]) -> list[dict[str, Any]]:
    """A point for each (granted, used), a day apart."""
    return [
        {"at": date(2026, 1, 1) + timedelta(days=day), "granted": granted, "used": used}
        for day, (granted, used) in enumerate(pairs)
    ]


@given(st.lists(st.tuples(st.none() | counts, st.none() | counts), min_size=2, max_size=90))
def test_charts_stay_in_their_frame(pairs: list[tuple[int | None, int | None]]) -> None:
    chart = line_chart(points(*pairs))
    assert chart is not None
    for line in (*chart.used, *chart.granted, *chart.areas):
        for point in line.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT
    for values, stretches in ((0, chart.granted), (1, chart.used)):
        known = [pair[values] is not None for pair in pairs]
        runs = sum(here and not before for before, here in pairwise([False, *known]))
        assert len(stretches) == runs
    assert (chart.last_y is None) == (pairs[-1][1] is None)
    assert len(chart.days) == 4 and chart.days[-1] == points(*pairs)[-1]["at"]


def test_a_chart() -> None:
    chart = line_chart(points((10, 0), (10, 5), (20, 20)))
    assert chart is not None
    assert chart.used == ["0,200 500,150 1000,0"]
    assert chart.granted == ["0,100 1000,100 1000,0 1000,0"]
    drawn = render('{% line points label="Users" %}', points=points((10, 0), (10, 5), (20, 20)))
    assert 'aria-label="Users"' in drawn and "3 Jan" in drawn and "style" not in drawn
    with translation.override("fr"):
        assert 'y1="150.0"' in render(
            "{% line points label='x' %}", points=points((10, 0), (20, 2))
        )


def test_too_little_for_a_chart() -> None:
    assert line_chart(points((1, 1))) is None
    assert sparkline_points([1]) == []
    assert "not enough history" in render('{% line points label="x" %}', points=[])
    assert sparkline_points([0, 0]) == ["0,22 100,22"]


def test_unknown_values_are_gaps() -> None:
    assert sparkline_points([1, None, 0, 1]) == ["0,2 0,2", "66.7,22 100,2"]
    assert sparkline_points([None, None]) == []
    chart = line_chart(points((None, None), (10, None), (10, 5), (10, None)))
    assert chart is not None
    assert chart.granted == ["333.3,0 1000,0"] and chart.used == ["666.7,100 666.7,100"]
    drawn = render("{% line points label='x' %}", points=points((1, None), (1, None)))
    assert "<circle" not in drawn and 'class="used"' not in drawn
    assert "<circle" in render("{% line points label='x' %}", points=points((1, None), (1, 1)))


def test_icons_are_drawn_by_the_server() -> None:
    drawn = render('{% icon "check" 16 %}{% icon "check" label=said %}', said='"><script>')
    assert drawn.count("<svg") == 2 and 'aria-hidden="true"' in drawn
    assert "<script" not in drawn and 'role="img"' in drawn


def test_the_next_page_keeps_the_filters() -> None:
    drawn = render("{% more cursor 3 %}", cursor="abc=&")
    assert 'href="?q=x+y&amp;cursor=abc%3D%26"' in drawn and 'colspan="3"' in drawn
    assert render("{% more cursor 3 %}", cursor=None).strip() == ""


def test_states_have_words() -> None:
    assert "Completed" in render('{% badge "completed" %}')
    assert "&lt;i&gt;" in render("{% badge state %}", state="<i>")


def test_a_refusal_shows_its_numbers() -> None:
    form = Confirmation({})
    refusal = {"sku": "user", "granted": 10, "used": 8, "requested": 4, "missing": 2}
    form.refuse(Problem("below-use", "Not possible.", refusals=[refusal]))
    drawn = render("{% errors form heading %}", form=form, heading="Refused <here>")
    assert "Refused &lt;here&gt;" in drawn and "Nothing was changed" in drawn
    assert explain_refusal(refusal, {}) in drawn and "2 are missing" in drawn


def test_a_refusal_names_a_sku_by_name_and_code() -> None:
    refusal = {"sku": "fr", "granted": 10, "used": 8, "requested": 4, "missing": 2}
    names = {"fr": "French numbers"}
    for code in ("below-use", "conflict", "no-entitlement"):
        result = explain_refusal({**refusal, "code": code}, names)
        assert result.startswith("French numbers (fr): 10") and "4" in result and "2" in result
        assert explain_refusal({**refusal, "code": code}, {}).startswith("fr: 10")
    problem = Problem("no-entitlement", "fr: 10 ordered", refusals=[refusal])
    assert [text.split(".")[0] for text in sentences(problem, names)] == [
        "No number entitlement is left",
        "French numbers (fr): 10 ordered, 8 in use, 4 requested; 2 are missing",
    ]
    problem = Problem("below-use", "fr: 10 granted", refusals=[{**refusal, "code": "below-use"}])
    assert len(sentences(problem, names)) == 1 and "(fr)" in sentences(problem, names)[0]
    assert sentences(Problem("conflict", "It is late."), names) == ["It is late."]


def test_errors_of_the_api_are_shown_beside_the_forms_fields() -> None:
    form = Confirmation({})
    form.refuse(Problem("invalid-fields", "x", errors=[{"field": "lines.0", "message": "is odd"}]))
    assert form.non_field_errors() == ["lines.0: Is odd."]
    assert explain_field("must not be blank") == "Must not be blank."


def test_titles_are_of_known_codes() -> None:
    assert set(TITLES) <= set(CODES)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150.0 Safari/537.36 Edg/150.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        ("curl/8", "curl/8"),
        ("", "–"),
    ],
)
def test_browsers_have_names(agent: str, name: str) -> None:
    assert browser(agent) == name
