"""The pace of hosts: reservations, back-off, Retry-After."""

from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import pairwise
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scrapy_crawl4.dispatch import (
    LOCAL,
    DispatchController,
    HostPace,
    RateLimiter,
    SemaphoreDispatcher,
    parse_retry_after,
)

from .simulation import START, Reply, Run

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC).timestamp()


def pace(*args, **options):
    return HostPace(RateLimiter(*args, **options))


def refusals(state, times, *, apart=1000.0):
    """Refuse *times* starts one after another, and return the back-off after each."""
    seen = []
    for number in range(1, times + 1):
        state.refused(number * apart, number * apart - 1, None, Random(number))
        seen.append(state.backoff)
    return seen


# What may be asked for


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"base_delay": -1}, "base_delay must be at least 0, got -1."),
        ({"base_delay": (1, 2, 3)}, "base_delay must be a number or a pair of numbers, got (1, 2, 3)."),
        ({"base_delay": (3, 1)}, "base_delay must go from the shorter to the longer delay, got (3, 1)."),
        ({"base_delay": "1"}, "base_delay must be a number, got '1'."),
        ({"base_delay": None}, "base_delay must be a number, got None."),
        ({"base_delay": (1, None)}, "base_delay must be a number, got None."),
        ({"base_delay": float("inf")}, "base_delay must be a number, got inf."),
        ({"max_delay": -0.5}, "max_delay must be at least 0, got -0.5."),
        ({"max_delay": None}, "max_delay must be a number, got None."),
        ({"max_retries": -1}, "max_retries must be a whole number of at least 0, got -1."),
        ({"max_retries": 1.5}, "max_retries must be a whole number of at least 0, got 1.5."),
        ({"rate_limit_codes": [99]}, "rate_limit_codes must be HTTP statuses from 100 to 599, got 99."),
        ({"rate_limit_codes": [429, 600]}, "rate_limit_codes must be HTTP statuses from 100 to 599, got 600."),
        ({"rate_limit_codes": ["429"]}, "rate_limit_codes must be HTTP statuses from 100 to 599, got '429'."),
    ],
    ids=str,
)
def test_invariant_7_a_wrong_option_is_named_in_one_sentence(options, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        RateLimiter(**options)
    assert str(caught.value) == sentence


def test_codes_that_mean_too_many_requests():
    assert [RateLimiter().is_rate_limit(status) for status in (429, 503, 200, 500, None)] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert RateLimiter(rate_limit_codes=[420]).is_rate_limit(420)
    assert not RateLimiter(rate_limit_codes=[]).is_rate_limit(429)


# Reservation


def test_d12_ten_tasks_start_one_delay_apart():
    policy = SemaphoreDispatcher(10, rate_limiter=RateLimiter(1))
    run = Run(policy).crawl((n, "host") for n in range(10))
    assert run.started() == list(range(10))
    assert [start.task for start in run.starts] == list(range(10))


def test_tasks_slower_than_the_delay_still_start_one_delay_apart():
    run = Run(SemaphoreDispatcher(10, rate_limiter=RateLimiter(1)), serve=lambda session: Reply(7))
    assert run.crawl((n, "host") for n in range(10)).started() == list(range(10))


@given(st.integers(0, 10**6), st.tuples(st.floats(0.1, 1), st.floats(2, 5)))
def test_delays_are_drawn_from_the_pair(seed, base_delay):
    run = Run(SemaphoreDispatcher(20, rate_limiter=RateLimiter(base_delay)), seed=seed)
    gaps = [after - before for before, after in pairwise(run.crawl((n, "h") for n in range(10)).started())]
    assert all(base_delay[0] - 1e-9 <= gap <= base_delay[1] + 1e-9 for gap in gaps)
    assert len(set(gaps)) > 1


def test_every_host_has_its_own_pace():
    run = Run(SemaphoreDispatcher(50, max_session_permit=50, rate_limiter=RateLimiter(2)))
    run.crawl((n, f"h{n % 3}") for n in range(9))
    assert {host: run.started(host) for host in ("h0", "h1", "h2")} == {
        "h0": [0, 2, 4],
        "h1": [0, 2, 4],
        "h2": [0, 2, 4],
    }


def test_local_tasks_wait_for_nobody():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(10)), serve=lambda session: Reply(0, 429))
    run.crawl((n, LOCAL) for n in range(5))
    assert run.started() == [0] * 5
    assert [end.error for end in run.ends] == ["status 429"] * 5
    assert run.controller.statistics.rate_limited == 0


def test_a_host_that_was_idle_saves_nothing_up():
    run = Run(SemaphoreDispatcher(9, rate_limiter=RateLimiter(1))).crawl([(0, "h")])
    run.loop.run(100)
    idle = run.loop.now - START
    run.crawl((n, "h") for n in (1, 2, 3))
    assert run.started()[1:] == [idle, idle + 1, idle + 2]


