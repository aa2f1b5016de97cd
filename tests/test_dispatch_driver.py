"""The driver on a simulated loop: one timer for starts, one for samples, and pressure that always ends."""

import pytest

from scrapy_crawl4.dispatch import (
    BaseDispatcher,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
)

from .simulation import START, Reply, Run


def tasks(number, hosts=1):
    return [(n, f"h{n % hosts}") for n in range(number)]


def errors(run):
    return {end.task: end.error for end in run.ends}


class Odd(BaseDispatcher):
    """A policy whose answer a test writes."""

    memory_wait_timeout = None

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def permits(self, load):
        return self.answer(load)


# Timers


def test_invariant_2_one_timer_for_starts_whatever_waits():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(10)), serve=lambda session: Reply(0))
    run.add(tasks(100, hosts=7))
    run.loop.run(0.5)
    assert len(run.loop.pending) == 2, "a wake-up and a sample"
    run.loop.run(25)
    assert len(run.loop.pending) == 2
    assert len(run.starts) == 21


def test_the_wakeup_is_at_the_time_of_the_next_start():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(7.5)), serve=lambda session: Reply(0))
    run.add(tasks(2))
    run.loop.run(0.5)
    assert [timer.when - START for timer in run.loop.pending] == [1, 7.5]


def test_an_earlier_start_moves_the_wakeup_forward():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(0)), serve=lambda session: Reply(0))
    run.controller.report("patient", 429, started_at=START, retry_after=50)
    run.controller.report("soon", 429, started_at=START, retry_after=20)
    run.add([("a", "patient")])
    run.add([("b", "soon")])
    assert [timer.when - START for timer in run.loop.pending] == [1, 20]
    run.loop.run()
    assert run.started() == [20, 50]


def test_d11_no_polling_while_nothing_can_change():
    """An hour of waiting for one host costs a sample a second and one wake-up."""
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(3600, 3600)), serve=lambda session: Reply(0))
    run.crawl(tasks(2))
    assert run.started() == [0, 3600]
    assert run.loop.fired <= 3600 + 5


def test_samples_are_taken_only_while_there_is_work():
    run = Run(MemoryAdaptiveDispatcher(check_interval=2), percent=lambda elapsed: 50, serve=lambda session: Reply(9))
    run.crawl([("a", "h")])
    assert run.probe.samples == 5, "at 0, 2, 4, 6 and 8"
    assert run.loop.pending == []
    run.loop.run(100)
    run.crawl([("b", "h")])
    assert run.probe.samples == 10


def test_invariant_7_check_interval_sets_the_pace_of_samples():
    for interval in (0.5, 3.0):
        run = Run(MemoryAdaptiveDispatcher(check_interval=interval), percent=lambda elapsed: 50)
        run.add([("a", "h")])
        assert [timer.when - START for timer in run.loop.pending] == sorted([1.0, interval])


def test_invariant_6_nothing_is_left_when_all_tasks_ended():
    run = Run(MemoryAdaptiveDispatcher(rate_limiter=RateLimiter(0.3)), percent=lambda elapsed: 60)
    run.crawl(tasks(30, hosts=4))
    assert run.loop.pending == []
    assert (run.controller.waiting, run.controller.in_flight) == (0, 0)


def test_invariant_6_close_leaves_no_timer():
    run = Run(SemaphoreDispatcher(2, rate_limiter=RateLimiter(5))).add(tasks(10))
    run.driver.close()
    assert len(run.loop.pending) == 1, "the fetch that is under way belongs to the run"
    run.loop.run()
    run.driver.pump()
    run.driver.close()
    assert len(run.starts) == 1


# Pressure


def test_d1_pressure_at_the_start_loses_nothing():
    """96 % of memory for 20 s, then 50 %."""
    run = Run(MemoryAdaptiveDispatcher(), percent=lambda elapsed: 96 if elapsed < 20 else 50)
    run.crawl(tasks(5))
    assert errors(run) == dict.fromkeys(range(5))
    assert min(run.started()) == 20


@pytest.mark.parametrize("percent", [85, 86, 87.5, 89.9, 90, 92, 94.9])
def test_d7_memory_between_the_thresholds_never_stalls(percent):
    run = Run(MemoryAdaptiveDispatcher(), percent=lambda elapsed: percent)
    run.crawl(tasks(50, hosts=5))
    assert errors(run) == dict.fromkeys(range(50))
    assert run.loop.now - START <= 51


def test_d2_a_task_taken_back_is_one_result():
    """Critical for 3 s in the middle: sessions go back one at each check, and come again."""
    run = Run(
        MemoryAdaptiveDispatcher(max_session_permit=6),
        serve=lambda session: Reply(4.5),
        percent=lambda elapsed: 97 if 2 <= elapsed < 5 else 40,
    )
    run.crawl(tasks(12, hosts=12))
    assert run.sheds == [5, 4, 3]
    assert sorted(end.task for end in run.ends) == list(range(12))
    assert {end.error for end in run.ends} == {None}
    assert {end.task: end.job.sheds for end in run.ends if end.job.sheds} == {3: 1, 4: 1, 5: 1}
    assert run.controller.statistics.shed == 3
    assert run.controller.statistics.retried == 0


