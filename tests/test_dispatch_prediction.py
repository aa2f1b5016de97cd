"""Pages of any size, announced and arriving in any order, under any pressure: every task ends once."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scrapy_crawl4.dispatch import DispatchController, MemoryAdaptiveDispatcher, MemorySample

LIMIT_MB = 1000
SIZES = st.sampled_from([0, 20_000, 2_000_000, 12_000_000, 30_000_000, 90_000_000])


class PredictionMachine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.now = 1000.0
        self.control = DispatchController(MemoryAdaptiveDispatcher(max_session_permit=6), clock=lambda: self.now)
        self.control.sample(MemorySample(100, LIMIT_MB, 100))
        self.running = []
        self.ended = []
        self.number = 0

    @rule(host=st.sampled_from("abc"), many=st.integers(1, 4))
    def add(self, host, many):
        for _ in range(many):
            self.control.add(self.number, host)
            self.number += 1

    @rule()
    def start(self):
        while (session := self.control.start_next()) is not None:
            self.running.append(session)
            assert len(self.running) <= 6

    @precondition(lambda self: self.running)
    @rule(data=st.data(), size=SIZES, arrives=st.booleans())
    def grow(self, data, size, arrives):
        session = data.draw(st.sampled_from(self.running))
        report = self.control.receive if arrives else self.control.declare
        if report(session, size):
            self.end(session, failed=True)
        staying = len(self.running)
        while (back := self.control.take_back()) is not None:
            assert back in self.running
            staying -= 1
            self.running.remove(back)
            self.control.requeue(back, shed=True)
        assert self.control.take_back() is None
        assert staying == len(self.running)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def work(self, data):
        session = data.draw(st.sampled_from(self.running))
        self.control.work(session)
        back = self.control.sample(MemorySample(900, LIMIT_MB, 900))
        assert back is not session, "to cancel a page that is being worked on frees nothing"
        if back is not None:
            self.running.remove(back)
            self.control.requeue(back, shed=True)
        self.control.worked(session)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), size=SIZES)
    def finish(self, data, size):
        self.end(data.draw(st.sampled_from(self.running)), size=size)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def cancel(self, data):
        session = data.draw(st.sampled_from(self.running))
        self.running.remove(session)
        self.control.requeue(session)

    @rule(used=st.sampled_from([100, 500, 860, 930, 970, 1100]), seconds=st.sampled_from([0.1, 1, 60]))
    def check(self, used, seconds):
        self.now += seconds
        back = self.control.sample(MemorySample(used, LIMIT_MB, used))
        if back is not None:
            self.running.remove(back)
            self.control.requeue(back, shed=True)

    def end(self, session, *, failed=False, size=0):
        self.running.remove(session)
        self.ended.append(session.task)
        self.control.release(session, failed=failed, bytes_received=size)

    @invariant()
    def every_task_is_in_one_place(self):
        assert self.control.in_flight == len(self.running)
        assert self.control.waiting + len(self.running) + len(self.ended) == self.number
        assert self.control.load().reserved_mb >= -1e-6

    def teardown(self):
        """Memory is free again: whatever sizes are known, everything that fits ends, one after the other if need be."""
        for session in list(self.running):
            self.end(session)
        for _ in range(4 * self.number + 4):
            self.now += 1
            self.control.sample(MemorySample(100, LIMIT_MB, 100))
            while (session := self.control.start_next()) is not None:
                self.running.append(session)
            for session in list(self.running):
                self.end(session)
        waiting = [job.size or 0 for job in self.control.drain()]
        assert all(100 + 20 * size / 2**20 > LIMIT_MB for size in waiting), "only what cannot fit alone waits for ever"
        assert len(self.ended) + len(waiting) == self.number


PredictionMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestPrediction = PredictionMachine.TestCase
