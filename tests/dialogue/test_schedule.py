"""The dates of a regimen: calendar months as calendar months, ranges as ranges, no date where there is no figure."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.dialogue.schedule import Window, dated, later
from engine.language.model import Phase

START = dt.date(2026, 1, 31)
UNITS = ("hour", "day", "week", "month", "year")
days = st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31))
amounts = st.decimals(Decimal(0), Decimal(60), places=2)


def phase(**keys):
    return Phase("A phase", **keys)


def on(*texts):
    return [
        Window(*(dt.date.fromisoformat(each) for each in text.split(" to ")))
        if " to " in text
        else Window(dt.date.fromisoformat(text), dt.date.fromisoformat(text))
        for text in texts
    ]


@pytest.mark.parametrize(
    ("day", "amount", "unit", "expected"),
    [
        ("2026-01-31", "1",   "month", "2026-02-28"),
        ("2026-01-31", "2",   "month", "2026-03-31"),
        ("2028-02-29", "1",   "year",  "2029-02-28"),
        ("2028-02-29", "4",   "year",  "2032-02-29"),
        ("2026-11-30", "3",   "month", "2027-02-28"),
        ("2026-01-01", "1.5", "month", "2026-02-16"),
        ("2026-01-01", "1.99", "month", "2026-03-01"),
        ("2026-01-01", "2",   "week",  "2026-01-15"),
        ("2026-12-31", "1",   "day",   "2027-01-01"),
        ("2026-01-01", "24",  "hour",  "2026-01-02"),
        ("2026-01-01", "23",  "hour",  "2026-01-01"),
        ("2026-01-01", "0.5", "year",  "2026-07-01"),
    ],
)  # fmt: skip
def test_a_day_later(day, amount, unit, expected):
    assert later(dt.date.fromisoformat(day), Decimal(amount), unit) == dt.date.fromisoformat(expected)


def test_past_the_end_of_the_calendar_there_is_no_date():
    assert later(dt.date(9999, 12, 1), Decimal(1), "month") is None
    assert later(dt.date(9999, 12, 31), Decimal(1), "day") is None
    assert later(START, Decimal(10**15), "year") is None
    (found,) = dated([phase(every="1 months")], dt.date(9999, 11, 30))
    assert found.doses == tuple(on("9999-11-30", "9999-12-30"))


@settings(deadline=None)
@given(days, amounts, amounts, st.sampled_from(UNITS))
def test_a_longer_time_never_ends_earlier(day, one, other, unit):
    shorter, longer = sorted([one, other])

    assert day <= later(day, shorter, unit) <= later(day, longer, unit)


@settings(deadline=None)
@given(days, days, amounts, st.sampled_from(UNITS))
def test_from_a_later_day_it_never_ends_earlier(one, other, amount, unit):
    first, second = sorted([one, other])

    assert later(first, Decimal(int(amount)), unit) <= later(second, Decimal(int(amount)), unit)


@settings(deadline=None)
@given(days, st.integers(0, 600))
def test_whole_months_keep_the_day_of_the_month_where_there_is_one(day, months):
    found = later(day, Decimal(months), "month")

    assert (found.year * 12 + found.month) - (day.year * 12 + day.month) == months
    assert found.day == day.day or (found.day < day.day and (found + dt.timedelta(days=1)).day == 1)


def test_every_2_days_for_2_weeks_are_seven_doses_and_maintenance_begins_an_interval_later():
    loading, maintenance = dated(
        [phase(every="2 days", for_="2 weeks"), phase(every="2 to 3 months", for_="ongoing")], START, most=10
    )

    assert [dose.earliest for dose in loading.doses] == [START + dt.timedelta(days=2 * n) for n in range(7)]
    assert not loading.goes_on
    assert loading.ends == on("2026-02-14")[0]
    assert maintenance.begins == loading.ends
    assert maintenance.doses[:2] == tuple(on("2026-04-14 to 2026-05-14", "2026-06-14 to 2026-08-14"))
    assert maintenance.goes_on


def test_four_weekly_doses_after_the_first_phase_are_four():
    _, weekly = dated([phase(every="1 days", for_="7 days"), phase(every="1 weeks", for_="4 weeks")], START, most=10)

    assert len(weekly.doses) == 4
    assert weekly.doses[-1] == weekly.ends


@pytest.mark.parametrize(
    "first",
    [
        {"every": "2 days", "until": "no further improvement"},
        {"every": "1 to 2 weeks", "for_": "the first few weeks"},
        {"until": "a clinician decides"},
        {},
    ],
)
def test_what_has_no_figure_has_no_end_and_what_follows_no_beginning(first):
    one, other = dated([phase(**first), phase(every="1 months")], START)

    assert one.ends is None
    assert other.begins is None
    assert other.doses == ()
    assert one.doses[0] == on("2026-01-31")[0]


def test_phases_beside_an_ongoing_one_begin_with_it_and_fall_due_an_interval_later():
    test, battery = dated([phase(every="1 month", for_="ongoing"), phase(every="1 year", for_="ongoing")], START)

    assert test.doses == tuple(on("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"))
    assert battery.begins == test.begins
    assert battery.doses[0] == on("2027-01-31")[0]


def test_a_review_counts_from_the_beginning_of_its_phase():
    one, other = dated([phase(for_="3 weeks", review_after="1 to 2 weeks"), phase(review_after="1 months")], START)

    assert one.review == on("2026-02-07 to 2026-02-14")[0]
    assert other.review == on("2026-03-21")[0]


def test_several_a_day_are_one_day():
    (found,) = dated([phase(every="8 hours", for_="2 days")], START)

    assert found.doses == tuple(on("2026-01-31"))


every = st.tuples(st.integers(1, 30), st.integers(0, 5), st.sampled_from(["days", "weeks", "months"])).map(
    lambda span: f"{span[0]} to {span[0] + span[1]} {span[2]}" if span[1] else f"{span[0]} {span[2]}"
)
lasts = st.none() | st.just("ongoing") | st.just("as needed") | every
phases = st.lists(
    st.builds(Phase, st.just("P"), every=st.none() | every, for_=lasts, review_after=st.none() | every), max_size=4
)


@settings(deadline=None)
@given(phases, days, st.integers(1, 6))
def test_dates_are_in_order_and_inside_their_phase(some, start, most):
    for number, found in enumerate(dated(some, start, most)):
        earliest = [dose.earliest for dose in found.doses]
        assert len(found.doses) <= most
        assert earliest == sorted(set(earliest))
        assert all(start <= dose.earliest <= dose.latest for dose in found.doses)
        assert number or found.doses[0] == found.begins == Window(start, start)
        if found.ends:
            assert all(dose.latest <= found.ends.latest for dose in found.doses)


@settings(deadline=None)
@given(phases, days)
def test_fewer_dates_are_the_first_of_more(some, start):
    for few, many in zip(dated(some, start, 2), dated(some, start, 5), strict=True):
        assert many.doses[:2] == few.doses
        assert few.goes_on == (len(many.doses) > 2)