def test_pressure_for_ever_lets_the_last_session_end():
    run = Run(
        MemoryAdaptiveDispatcher(memory_wait_timeout=30),
        serve=lambda session: Reply(10),
        percent=lambda elapsed: 97 if elapsed >= 1 else 40,
    )
    run.crawl(tasks(3, hosts=3))
    assert run.sheds == [2, 1]
    assert errors(run)[0] is None
    assert set(errors(run)) == {0, 1, 2}


def test_d8_memory_wait_timeout_ends_only_what_waits():
    run = Run(
        MemoryAdaptiveDispatcher(max_session_permit=2, memory_wait_timeout=30),
        percent=lambda elapsed: 40 if elapsed < 3 else 96,
    )
    run.crawl(tasks(20))
    good = [task for task, error in errors(run).items() if error is None]
    sentence = (
        "Memory allowed no start for 30 s (memory_wait_timeout): 96000 of 100000 MB in use; "
        "raise the limit or lower max_session_permit."
    )
    assert good == [0, 1, 2, 3, 4], "5 was taken back"
    assert {error for error in errors(run).values() if error} == {sentence}
    assert len(run.ends) == 20
    assert run.ends[-1].at - START == pytest.approx(34, abs=1)


def test_d8_a_new_run_after_a_timeout_starts_at_once():
    policy = MemoryAdaptiveDispatcher(memory_wait_timeout=5)
    run = Run(policy, percent=lambda elapsed: 96).crawl(tasks(2))
    assert all(error.startswith("Memory allowed no start for 5 s") for error in errors(run).values())
    assert errors(Run(policy, percent=lambda elapsed: 50).crawl(tasks(2))) == {0: None, 1: None}


def test_d8_the_same_run_goes_on_after_a_timeout():
    run = Run(
        MemoryAdaptiveDispatcher(memory_wait_timeout=5), percent=lambda elapsed: 96 if elapsed < 50 else 40
    ).crawl([("old", "h")])
    run.loop.run(100)
    run.crawl([("new", "h")])
    assert errors(run)["old"]
    assert errors(run)["new"] is None


def test_waiting_for_a_host_is_no_wait_for_memory():
    policy = MemoryAdaptiveDispatcher(memory_wait_timeout=10, rate_limiter=RateLimiter(500, 500))
    run = Run(policy, percent=lambda elapsed: 92).crawl(tasks(3))
    assert errors(run) == dict.fromkeys(range(3))


def test_a_long_session_is_no_wait_for_memory():
    run = Run(
        MemoryAdaptiveDispatcher(memory_wait_timeout=10),
        serve=lambda session: Reply(100),
        percent=lambda elapsed: 96 if 1 <= elapsed < 105 else 40,
    )
    run.crawl([*tasks(1), ("b", "other")])
    assert errors(run) == {0: None, "b": None}


def test_memory_wait_timeout_none_waits_for_ever():
    run = Run(MemoryAdaptiveDispatcher(memory_wait_timeout=None), percent=lambda elapsed: 96)
    run.add(tasks(1))
    run.loop.run(5000)
    assert run.ends == []
    assert run.controller.waiting == 1


def test_d20_ticks_need_no_watcher_and_tell_the_one_there_is():
    run = Run(MemoryAdaptiveDispatcher(), serve=lambda session: Reply(3.5))
    seen = []
    run.driver.on_tick = lambda: seen.append(run.controller.progress().in_flight)
    run.crawl(tasks(1))
    assert seen == [1, 1, 1]


# Policies that fail


def boom(load):
    raise RuntimeError("no\nidea /home/me/policy.py")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (boom, "The dispatcher Odd failed: RuntimeError: no idea /home/me/policy.py."),
        (lambda load: {}["x"], "The dispatcher Odd failed: KeyError: 'x'."),
        (lambda load: [].pop(0), "The dispatcher Odd failed: IndexError: pop from empty list."),
        (lambda load: None, "Odd.permits() must return a whole number, got None."),
        (lambda load: "many", "Odd.permits() must return a whole number, got 'many'."),
        (lambda load: 2.5, "Odd.permits() must return a whole number, got 2.5."),
        (lambda load: float("nan"), "Odd.permits() must return a whole number, got nan."),
    ],
    ids=["raises", "key", "index", "none", "text", "fraction", "nan"],
)
def test_invariant_7_a_broken_policy_ends_what_waits_with_one_sentence(answer, sentence):
    run = Run(Odd(answer)).crawl(tasks(3, hosts=2))
    assert errors(run) == dict.fromkeys(range(3), sentence)
    assert run.starts == []


def test_a_policy_without_words_is_named():
    def silent(load):
        raise TimeoutError

    assert set(errors(Run(Odd(silent)).crawl(tasks(1))).values()) == {"The dispatcher Odd failed: TimeoutError."}