def test_the_delay_holds_across_idle_moments():
    run = Run(SemaphoreDispatcher(9, rate_limiter=RateLimiter(5)), serve=lambda session: Reply(0.5))
    run.crawl([(0, "h")])
    run.crawl([(1, "h")])
    assert run.started() == [0, 5]


# Back-off


def test_d13_back_off_grows_from_zero():
    grown = refusals(pace(0), 5)
    assert 0.75 <= grown[0] <= 1.25
    assert all(1.5 * before <= after <= 2.5 * before for before, after in pairwise(grown))


@given(st.floats(0, 10), st.floats(0, 100), st.integers(1, 30))
def test_back_off_is_capped(base, most, times):
    assert all(backoff <= most for backoff in refusals(pace(base, most), times))


@given(st.floats(0, 5), st.integers(0, 10**6))
def test_back_off_decays_and_ends(base, seed):
    state = pace(base)
    state.refused(10, 9, None, Random(seed))
    seen = [state.backoff]
    while state.backoff:
        state.accepted(started=11)
        seen.append(state.backoff)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) < 500
    assert state.interval(Random(0)) == base


def test_the_interval_is_the_longer_of_delay_and_back_off():
    state = pace((1, 3))
    state.backoff = 2.9
    drawn = {state.interval(Random(seed)) for seed in range(50)}
    assert min(drawn) == 2.9
    assert 2.9 < max(drawn) <= 3


def test_jitter_spreads_hosts():
    waits = {refusals(pace(1), 1, apart=seed)[0] for seed in range(1, 2)}
    for seed in range(20):
        state = pace(1)
        state.refused(10, 9, None, Random(seed))
        waits.add(state.backoff)
    assert len(waits) > 15
    assert all(1.5 <= wait <= 2.5 for wait in waits)


def test_concurrent_refusals_count_once():
    state = pace(1)
    for number in range(10):
        state.refused(100 + number / 100, 90 + number / 100, None, Random(0))
    assert state.backoff <= 2.5
    assert state.next_start >= 100.09 + state.backoff


def test_a_refusal_of_a_start_after_the_growth_counts_again():
    state = pace(1)
    state.refused(100, 90, None, Random(0))
    first = state.backoff
    state.refused(200, 150, None, Random(0))
    assert state.backoff >= 1.5 * first


@pytest.mark.parametrize(("retry_after", "least"), [(None, 1.5), (0.0, 1.5), (20.0, 20.0), (1e9, 60.0)])
def test_retry_after_is_waited_for_up_to_max_delay(retry_after, least):
    state = pace(1)
    state.refused(100, 99, retry_after, Random(0))
    assert least <= state.next_start - 100 <= max(least, 2.5)


def test_a_shorter_retry_after_does_not_shorten_a_longer_one():
    state = pace(0)
    state.refused(100, 99, 30.0, Random(0))
    state.refused(101, 99.5, 1.0, Random(0))
    assert state.next_start == 130


def test_max_delay_zero_switches_back_off_off():
    state = pace(0, 0)
    state.refused(100, 99, 30.0, Random(0))
    assert (state.backoff, state.next_start) == (0, 100)


# In a run


def refuse_first(times, *, retry_after=None, status=429):
    """A server that refuses each task *times* times, and then answers."""
    seen = {}

    def serve(session):
        seen[session.task] = seen.get(session.task, 0) + 1
        return Reply(0.1, status, retry_after) if seen[session.task] <= times else Reply(0.1)

    return serve


def test_d14_refused_twice_then_answered_is_one_end_after_two_retries():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(0)), serve=refuse_first(2, retry_after=10.0))
    run.crawl([("a", "h")])
    (end,) = run.ends
    assert (end.error, end.job.retries) == (None, 2)
    assert run.started() == pytest.approx([0, 10.1, 20.2])
    assert end.job.waited == pytest.approx(20)
    statistics = run.controller.statistics
    assert (statistics.done, statistics.failed, statistics.retried, statistics.rate_limited) == (1, 0, 2, 2)


@pytest.mark.parametrize("max_retries", [0, 1, 3])
def test_d14_refused_for_ever_ends_after_max_retries(max_retries):
    limiter = RateLimiter(0, max_retries=max_retries)
    run = Run(SemaphoreDispatcher(5, rate_limiter=limiter), serve=refuse_first(99)).crawl([("a", "h")])
    assert len(run.starts) == 1 + max_retries
    assert [end.error for end in run.ends] == ["status 429"]
    assert run.controller.statistics.gave_up == 1


def test_without_a_rate_limiter_a_refusal_is_an_answer():
    run = Run(SemaphoreDispatcher(5), serve=refuse_first(99)).crawl([("a", "h")])
    assert [end.error for end in run.ends] == ["status 429"]
    assert len(run.starts) == 1


