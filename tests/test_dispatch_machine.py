"""Any interleaving of start, end, refusal, pressure, cancellation and time, against a plain model."""

from collections import deque
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scrapy_crawl4.dispatch import (
    LOCAL,
    BaseDispatcher,
    DispatchController,
    MemoryAdaptiveDispatcher,
    MemorySample,
    RateLimiter,
)

from .simulation import START, Limits, Reply, Run

HOSTS = ["a", "b", "c", "limited", LOCAL]
DELAY = 1.0
PERMITS = 4
EXACT = 1e-9


class ControllerMachine(RuleBasedStateMachine):
    """The model holds lines of task numbers and the times of starts; the controller must agree after every step."""

    fairness_timeout = 1e9

    def __init__(self):
        super().__init__()
        self.now = START
        self.limits = Limits(concurrency=2)
        self.control = DispatchController(
            MemoryAdaptiveDispatcher(
                max_session_permit=PERMITS,
                rate_limiter=RateLimiter(DELAY, max_delay=8, max_retries=2),
                fairness_timeout=self.fairness_timeout,
            ),
            host_limits={"limited": self.limits}.get,
            clock=lambda: self.now,
            random=Random(0),
        )
        self.percent = None
        self.number = 0
        self.lines = {host: deque() for host in HOSTS}
        self.running = []
        self.leaving = []
        self.ended = []
        self.last_start = {}
        self.required = {}
        self.not_before = dict.fromkeys(HOSTS, START)
        self.overtaken = {host: dict.fromkeys(HOSTS, 0) for host in HOSTS}

    # What the model says

    def may_start(self, host):
        if not self.lines[host]:
            return False
        if host == "limited" and self.in_flight(host) >= self.limits.concurrency:
            return False
        state = self.control._queues.find(host)
        return state.may_start_at <= self.now

    def in_flight(self, host):
        return sum(session.job.host == host for session in self.running)

    def took(self, session):
        host = session.job.host
        assert session.task == self.lines[host].popleft(), "first come, first served within a host"
        self.running.append(session)
        assert self.now >= self.not_before[host] - EXACT, "a host that asked for patience got it"
        if host != LOCAL:
            delay = max(DELAY, self.limits.delay) if host == "limited" else DELAY
            assert self.now - self.last_start.get(host, -1e9) >= self.required.get(host, 0) - EXACT
            self.required[host] = delay
        self.last_start[host] = self.now
        self.note_turn(host)

    def note_turn(self, host):
        """Nobody that may start is overtaken twice by the same host."""
        self.overtaken[host] = dict.fromkeys(HOSTS, 0)
        self.count_anew()
        for other in HOSTS:
            if other != host and self.may_start(other):
                self.overtaken[other][host] += 1
                assert self.overtaken[other][host] <= self.most_overtakings, (other, host)

    most_overtakings = 1

    # Rules

    @rule(host=st.sampled_from(HOSTS), many=st.integers(1, 3))
    def add(self, host, many):
        for _ in range(many):
            self.control.add(self.number, host)
            self.lines[host].append(self.number)
            self.number += 1

    @rule(most=st.integers(1, 6))
    def start(self, most):
        for _ in range(most):
            expected = len(self.running) < self.control.permits and any(map(self.may_start, HOSTS))
            session = self.control.start_next()
            assert (session is not None) == expected, "a permit was lost or invented"
            if session is None:
                wakeup = self.control.wakeup_at()
                assert wakeup is None or wakeup > self.now, "whoever waits for the wake-up would spin"
                return
            self.took(session)
            assert len(self.running) <= self.control.permits <= PERMITS

    @precondition(lambda self: self.running)
    @rule(data=st.data(), failed=st.booleans())
    def finish(self, data, failed):
        session = self.pop(data)
        self.control.report(session.job.host, 500 if failed else 200, started_at=session.started_at)
        self.control.release(session, failed=failed)
        self.ended.append(session.task)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), retry_after=st.none() | st.floats(0, 20))
    def refuse(self, data, retry_after):
        session = self.pop(data)
        host = session.job.host
        refused = self.control.report(host, 429, started_at=session.started_at, retry_after=retry_after)
        assert refused == (host != LOCAL)
        if refused:
            self.not_before[host] = max(self.not_before[host], self.now + min(retry_after or 0, 8))
            # It lost its place by its own doing.
            self.overtaken[host] = dict.fromkeys(HOSTS, 0)
        if refused and self.control.may_retry(session):
            self.requeue(session)
        else:
            assert session.job.retries >= 2 or not refused
            self.control.release(session, failed=True)
            self.ended.append(session.task)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def no_response(self, data):
        session = self.pop(data)
        assert not self.control.report(session.job.host, None, started_at=session.started_at)
        self.requeue(session)

    @rule(percent=st.none() | st.sampled_from([50, 86, 89, 92, 97]), at_once=st.booleans())
    def check(self, percent, at_once):
        self.percent = percent
        before = self.control._pressure.granted
        session = self.control.sample(
            None if percent is None else MemorySample(1000 * percent, 100_000, 1000 * percent)
        )
        assert self.control.permits <= before + 1, "one step at a time"
        if session is None:
            staying = [each for each in self.running if not each.taken_back]
            assert percent != 97 or len(staying) <= 1
            return
        assert percent == 97
        assert session.number == max(each.number for each in self.running if each not in self.leaving)
        self.leaving.append(session)
        if at_once:
            self.put_back()

    @precondition(lambda self: self.leaving)
    @rule()
    def put_back(self):
        """A session on its way out is gone at last."""
        session = self.leaving.pop(0)
        self.running.remove(session)
        self.requeue(session, shed=True)

    @precondition(lambda self: any(self.lines.values()))
    @rule(data=st.data())
    def discard(self, data):
        host = data.draw(st.sampled_from([host for host in HOSTS if self.lines[host]]))
        task = data.draw(st.sampled_from(list(self.lines[host])))
        assert self.control.discard(task, host)
        self.lines[host].remove(task)
        self.ended.append(task)
        if not self.lines[host]:
            self.overtaken[host] = dict.fromkeys(HOSTS, 0)

    @rule(failed=st.booleans())
    def drain(self, failed):
        if self.number % 5:
            return  # Seldom, so that lines have time to grow.
        drained = [job.task for job in self.control.drain(failed=failed)]
        assert sorted(drained) == sorted(task for line in self.lines.values() for task in line)
        self.ended += drained
        for line in self.lines.values():
            line.clear()
        # Who comes now has not been overtaken yet.
        self.overtaken = {host: dict.fromkeys(HOSTS, 0) for host in HOSTS}

    @rule(concurrency=st.integers(0, 3), delay=st.sampled_from([0, 0.5, 3]))
    def change_limits(self, concurrency, delay):
        """Told to the controller by the next check at the latest."""
        self.limits.concurrency, self.limits.delay = concurrency, delay
        self.control._queues.recheck(self.now)

    @rule(seconds=st.sampled_from([0.1, 0.5, 1, 3, 10, 100]))
    def pass_time(self, seconds):
        self.now += seconds

    @precondition(lambda self: self.control.wakeup_at() is not None)
    @rule()
    def sleep_until_wakeup(self):
        self.now = max(self.now, self.control.wakeup_at())

    def pop(self, data):
        session = data.draw(st.sampled_from(self.running), label="session")
        self.running.remove(session)
        if session in self.leaving:
            self.leaving.remove(session)
        return session

    def requeue(self, session, *, shed=False):
        self.control.requeue(session, shed=shed)
        self.lines[session.job.host].appendleft(session.task)

    # What holds at every moment

    @invariant()
    def count_anew(self):
        """Who may not start, for whatever reason, is overtaken by nobody."""
        for host in HOSTS:
            if not self.may_start(host):
                self.overtaken[host] = dict.fromkeys(HOSTS, 0)

    @invariant()
    def counts_agree(self):
        waiting = sum(map(len, self.lines.values()))
        assert (self.control.waiting, self.control.in_flight) == (waiting, len(self.running))
        assert self.control.busy == bool(waiting or self.running)
        assert waiting + len(self.running) + len(self.ended) == self.number

    @invariant()
    def every_task_is_in_one_place(self):
        tasks = [task for line in self.lines.values() for task in line]
        tasks += [session.task for session in self.running] + self.ended
        assert sorted(tasks) == list(range(self.number))

    @invariant()
    def a_wakeup_is_announced_when_time_alone_can_start_something(self):
        if len(self.running) >= self.control.permits:
            return
        times = [
            self.control._queues.find(host).may_start_at
            for host in HOSTS
            if self.lines[host] and (host != "limited" or self.in_flight(host) < self.limits.concurrency)
        ]
        if times:
            assert self.control.wakeup_at() is not None
            assert self.control.wakeup_at() <= max(min(times), self.now) + EXACT

    def teardown(self):
        """Calm returns: everything ends, and nothing is left."""
        self.limits.concurrency, self.limits.delay = 3, 0
        for _ in range(20 * (self.number + 2)):
            self.control.sample(None)
            while (session := self.control.start_next()) is not None:
                self.took(session)
            for session in self.running:
                self.control.release(session)
                self.ended.append(session.task)
            self.running.clear()
            if not self.control.busy:
                break
            self.now = max(self.now, self.control.wakeup_at() or self.now)
        assert sorted(self.ended) == list(range(self.number))
        self.now += 1000
        self.control.sample(None)
        assert len(self.control._queues) == 0
        assert not self.control._queues._full
        assert not self.control._sessions


