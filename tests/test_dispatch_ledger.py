"""Accounts of memory: what is learned, what is claimed, and what a page turns out to be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.dispatch import (
    DispatchController,
    Load,
    MemoryAdaptiveDispatcher,
    MemoryLedger,
    MemorySample,
)
from scrapy_crawl4.dispatch.costs import HOSTS_KEPT, PRIOR_BODY, CostModel
from scrapy_crawl4.dispatch.ledger import HOLD, REST, WORK
from scrapy_crawl4.dispatch.session import BROWSER, MODEL
from scrapy_crawl4.dispatch.tabs import START, TAB

MB = 1024 * 1024


def sampled(ledger, used=100, limit=1000):
    ledger.sampled(MemorySample(used, limit, used))
    return ledger


def test_a_prior_before_the_first_page():
    assert CostModel().expected("http", "h") == PRIOR_BODY


def test_sizes_are_learned_by_host_and_by_kind():
    costs = CostModel()
    for _ in range(20):
        costs.learn("http", "small", 10_000)
        costs.learn("http", "large", 5_000_000)
        costs.learn("browser", "small", 90_000)
    assert 10_000 <= costs.expected("http", "small") < 20_000
    assert 5_000_000 <= costs.expected("http", "large") < 8_000_000
    assert 90_000 <= costs.expected("browser", "small") < 150_000
    assert costs.expected("http", "unknown") > 1_000_000, "what all pages of the kind have taught"


def test_the_spread_counts():
    steady, varied = CostModel(), CostModel()
    for n in range(40):
        steady.learn("http", "h", 100_000)
        varied.learn("http", "h", 200_000 * (n % 2))
    assert varied.expected("http", "h") > 2 * steady.expected("http", "h")


def test_hosts_heard_of_long_ago_are_forgotten():
    costs = CostModel()
    for n in range(HOSTS_KEPT + 100):
        costs.learn("http", f"h{n}", 1000)
    assert len(costs._hosts) == HOSTS_KEPT


def test_a_declared_size_replaces_the_estimate_at_once():
    ledger = sampled(MemoryLedger())
    ledger.open(1, "http", "h", None)
    ledger.grow(1, 50 * MB, received=False)
    assert ledger.reserved_mb == pytest.approx(HOLD * 50 + (WORK - HOLD) * 50)
    ledger.close(1)


def test_content_work_is_reckoned_once_since_it_is_done_one_page_at_a_time():
    ledger = sampled(MemoryLedger())
    for number in (1, 2, 3):
        ledger.open(number, "http", "h", 10 * MB)
    assert ledger.reserved_mb == pytest.approx(3 * HOLD * 10 + (WORK - HOLD) * 10)


def test_what_a_sample_has_seen_is_not_reserved_again():
    ledger = sampled(MemoryLedger())
    ledger.open(1, "http", "h", 10 * MB)
    ledger.grow(1, 8 * MB, received=True)
    before = ledger.reserved_mb
    sampled(ledger, used=108)
    assert ledger.reserved_mb == pytest.approx(before - 8)


def test_results_stay_on_the_account_until_they_are_measured():
    ledger = sampled(MemoryLedger())
    ledger.open(1, "http", "h", 10 * MB)
    ledger.close(1, 10 * MB)
    sampled_before = ledger.reserved_mb
    assert sampled_before >= REST * 10
    assert ledger.wants_sample
    sampled(ledger, used=140)
    assert ledger.reserved_mb == 0
    assert not ledger.wants_sample


def test_a_page_that_cannot_fit_alone_is_named_with_its_need_and_the_limit():
    ledger = sampled(MemoryLedger(), used=100, limit=450)
    assert ledger.too_large(10 * MB) == ""
    assert ledger.too_large(40 * MB) == "The page needs about 960 MB, limit is 450 MB."
    assert MemoryLedger().too_large(10**12) == "", "memory is not watched"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.none() | st.integers(0, 20 * MB)),
        st.tuples(st.sampled_from(["declare", "receive", "close"]), st.integers(0, 20 * MB)),
        st.tuples(st.sampled_from(["drop", "sample"]), st.integers(10, 900)),
    ),
    max_size=40,
)


@given(STEPS, st.randoms())
def test_accounts_are_never_negative_and_end_at_nothing(steps, draw):
    ledger, opened, number = sampled(MemoryLedger()), [], 0
    for step, value in steps:
        one = draw.choice(opened) if opened else None
        if step == "open":
            number += 1
            opened.append(number)
            ledger.open(number, "http", f"h{number % 3}", value)
        elif step == "sample":
            sampled(ledger, used=value)
        elif one is not None and step in {"declare", "receive"}:
            ledger.grow(one, value, received=step == "receive")
        elif one is not None:
            opened.remove(one)
            ledger.close(one, value if step == "close" else None)
        assert ledger.reserved_mb >= -1e-6
        assert ledger.session_mb("http", "h1", None) >= 0
    for one in opened:
        ledger.close(one)
    sampled(ledger)
    assert ledger.reserved_mb == 0


def test_permits_follow_what_pages_of_the_host_cost():
    dispatcher = MemoryAdaptiveDispatcher(max_session_permit=20)
    memory = MemorySample(100, 450, 100)
    assert dispatcher.permits(Load(permits=20, memory=memory, session_mb=1)) == 20
    assert dispatcher.permits(Load(permits=20, memory=memory, session_mb=60)) == 5
    assert dispatcher.permits(Load(permits=20, memory=memory, session_mb=60, in_flight=2, reserved_mb=120)) == 5
    assert dispatcher.permits(Load(permits=20, memory=memory, session_mb=340)) == 1
    assert dispatcher.permits(Load(permits=20, memory=memory, session_mb=400)) == 0, "it would end the process"


def test_promises_above_critical_take_back_the_youngest_until_they_fit():
    control = DispatchController(MemoryAdaptiveDispatcher(max_session_permit=20))
    control.sample(MemorySample(100, 450, 100))
    for n in range(6):
        control.add(n, "h")
    sessions = [control.start_next() for _ in range(6)]
    assert all(sessions)
    taken = []
    for session in sessions:
        assert control.declare(session, 6 * MB) == ""
        while (back := control.take_back()) is not None:
            taken.append(back.task)
            control.requeue(back, shed=True)
    assert control.load().expected_percent < 95
    assert taken == sorted(taken, reverse=True) or not taken
    assert control.in_flight >= 1
    assert control.in_flight + control.waiting == 6


def test_a_task_taken_back_is_started_again_with_the_size_it_is_known_to_have():
    control = DispatchController(MemoryAdaptiveDispatcher(max_session_permit=20))
    control.sample(MemorySample(100, 450, 100))
    control.add("big", "h")
    session = control.start_next()
    control.declare(session, 15 * MB)
    control.requeue(session, shed=True)
    control.sample(MemorySample(200, 450, 200))
    assert control.start_next() is None, "it would need 300 MB more"
    control.sample(MemorySample(100, 450, 100))
    assert control.start_next().task == "big"


# pages that wait for a language model


def test_pages_that_wait_for_a_model_need_the_memory_of_content_work_each():
    ledger = sampled(MemoryLedger())
    assert ledger.session_mb(MODEL, "h", 10 * MB) == pytest.approx(WORK * 10)
    for number in range(3):
        ledger.open(number, MODEL, "h", 10 * MB)
    assert ledger.reserved_mb == pytest.approx(3 * WORK * 10)
    # Work on a page that does not wait comes on top of theirs.
    assert ledger.session_mb("http", "h", 1 * MB) == pytest.approx(WORK * 1)


def test_what_waits_is_in_the_sample():
    ledger = sampled(MemoryLedger())
    for number in (1, 2):
        ledger.open(number, MODEL, "h", 10 * MB)
        ledger.grow(number, 10 * MB, received=True)
    ledger.work(1)
    ledger.wait(1)
    assert not ledger.working
    sampled(ledger, used=310)
    assert ledger.reserved_mb == pytest.approx(WORK * 10 - 10)
    ledger.work(1)
    sampled(ledger, used=310)
    assert ledger.reserved_mb == pytest.approx(WORK * 10 - 10)
    ledger.close(1, 10 * MB)
    ledger.close(2)
    sampled(ledger)
    assert ledger.reserved_mb == 0


def test_a_wait_of_a_session_that_has_ended_is_nothing():
    ledger = sampled(MemoryLedger())
    ledger.wait(7)
    ledger.work(7)
    sampled(ledger)
    assert ledger.reserved_mb == 0


def test_the_first_page_of_a_browser_needs_the_browser_too():
    ledger = sampled(MemoryLedger(), limit=4000)
    more = ledger.session_mb(BROWSER, "h", None) - ledger.session_mb("http", "h", None)
    assert more == pytest.approx(START + TAB)
    before = ledger.reserved_mb
    ledger.open(1, BROWSER, "h", None)
    assert ledger.reserved_mb - before >= START + TAB


def test_what_a_process_is_expected_to_need_never_keeps_a_page_from_being_tried_alone():
    ledger = sampled(MemoryLedger(), used=100, limit=150)
    assert 100 + ledger.session_mb(BROWSER, "h", None) <= 150
    assert sampled(ledger, used=149, limit=150).session_mb(BROWSER, "h", None) < 10


def test_small_pages_that_are_worked_on_beside_others_need_their_memory_too():
    ledger = sampled(MemoryLedger())
    for number, size in enumerate((10 * MB, MB // 2, MB // 2)):
        ledger.open(number, "http", "h", size)
    alone = ledger.reserved_mb
    ledger.lanes = 3
    assert ledger.reserved_mb == pytest.approx(alone + 2 * (WORK - HOLD), rel=0.01), "large ones are one at a time"


def test_several_pages_are_worked_on_at_a_time():
    ledger = sampled(MemoryLedger())
    for number in (1, 2):
        ledger.open(number, "http", "h", 10 * MB)
        ledger.grow(number, 10 * MB, received=True)
        ledger.work(number)
    ledger.worked(1)
    assert ledger.working == {2}
    sampled(ledger, used=300)
    assert ledger.reserved_mb == pytest.approx(2 * (HOLD * 10 - 10)), "the work on the other is in the sample"
