"""Host queues and the controller, in simulated time."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.dispatch import (
    LOCAL,
    BaseDispatcher,
    DispatchController,
    MemoryAdaptiveDispatcher,
    MemorySample,
    RateLimiter,
    SemaphoreDispatcher,
)
from scrapy_crawl4.exceptions import DispatcherError

from .simulation import START, Limits, Reply, Run


def controller(dispatcher=None, *, clock=lambda: START, **options):
    return DispatchController(dispatcher or SemaphoreDispatcher(5), clock=clock, random=Random(0), **options)


def start_all(control):
    sessions = []
    while (session := control.start_next()) is not None:
        sessions.append(session)
    return sessions


def sample(percent):
    return MemorySample(1000 * percent, 100_000.0, 1000 * percent)


class Fixed(BaseDispatcher):
    """A policy without a rate limiter whose patience a test chooses."""

    def __init__(self, permits, fairness_timeout=1e9):
        super().__init__(max_session_permit=10**6)
        self.number = permits
        self.fairness_timeout = fairness_timeout

    def permits(self, load):
        return self.number


# Order


@given(st.lists(st.text(max_size=3), max_size=30))
def test_d21_start_order_is_input_order(urls):
    run = Run(SemaphoreDispatcher(2)).crawl((url, "h") for url in urls)
    assert [start.task for start in run.starts] == urls


def test_d21_hosts_take_turns_in_the_order_they_came():
    run = Run(SemaphoreDispatcher(1)).crawl((f"{host}{n}", host) for host in "zam" for n in range(3))
    assert [start.task for start in run.starts] == ["z0", "a0", "m0", "z1", "a1", "m1", "z2", "a2", "m2"]


def test_d21_tasks_need_not_be_comparable():
    run = Run(SemaphoreDispatcher(3)).crawl((task, "h") for task in [None, {}, 1, "b", object()])
    assert len(run.ends) == 5


def test_a_retried_task_goes_to_the_head_of_its_line():
    control = controller(SemaphoreDispatcher(1))
    for task in "abc":
        control.add(task, "h")
    control.requeue(control.start_next())
    session = control.start_next()
    assert (session.task, session.job.retries, session.job.sheds) == ("a", 1, 0)
    control.requeue(session, shed=True)
    session = control.start_next()
    assert (session.task, session.job.retries, session.job.sheds) == ("a", 1, 1)


# Hosts do not hold each other up


def test_d15_a_slow_host_with_half_of_the_tasks_delays_nobody():
    def crawl(tasks):
        policy = SemaphoreDispatcher(20, rate_limiter=RateLimiter(0))
        run = Run(policy, serve=lambda session: Reply(0.2), host_limits=slow.get)
        return run.crawl(tasks)

    slow = {"slow": Limits(delay=2.0)}
    fast = [(f"f{n}", f"fast{n % 20}") for n in range(1000)]
    both = [(f"s{n}", "slow") for n in range(1000)] + fast
    alone = max(end.at for end in crawl(fast).ends)
    mixed = crawl(both)
    beside = max(end.at for end in mixed.ends if end.task.startswith("f"))
    assert beside - START <= 1.1 * (alone - START)
    gaps = [after - before for before, after in pairwise(mixed.started("slow"))]
    assert len(gaps) == 999
    assert all(2 <= gap <= 2.2 + 1e-9 for gap in gaps), "late by one page at most, never early"


def test_d15_a_rate_limited_host_delays_nobody():
    run = Run(SemaphoreDispatcher(2, rate_limiter=RateLimiter(5)))
    run.crawl([(n, "slow") for n in range(50)] + [(f"h{n}", f"h{n}") for n in range(100)])
    assert max(end.at for end in run.ends if str(end.task).startswith("h")) - START <= 60


def test_invariant_3_no_permit_is_held_while_waiting():
    """One permit: while one host makes the others wait, the permit goes to who can use it."""
    run = Run(SemaphoreDispatcher(1, rate_limiter=RateLimiter(100)), serve=lambda session: Reply(1))
    run.add([(n, "slow") for n in range(3)] + [(n, LOCAL) for n in range(10)])
    run.loop.run(12)
    assert (run.controller.in_flight, run.controller.waiting) == (0, 2)
    assert run.controller.permits > run.controller.in_flight
    assert len(run.ends) == 11


def test_starts_are_fair_over_hosts():
    run = Run(SemaphoreDispatcher(3)).crawl(
        [(n, "big") for n in range(300)] + [(n, f"small{n % 9}") for n in range(90)]
    )
    before_last_small = [start for start in run.starts if start.at <= run.started("small8")[-1] + START]
    assert sum(start.host == "big" for start in before_last_small) <= 12


# Limits of hosts


def test_host_concurrency_is_respected():
    limits = Limits(concurrency=2)
    run = Run(SemaphoreDispatcher(10), host_limits={"a": limits}.get)
    run.crawl([(n, "a") for n in range(6)] + [(n, "b") for n in range(3)])
    assert run.started("a") == [0, 0, 1, 1, 2, 2]
    assert run.started("b") == [0, 0, 0]


def test_host_concurrency_is_respected_live():
    limits = Limits(concurrency=1)
    run = Run(SemaphoreDispatcher(10), host_limits={"a": limits}.get)
    run.add((n, "a") for n in range(12))
    run.loop.run(1.5)
    limits.concurrency = 4
    run.loop.run(1)
    limits.concurrency = 2
    run.loop.run()
    assert run.started("a") == [0, 1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_host_limit_lowered_while_its_next_task_waits_for_its_turn():
    limits = Limits(concurrency=2)
    control = controller(SemaphoreDispatcher(9), host_limits={"h": limits}.get)
    for task in "abc":
        control.add(task, "h")
    first = control.start_next()
    limits.concurrency = 1
    assert start_all(control) == []
    control.release(first)
    assert [session.task for session in start_all(control)] == ["b"]


def test_host_delay_is_respected_live():
    limits = Limits(delay=1)
    run = Run(SemaphoreDispatcher(10), host_limits={"a": limits}.get)
    run.add((n, "a") for n in range(6))
    run.loop.run(1.5)
    limits.delay = 10
    run.loop.run(1)
    limits.delay = 0
    run.loop.run()
    assert run.started("a") == [0, 1, 2, 12, 12, 12]


def test_the_longer_of_two_delays_counts():
    limits = {"slow": Limits(delay=3), "fast": Limits(delay=0.5)}
    run = Run(SemaphoreDispatcher(10, rate_limiter=RateLimiter(1)), host_limits=limits.get)
    run.crawl((n, host) for n in range(3) for host in limits)
    assert run.started("slow") == [0, 3, 6]
    assert run.started("fast") == [0, 1, 2]


def test_local_tasks_have_no_host_limits():
    def limits(host):
        raise AssertionError(host)

    assert len(Run(SemaphoreDispatcher(3), host_limits=limits).crawl((n, LOCAL) for n in range(5)).ends) == 5


# Permits and bookkeeping


def test_invariant_1_every_task_ends_once_whatever_happens():
    """Refusals, failures, duplicates, pressure and two hosts at a time."""
    random = Random(7)
    run = Run(
        MemoryAdaptiveDispatcher(rate_limiter=RateLimiter(0.1, max_retries=2), max_session_permit=8),
        serve=lambda session: Reply(random.random() * 3, random.choice([200, 200, 429, 404, None])),
        percent=lambda elapsed: 40 + (elapsed * 7) % 60,
    )
    tasks = [(n % 250, f"h{n % 11}") for n in range(500)]
    run.crawl(tasks)
    assert sorted(end.task for end in run.ends) == sorted(task for task, _ in tasks)
    assert len({id(end.job) for end in run.ends}) == 500
    assert run.sheds
    assert run.controller.statistics.done == 500


@given(st.integers(1, 30), st.integers(1, 60))
def test_invariant_2_in_flight_sessions_are_bounded(permits, tasks):
    run = Run(SemaphoreDispatcher(permits)).crawl((n, f"h{n % 7}") for n in range(tasks))
    assert run.most_in_flight == min(permits, tasks) == run.controller.statistics.max_in_flight


def test_invariant_5_runs_of_one_dispatcher_share_nothing():
    policy = MemoryAdaptiveDispatcher(rate_limiter=RateLimiter(1))
    before = dict(vars(policy))
    one = Run(policy, percent=lambda elapsed: 96)
    other = Run(policy, serve=lambda session: Reply(1, 429))
    one.add((f"a{n}", "h") for n in range(5))
    other.crawl((f"b{n}", "h") for n in range(5))
    assert (one.controller.waiting, one.starts) == (5, [])
    assert {end.task for end in other.ends} == {f"b{n}" for n in range(5)}
    assert vars(policy) == before


def test_d5_nothing_of_a_cancelled_run_is_in_the_next():
    policy = MemoryAdaptiveDispatcher()
    cancelled = Run(policy).add((f"old{n}", "h") for n in range(50))
    cancelled.driver.close()
    assert [end.task for end in Run(policy).crawl([("new", "h")]).ends] == ["new"]


def test_d6_concurrent_runs_of_one_dispatcher_keep_their_tasks():
    policy = MemoryAdaptiveDispatcher(max_session_permit=3, rate_limiter=RateLimiter(0.1))
    one = Run(policy)
    other = Run(policy, loop=one.loop)
    one.add((("one", n), "h") for n in range(20))
    other.add((("other", n), "h") for n in range(20))
    one.loop.run()
    assert [end.task for end in one.ends] == [("one", n) for n in range(20)]
    assert [end.task for end in other.ends] == [("other", n) for n in range(20)]


def test_progress_adds_up_at_every_moment():
    run = Run(SemaphoreDispatcher(3, rate_limiter=RateLimiter(1)), serve=lambda session: Reply(1.5, 200))
    run.add((n, f"h{n % 2}") for n in range(10))
    while run.loop.pending:
        run.loop.run(0.25)
        progress = run.controller.progress()
        assert progress.done + progress.waiting + progress.in_flight == 10
        assert progress.done == len(run.ends)
    assert progress.succeeded == 10
    assert progress.bytes_received == 10
    assert progress.pages_per_second == pytest.approx(10 / progress.elapsed)


def test_statistics_of_waits():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(1))).crawl((n, "h") for n in range(4))
    assert run.controller.statistics.wait_seconds == 0 + 1 + 2 + 3
    assert [end.job.waited for end in run.ends] == [0, 1, 2, 3]


def test_memory_of_a_session_is_that_of_its_own_time():
    control = controller()
    control.add("a", "h")
    control.sample(sample(40))
    session = control.start_next()
    for percent in (30, 70, 50):
        control.sample(sample(percent))
    assert (session.memory_at_start, session.memory_peak) == (40_000, 70_000)
    assert control.statistics.memory_peak_mb == 70_000
    control.sample(None)
    assert control.statistics.samples == 5


def test_discarding_removes_only_what_waits():
    control = controller(SemaphoreDispatcher(1))
    tasks = [["a"], ["b"], ["c"]]
    for task in tasks:
        control.add(task, "h")
    session = control.start_next()
    assert not control.discard(session.task, "h")
    assert control.discard(tasks[1], "h")
    assert not control.discard(tasks[1], "h")
    assert not control.discard(["c"], "h"), "an equal task is another task"
    assert not control.discard(tasks[2], "other")
    control.release(session)
    assert control.start_next().task == ["c"]
    assert (control.waiting, control.in_flight) == (0, 1)


def test_draining_returns_what_waits_in_order():
    control = controller(SemaphoreDispatcher(1))
    for task in "abcd":
        control.add(task, "h")
    session = control.start_next()
    assert [job.task for job in control.drain()] == ["b", "c", "d"]
    assert (control.waiting, control.in_flight, control.drain()) == (0, 1, [])
    control.add("e", "h")
    control.release(session)
    assert control.start_next().task == "e"


# Memory


def test_the_youngest_session_is_taken_back():
    control = controller(MemoryAdaptiveDispatcher())
    for task in "abc":
        control.add(task, "h")
    start_all(control)
    for youngest in "cb":
        session = control.sample(sample(96))
        assert session.task == youngest
        control.requeue(session, shed=True)
    assert control.sample(sample(96)) is None, "the last one goes on"
    assert control.start_next() is None
    control.sample(sample(50))
    assert [session.task for session in start_all(control)] == ["b", "c"]
    assert (control.statistics.shed, control.statistics.retried) == (2, 0)


def test_d10_memory_is_known_before_the_first_start():
    run = Run(MemoryAdaptiveDispatcher(), percent=lambda elapsed: 91)
    run.add((n, f"h{n}") for n in range(20))
    assert run.probe.samples == 1
    assert run.controller.in_flight == 1


# Cost and memory of the controller


def moves_for(tasks, hosts, lookahead=1000):
    control = controller(Fixed(50), clock=(clock := Ticking()))
    added = done = 0
    running = []
    while done < tasks:
        while added < tasks and control.waiting < lookahead:
            control.add(added, f"h{added * 7919 % hosts}")
            added += 1
        running += start_all(control)
        clock.now += 0.01
        control.release(running.pop(0))
        done += 1
        if done % 100 == 0:
            control.sample(None)
    return control._queues.moves / tasks


class Ticking:
    now = START

    def __call__(self):
        return self.now


def test_d11_operations_per_task_do_not_grow():
    small, large = moves_for(1_000, 50), moves_for(100_000, 5_000)
    assert large <= 1.5 * small
    assert large <= 4


def test_d11_a_line_of_any_length_costs_the_same():
    assert moves_for(10_000, 1, lookahead=10_000) <= 1.1 * moves_for(1_000, 1, lookahead=1_000)


def test_hosts_are_forgotten():
    clock = Ticking()
    control = controller(SemaphoreDispatcher(5, rate_limiter=RateLimiter(1)), clock=clock)
    most = 0
    for number in range(2000):
        control.add(number, f"h{number}")
        control.release(control.start_next())
        clock.now += 0.1
        if number % 10 == 0:
            control.sample(None)
            most = max(most, len(control._queues))
    assert most <= 25
    clock.now += 2
    control.sample(None)
    assert len(control._queues) == 0


def test_a_host_is_not_forgotten_while_its_delay_lasts():
    clock = Ticking()
    control = controller(SemaphoreDispatcher(5, rate_limiter=RateLimiter(10)), clock=clock)
    control.add("a", "h")
    control.release(control.start_next())
    clock.now += 9
    control.sample(None)
    control.add("b", "h")
    assert control.start_next() is None
    clock.now += 1
    assert control.start_next().task == "b"


def test_starts_of_one_host_stay_apart_over_a_long_run():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(0.1)), serve=lambda session: Reply(0.01))
    run.crawl((n, "h") for n in range(1000))
    assert all(after - before >= 0.1 - 1e-9 for before, after in pairwise(run.started()))


# Regressions


def test_a_discarded_tasks_host_is_forgotten():
    control = controller(clock=(clock := Ticking()))
    for number in range(10):
        control.add(number, f"h{number}")
        control.discard(number, f"h{number}")
    clock.now += 1
    control.sample(None)
    assert len(control._queues) == 0


def test_hosts_of_drained_tasks_are_forgotten():
    control = controller(clock=(clock := Ticking()))
    for number in range(10):
        control.add(number, f"h{number}")
    control.drain()
    clock.now += 1
    control.sample(None)
    assert len(control._queues) == 0


def test_back_off_outlives_an_idle_moment_before_it():
    """The host went idle once before it was refused; what was noted then must not forget the back-off."""
    clock = Ticking()
    control = controller(SemaphoreDispatcher(5, rate_limiter=RateLimiter(0)), clock=clock)
    control.add("a", "h")
    control.release(control.start_next())
    control.add("b", "h")
    session = control.start_next()
    clock.now += 0.5
    control.report("h", 429, started_at=session.started_at)
    control.release(session)
    clock.now += 5
    control.sample(None)
    assert control._queues.find("h").pace.backoff > 0
    clock.now += 60
    control.sample(None)
    assert len(control._queues) == 0


def test_a_session_ends_only_once():
    control = controller(SemaphoreDispatcher(1))
    control.add("a", "h")
    control.add("b", "h")
    session = control.start_next()
    control.release(session)
    with pytest.raises(ValueError, match=r"^Session 1 has ended already\.$"):
        control.requeue(session)
    with pytest.raises(ValueError, match=r"^Session 1 has ended already\.$"):
        control.release(session, failed=True)
    assert (control.waiting, control.in_flight) == (1, 0)
    assert (control.statistics.done, control.statistics.failed, control.statistics.retried) == (1, 0, 0)


def test_a_session_that_is_being_taken_back_is_not_asked_for_again():
    """Closing a page takes longer than one check; the next check takes the next session, never the last."""
    control = controller(MemoryAdaptiveDispatcher())
    for task in "abc":
        control.add(task, "h")
    start_all(control)
    first, second = control.sample(sample(96)), control.sample(sample(96))
    assert (first.task, second.task) == ("c", "b")
    assert control.sample(sample(96)) is None
    control.requeue(first, shed=True)
    control.release(second)
    assert control.sample(sample(96)) is None
    control.sample(sample(50))
    assert control.start_next().task == "c"
    assert control.sample(sample(96)).task == "c"


def test_a_raised_host_limit_is_seen_at_the_next_check():
    limits = Limits(concurrency=1)
    control = controller(SemaphoreDispatcher(9), host_limits={"h": limits}.get)
    for task in "abc":
        control.add(task, "h")
    assert len(start_all(control)) == 1
    limits.concurrency = 3
    control.sample(None)
    assert [session.task for session in start_all(control)] == ["b", "c"]


def test_a_host_limit_of_zero_pauses_a_host():
    limits = Limits(concurrency=0)
    control = controller(SemaphoreDispatcher(9), host_limits={"h": limits}.get)
    control.add("a", "h")
    assert start_all(control) == []
    limits.concurrency = 1
    control.sample(None)
    assert control.start_next().task == "a"


def crawl_old_and_new(fairness_timeout):
    """100 tasks of one host from the beginning; nine others get a new task each as soon as theirs is started."""

    def serve(session):
        if session.job.host != "old":
            run.controller.add(session.task, session.job.host)
        return Reply(1)

    run = Run(Fixed(1, fairness_timeout), serve=serve)
    run.add([(n, "old") for n in range(100)] + [("new", f"new{n}") for n in range(9)])
    run.loop.run(899.5)
    return run.started("old")


def test_fairness_timeout_puts_the_longest_waiting_task_first():
    patient = crawl_old_and_new(1e9)
    assert len(patient) == 90, "every host in its turn"
    bounded = crawl_old_and_new(100)
    assert bounded[:10] == patient[:10]
    assert bounded[-1] < 250, "those that waited longer than the timeout go before all others"
    assert len(bounded) == 100


def test_fairness_timeout_does_not_shorten_a_delay():
    policy = MemoryAdaptiveDispatcher(fairness_timeout=1, rate_limiter=RateLimiter(3))
    run = Run(policy).crawl((n, f"h{n % 2}") for n in range(20))
    assert run.started("h0") == run.started("h1") == [3 * n for n in range(10)]


def test_expired_tasks_count_as_failed():
    run = Run(SemaphoreDispatcher(1)).add((n, "h") for n in range(4))
    run.loop.run(1.5)
    for job in run.controller.drain(failed=True):
        assert job.task in (2, 3)
    progress = run.controller.progress()
    assert (progress.done, progress.failed, progress.waiting, progress.in_flight) == (3, 2, 0, 1)


@pytest.mark.parametrize("answer", [None, "3", 2.5, float("nan"), [3]], ids=repr)
def test_an_answer_that_is_no_number_of_permits_is_named(answer):
    control = controller(Fixed(answer))
    control.add("a", "h")
    with pytest.raises(DispatcherError, match=r"^Fixed\.permits\(\) must return a whole number, got "):
        control.start_next()
    assert control.waiting == 1


def test_a_rate_limiter_of_a_custom_dispatcher_is_checked():
    class Custom(BaseDispatcher):
        def permits(self, load):
            return 1

    with pytest.raises(ValueError, match=r"^rate_limiter must be a RateLimiter or None, got int\.$"):
        Custom(rate_limiter=3)