def test_a_refused_host_does_not_slow_another():
    run = Run(
        SemaphoreDispatcher(5, rate_limiter=RateLimiter(0)),
        serve=lambda session: Reply(0.1, 503 if session.job.host == "bad" else 200, 50.0),
    )
    run.crawl((f"{host}{n}", host) for n in range(10) for host in ("bad", "good"))
    assert max(end.at for end in run.ends if str(end.task).startswith("good")) - START < 2
    assert len(run.ends) == 20


def test_no_response_neither_grows_nor_ends_back_off():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(0)), serve=lambda session: Reply(1, None))
    run.crawl([("a", "h")])
    assert [end.error for end in run.ends] == ["status None"]
    assert run.controller.statistics.rate_limited == 0


def test_a_report_for_an_unknown_host_slows_its_first_start():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(0)))
    assert run.controller.report("h", 429, started_at=START, retry_after=7.0)
    assert not run.controller.report("other", 200, started_at=START)
    assert run.crawl([("a", "h")]).started() == [7]


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (b"120", 120),
        (" 0 ", 0),
        ("0000000000120", 120),
        ("9" * 5000, 999_999_999),
        (format_datetime(datetime.fromtimestamp(NOW + 90, UTC), usegmt=True), 90),
        ("Thu, 01 Jan 2026 12:01:00 -0000", 60),
        ("Thu, 01 Jan 2026 14:01:00 +0200", 60),
        ("Thursday, 01-Jan-26 12:01:00 GMT", 60),
        ("Thu Jan  1 12:01:00 2026", 60),
        (b"Thu, 01 Jan 2026 12:01:00 GMT", 60),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        (None, None),
        ("", None),
        (b"", None),
        ("  ", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661\u0662", None),
        ("\u00b2", None),
        (b"\xff\xfe", None),
        ("Thu, 99 Jan 2026 12:01:00 GMT", None),
        ("Thu, 01 Jan 2026 25:01:00 GMT", None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_retry_after_in_seconds_and_dates(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


DATE = "{}, {} {} {} {}:{}:{} {}"
anything = st.text(max_size=30) | st.binary(max_size=30)
dates = st.builds(
    DATE.format,
    st.sampled_from(["Thu", "Thursday", "x", ""]),
    st.integers(-1, 40),
    st.sampled_from(["Jan", "Feb", "Dec", "13", ""]),
    st.integers(-1, 10**5),
    st.integers(-1, 30),
    st.integers(-1, 70),
    st.integers(-1, 70),
    st.sampled_from(["GMT", "+0200", "-9999", "+99999999", "", "Z", "-0000"]),
)


@given(anything | dates | st.integers().map(str), st.floats(0, 1e11))
@example("Fri, 31 Dec 9999 23:59:59 -2359", NOW)
@example("Mon, 01 Jan 0001 00:00:00 +2359", NOW)
def test_retry_after_never_raises_and_is_never_negative(value, now):
    seconds = parse_retry_after(value, now)
    assert seconds is None or 0 <= seconds < float("inf")


@given(st.integers(0, 999_999_999))
def test_whole_seconds_are_taken_as_they_are(seconds):
    assert parse_retry_after(str(seconds), NOW) == seconds


@given(st.integers(0, 10**9))
def test_dates_are_measured_from_now(ahead):
    moment = datetime.fromtimestamp(NOW + ahead, UTC)
    assert parse_retry_after(format_datetime(moment, usegmt=True), NOW) == ahead


# Regressions


def test_answers_to_starts_before_a_refusal_leave_the_back_off_alone():
    """Nine pages that were under way when the tenth was refused say nothing about the pace since."""
    control = DispatchController(SemaphoreDispatcher(10, rate_limiter=RateLimiter(0)), clock=lambda: START + 10)
    for task in range(10):
        control.add(task, "h")
    sessions = [control.start_next() for _ in range(10)]
    control.report("h", 429, started_at=START + 9)
    state = control._queues.host("h").pace
    grown = state.backoff
    for session in sessions[1:]:
        control.report("h", 200, started_at=START + 9)
        control.release(session)
    assert state.backoff == grown
    control.report("h", 200, started_at=START + 11)
    assert state.backoff == 0.75 * grown


def test_refusals_at_the_very_moment_of_the_first_count_once():
    state = pace(1)
    for _ in range(5):
        state.refused(100, 100, None, Random(0))
    assert state.backoff <= 2.5


def test_one_code_in_place_of_a_list_is_refused_in_one_sentence():
    with pytest.raises(ValueError, match=r"^rate_limit_codes must be a list of HTTP statuses, got 429\.$"):
        RateLimiter(rate_limit_codes=429)