class ImpatientMachine(ControllerMachine):
    """The same with a fairness_timeout so short that most tasks reach it: order between hosts aside, all holds."""

    fairness_timeout = 0.5
    most_overtakings = 10**9


ControllerMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
ImpatientMachine.TestCase.settings = settings(max_examples=50, stateful_step_count=60, deadline=None)
TestController = ControllerMachine.TestCase
TestImpatientController = ImpatientMachine.TestCase


# The same under the driver: whatever servers and memory do, every task ends once


@st.composite
def policies(draw):
    limiter = draw(st.none() | st.builds(RateLimiter, st.sampled_from([0, 0.1, 2]), st.just(5), st.integers(0, 2)))
    return MemoryAdaptiveDispatcher(
        max_session_permit=draw(st.integers(1, 9)),
        check_interval=draw(st.sampled_from([0.3, 1, 7])),
        memory_wait_timeout=draw(st.none() | st.sampled_from([5, 60])),
        fairness_timeout=draw(st.sampled_from([1, 600])),
        rate_limiter=limiter,
    )


@settings(max_examples=150, deadline=None)
@given(policies(), st.integers(0, 2**20), st.lists(st.sampled_from("abcd"), max_size=40), st.lists(st.floats(0, 120)))
def test_invariant_1_every_task_ends_once_under_any_weather(policy, seed, hosts, weather):
    random = Random(seed)

    def percent(elapsed):
        position = int(elapsed / 4)
        return weather[position] if position < len(weather) else 50

    def serve(session):
        return Reply(random.choice([0, 0.2, 1, 9]), random.choice([200, 200, 429, 500, None]), random.choice([None, 3]))

    run = Run(policy, serve=serve, percent=percent, seed=seed)
    run.crawl(enumerate(hosts))
    assert sorted(end.task for end in run.ends) == list(range(len(hosts)))
    assert run.loop.pending == []
    assert run.most_in_flight <= policy.max_session_permit


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 12), min_size=1, max_size=20), st.integers(1, 40))
def test_any_policy_that_permits_something_now_and_then_ends_every_task(answers, tasks):
    class Moody(BaseDispatcher):
        def permits(self, load):
            return answers[int(load.elapsed) % len(answers)]

    if max(answers) <= 0:
        return
    run = Run(Moody(), serve=lambda session: Reply(0.5)).crawl((n, f"h{n % 3}") for n in range(tasks))
    assert len(run.ends) == tasks
    assert run.most_in_flight <= max(answers)
