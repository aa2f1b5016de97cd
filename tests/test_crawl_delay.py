"""What robots.txt says about pace: Crawl-delay and Request-rate."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.dispatch import LOCAL, DispatchController, RateLimiter, SemaphoreDispatcher

from .simulation import Limits, Loop, Reply, Run

# The controller, in simulated time


def gaps(run, host="h"):
    return [after - before for before, after in pairwise(run.started(host))]


def slow_run(*, dispatcher=None, **options):
    return Run(dispatcher or SemaphoreDispatcher(5), serve=lambda session: Reply(0.1), **options)


def test_a_host_keeps_the_interval_it_asked_for():
    run = slow_run()
    run.controller.slow_down("h", 0.3)
    run.crawl([(n, "h") for n in range(10)] + [(n, "other") for n in range(10)])
    assert run.started("h")[0] == 0
    assert gaps(run) == pytest.approx([0.3] * 9)
    assert max(run.started("other")) < 0.3, "nobody else is slowed down"


def test_it_counts_from_the_moment_it_is_learnt():
    run = slow_run().add((n, "h") for n in range(7))
    assert run.started() == [0] * 5
    run.loop.run(0.05)
    run.controller.slow_down("h", 2.0)
    run.loop.run()
    assert run.started()[5:] == pytest.approx([2.05, 4.05])


@pytest.mark.parametrize(
    ("limiter", "delay", "asked", "kept"),
    [
        (None, 0.0, 3.0, 3.0),
        (None, 0.0, 86400.0, 60.0),
        (RateLimiter(1.0), 0.0, 3.0, 3.0),
        (RateLimiter(5.0), 0.0, 3.0, 5.0),
        (RateLimiter(0.0, max_delay=2.0), 0.0, 3.0, 2.0),
        (None, 4.0, 3.0, 4.0),
        (None, 1.0, 3.0, 3.0),
    ],
)
def test_it_is_a_lower_bound_that_max_delay_caps(limiter, delay, asked, kept):
    limits = {"h": Limits(delay=delay)}
    run = slow_run(dispatcher=SemaphoreDispatcher(5, rate_limiter=limiter), host_limits=limits.get)
    run.controller.slow_down("h", asked)
    run.crawl((n, "h") for n in range(4))
    assert gaps(run) == pytest.approx([kept] * 3)


def test_the_longest_counts_and_lasts_for_the_run():
    run = slow_run()
    for seconds in (0.1, 3.0, 1.0, 0.0):
        run.controller.slow_down("h", seconds)
    run.crawl([("a", "h"), ("b", "h")])
    run.loop.run(1000)
    run.controller.sample(None)
    assert len(run.controller._queues) == 0, "an idle host is forgotten"
    run.add([("c", "h"), ("d", "h")]).loop.run()
    assert gaps(run) == pytest.approx([3.0, run.started()[2] - 3.0, 3.0])


def test_local_tasks_are_never_slowed_down():
    run = slow_run()
    run.controller.slow_down(LOCAL, 5.0)
    run.crawl((n, LOCAL) for n in range(5))
    assert run.started() == [0] * 5


def test_a_raised_limit_is_seen_at_once():
    limits = Limits(concurrency=1)
    run = slow_run(host_limits=lambda host: limits).add((n, "h") for n in range(3))
    assert len(run.starts) == 1
    limits.concurrency = 8
    run.controller.slow_down("h", 0.0)
    run.driver.pump()
    assert len(run.starts) == 3


@given(
    asked=st.lists(st.tuples(st.floats(0, 5), st.sampled_from("ab"), st.floats(0, 3)), max_size=6),
    base=st.floats(0, 1),
    seed=st.integers(0, 10),
)
def test_no_two_starts_are_closer_than_what_was_asked_before(asked, base, seed):
    run = slow_run(dispatcher=SemaphoreDispatcher(3, rate_limiter=RateLimiter(base, max_delay=2.0)), seed=seed)
    told = {"a": [], "b": []}

    def tell(host, seconds):
        told[host].append((run.loop.now, min(seconds, 2.0)))
        run.controller.slow_down(host, seconds)
        run.driver.pump()

    for when, host, seconds in asked:
        run.loop.call_later(when, lambda host=host, seconds=seconds: tell(host, seconds))
    run.add((n, "ab"[n % 2]) for n in range(20))
    run.loop.run()
    assert len(run.ends) == 20
    for host, said in told.items():
        for before, after in pairwise(start.at for start in run.starts if start.host == host):
            known = max((seconds for when, seconds in said if when < before), default=0.0)
            assert after - before >= max(known, base) - 1e-9


def test_moves_do_not_grow_with_what_is_told():
    loop = Loop()
    control = DispatchController(SemaphoreDispatcher(1), clock=loop.time, random=Random(0))
    for number in range(1000):
        control.slow_down(f"h{number % 10}", 1.0)
    assert control._queues.moves == 0
    assert len(control._queues) == 0, "hosts without tasks have no state"