def test_a_policy_that_breaks_later_keeps_what_is_done_and_what_runs():
    run = Run(Odd(lambda load: 2 if load.done < 3 else boom(load))).crawl(tasks(8))
    good = [task for task, error in errors(run).items() if error is None]
    assert good == [0, 1, 2, 3]
    assert len(run.ends) == 8


def test_a_policy_that_breaks_at_a_check():
    run = Run(Odd(lambda load: boom(load) if load.elapsed >= 2 else 1), serve=lambda session: Reply(9.5))
    run.crawl(tasks(3))
    assert errors(run)[0] is None
    assert {run.ends[0].at - START, run.ends[1].at - START} == {2}


def test_a_broken_policy_is_asked_again_for_tasks_that_come_later():
    run = Run(Odd(boom)).crawl(tasks(2))
    run.crawl([("late", "h")])
    assert len(run.ends) == 3


def test_sheds_that_raises_is_a_broken_policy():
    class Shedding(Odd):
        def sheds(self, load):
            raise ValueError("no")

    run = Run(Shedding(lambda load: 1)).crawl(tasks(2))
    assert errors(run) == {0: None, 1: "The dispatcher Shedding failed: ValueError: no."}


# Regressions: whoever is called back may close, add and end tasks at once


def test_close_from_within_expire_leaves_no_timer():
    run = Run(MemoryAdaptiveDispatcher(memory_wait_timeout=5, check_interval=60), percent=lambda elapsed: 96)
    expire = run.driver._expire

    def end_all(reason):
        expire(reason)
        run.driver.close()

    run.driver._expire = end_all
    run.crawl(tasks(2))
    assert len(run.ends) == 2
    assert run.loop.now - START == 60, "no timer ran after the close"


def test_close_from_within_a_start_starts_nothing_more():
    run = Run(SemaphoreDispatcher(5, rate_limiter=RateLimiter(1)))
    start = run.driver._start

    def start_and_close(session):
        start(session)
        run.driver.close()

    run.driver._start = start_and_close
    run.add(tasks(9, hosts=3))
    assert len(run.starts) == 1
    assert len(run.loop.pending) == 1, "the fetch"


def test_close_from_within_a_tick_leaves_no_timer():
    run = Run(SemaphoreDispatcher(5), serve=lambda session: Reply(10))
    run.driver.on_tick = run.driver.close
    run.add(tasks(1))
    run.loop.run(1)
    assert len(run.loop.pending) == 1, "the fetch"


def test_tasks_added_while_a_broken_policy_is_given_up_end_too():
    """Ending what waits makes room for the next element of the input, which is added on the spot."""
    run = Run(Odd(boom))
    expire, more = run.driver._expire, iter("abcd")

    def expire_and_read_on(reason):
        expire(reason)
        for task in more:
            run.add([(task, "h")])
            break

    run.driver._expire = expire_and_read_on
    run.add(tasks(1))
    run.loop.run(10)
    assert [end.task for end in run.ends] == [0, "a", "b", "c", "d"]
    assert run.loop.pending == []


def test_a_start_that_ends_at_once_starts_the_next():
    run = Run(SemaphoreDispatcher(1))

    def end_at_once(session):
        run.controller.release(session)
        run.driver.pump()

    run.driver._start = end_at_once
    run.add(tasks(3000))
    assert run.controller.statistics.done == 3000


def test_a_watcher_that_raises_does_not_stop_the_run():
    run = Run(MemoryAdaptiveDispatcher(), percent=lambda elapsed: 96 if elapsed < 5 else 40)

    def raises():
        raise RuntimeError("the screen is gone")

    run.driver.on_tick = raises
    run.add(tasks(1))
    for _ in range(4):
        with pytest.raises(RuntimeError, match="the screen is gone"):
            run.loop.run(1)
    run.driver.on_tick = None
    run.loop.run()
    assert errors(run) == {0: None}


def test_samples_go_on_while_somebody_outside_waits():
    run = Run(MemoryAdaptiveDispatcher(), percent=lambda elapsed: 96)
    run.driver.watchers = 1
    run.driver.refresh()
    run.loop.run(3)
    assert run.probe.samples == 4
    run.driver.refresh()
    assert run.probe.samples == 4, "the last sample is fresh"
    run.driver.watchers = 0
    run.loop.run()
    assert run.loop.pending == []
    run.driver.close()
    run.driver.refresh()
    assert (run.probe.samples, run.loop.pending) == (4, [])


def test_results_that_nobody_takes_hold_permits_back():
    run = Run(SemaphoreDispatcher(3))
    run.controller.hold(2)
    run.add(tasks(5, hosts=5))
    run.loop.run(10)
    assert len(run.starts) == 5, "one at a time"
    assert run.most_in_flight == 1
    run.controller.hold(1)
    run.add(tasks(5))
    run.loop.run(10)
    assert len(run.starts) == 5
    run.controller.hold(-3)
    run.driver.pump()
    run.loop.run()
    assert len(run.ends) == 10
    assert run.most_in_flight == 3
