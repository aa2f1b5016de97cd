"""Policies: how many sessions may be in flight, as a function of the load and of nothing else."""

from copy import copy, deepcopy
from dataclasses import FrozenInstanceError, replace
from itertools import pairwise
from pickle import dumps, loads

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.dispatch import (
    BaseDispatcher,
    DispatchController,
    Load,
    MemoryAdaptiveDispatcher,
    MemorySample,
    RateLimiter,
    SemaphoreDispatcher,
)

from .simulation import Reply, Run

percents = st.floats(0, 120)
POLICIES = [
    SemaphoreDispatcher(3, rate_limiter=RateLimiter((0.5, 1))),
    MemoryAdaptiveDispatcher(70, max_session_permit=7, rate_limiter=RateLimiter(2)),
    RateLimiter((0.1, 0.4), 30, 2, [429]),
]


def load(percent, *, permits=20, in_flight=0, **known):
    memory = None if percent is None else MemorySample(1000 * percent, 100_000.0, 1000 * percent)
    return Load(memory=memory, permits=permits, in_flight=in_flight, **known)


@st.composite
def loads_of_any_kind(draw):
    number = st.integers(0, 10**6)
    percent = draw(st.none() | percents)
    return load(percent, permits=draw(number), in_flight=draw(number), waiting=draw(number), done=draw(number))


# Values


@pytest.mark.parametrize("value", POLICIES, ids=lambda value: type(value).__name__)
def test_a_policy_is_a_value(value):
    twins = [loads(dumps(value)), copy(value), deepcopy(value), replace(value)]
    assert all(twin == value and hash(twin) == hash(value) and type(twin) is type(value) for twin in twins)
    assert all(vars(twin) == vars(value) for twin in twins)


@pytest.mark.parametrize("value", POLICIES, ids=lambda value: type(value).__name__)
def test_a_policy_cannot_be_written_to(value):
    before = dict(vars(value))
    for name in [*before, "unheard_of"]:
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, 1)
    assert vars(value) == before


def test_policies_with_other_numbers_differ():
    assert SemaphoreDispatcher(3) != SemaphoreDispatcher(4)
    assert MemoryAdaptiveDispatcher(70) != MemoryAdaptiveDispatcher(71)
    assert MemoryAdaptiveDispatcher(70) == MemoryAdaptiveDispatcher(70, 95, 65)
    assert RateLimiter(1) == RateLimiter((1, 1)) != RateLimiter(2)


@given(loads_of_any_kind())
def test_load_is_a_value(snapshot):
    assert loads(dumps(snapshot)) == snapshot == deepcopy(snapshot)
    with pytest.raises(FrozenInstanceError):
        snapshot.permits = 5


@pytest.mark.parametrize("policy", POLICIES[:2], ids=lambda value: type(value).__name__)
@given(data=st.data())
def test_invariant_5_no_shared_state_permits_are_pure(policy, data):
    asked, before = data.draw(loads_of_any_kind()), dict(vars(policy))
    answers = {(policy.permits(asked), policy.sheds(asked)) for _ in range(3)}
    assert len(answers) == 1
    assert 0 <= policy.permits(asked) <= policy.max_session_permit
    assert vars(policy) == before


# SemaphoreDispatcher


@given(loads_of_any_kind(), st.integers(1, 100), st.integers(1, 100))
def test_semaphore_is_a_constant(asked, semaphore_count, most):
    policy = SemaphoreDispatcher(semaphore_count, max_session_permit=most)
    assert policy.permits(asked) == min(semaphore_count, most)
    assert not policy.sheds(asked)


def test_a_semaphore_is_not_capped_by_what_nobody_said():
    assert SemaphoreDispatcher(100).permits(load(None)) == 100
    assert SemaphoreDispatcher(semaphore_count=100).max_session_permit == 100
    assert SemaphoreDispatcher(100, max_session_permit=20).permits(load(None)) == 20
    assert SemaphoreDispatcher(100) == SemaphoreDispatcher(100, max_session_permit=100)


def test_d17_max_session_permit_caps_the_semaphore():
    run = Run(SemaphoreDispatcher(5, max_session_permit=3)).crawl((n, f"h{n}") for n in range(20))
    assert run.most_in_flight == 3
    assert len(run.ends) == 20


def test_defaults_are_the_documented_ones():
    assert repr(SemaphoreDispatcher()) == (
        "SemaphoreDispatcher(semaphore_count=5, max_session_permit=20, rate_limiter=None, monitor=None)"
    )
    assert vars(MemoryAdaptiveDispatcher()) == {
        "memory_threshold_percent": 90.0,
        "critical_threshold_percent": 95.0,
        "recovery_threshold_percent": 85.0,
        "check_interval": 1.0,
        "max_session_permit": 20,
        "fairness_timeout": 600.0,
        "memory_wait_timeout": 600.0,
        "rate_limiter": None,
        "monitor": None,
    }
    assert vars(RateLimiter()) == {
        "base_delay": (1.0, 3.0),
        "max_delay": 60.0,
        "max_retries": 3,
        "rate_limit_codes": frozenset({429, 503}),
    }


# MemoryAdaptiveDispatcher


@pytest.mark.parametrize(
    ("percent", "permits"),
    [
        (None, 20),
        (0, 20),
        (84.9, 20),
        (85, 20),
        (86, 16),
        (87.5, 10),
        (89, 4),
        (89.99, 1),
        (90, 1),
        (94.9, 1),
        (95, 0),
        (150, 0),
    ],
)
def test_permits_at_a_share_of_memory(percent, permits):
    assert MemoryAdaptiveDispatcher().permits(load(percent)) == permits


@given(percents, percents, st.integers(0, 20), st.integers(1, 50))
def test_more_memory_never_permits_more(one, other, granted, most):
    policy = MemoryAdaptiveDispatcher(max_session_permit=most)
    low, high = sorted([one, other])
    assert policy.permits(load(low, permits=granted)) >= policy.permits(load(high, permits=granted))


@given(st.floats(0, 94.99), st.integers(0, 20), st.integers(1, 50))
def test_d7_no_share_below_critical_stops_a_run(percent, granted, most):
    assert MemoryAdaptiveDispatcher(max_session_permit=most).permits(load(percent, permits=granted)) >= 1


@pytest.mark.parametrize(("percent", "in_flight", "sheds"), [(94.9, 9, False), (95, 9, True), (95, 1, False)])
def test_only_critical_memory_takes_a_session_back_and_never_the_last(percent, in_flight, sheds):
    assert MemoryAdaptiveDispatcher().sheds(load(percent, in_flight=in_flight)) is sheds


def test_sheds_nothing_where_memory_is_not_watched():
    assert not MemoryAdaptiveDispatcher().sheds(load(None, in_flight=9))


@given(st.lists(percents, min_size=2, max_size=40), st.integers(1, 50))
def test_permits_rise_by_a_quarter_and_never_swing_from_none_to_all(series, most):
    controller = DispatchController(MemoryAdaptiveDispatcher(max_session_permit=most))
    granted = [most]
    for percent in series:
        controller.sample(MemorySample(1000 * percent, 100_000, 1000 * percent))
        granted.append(controller.permits)
    step = max(1, most // 4)
    assert all(after <= before + step for before, after in pairwise(granted))
    assert all(permits >= 1 for permits, percent in zip(granted[1:], series, strict=True) if percent < 95)


def test_permits_fall_step_by_step_and_come_back_in_steps():
    controller = DispatchController(MemoryAdaptiveDispatcher())
    granted = []
    for percent in [80, 86, 87, 88, 89, 91, 96, 91, 80, 80, 80, 80, 80]:
        controller.sample(MemorySample(1000 * percent, 100_000, 1000 * percent))
        granted.append(controller.permits)
    assert granted == [20, 16, 12, 8, 4, 1, 0, 1, 6, 11, 16, 20, 20]


@given(st.floats(0.01, 99.9))
def test_a_threshold_alone_is_enough(threshold):
    policy = MemoryAdaptiveDispatcher(memory_threshold_percent=threshold)
    assert 0 < policy.recovery_threshold_percent < threshold < policy.critical_threshold_percent <= 100


@pytest.mark.parametrize(
    ("threshold", "recovery", "critical"), [(70, 65, 95), (90, 85, 95), (94, 89, 97), (98, 93, 99), (4, 2, 95)]
)
def test_thresholds_follow_the_given_one(threshold, recovery, critical):
    policy = MemoryAdaptiveDispatcher(threshold)
    assert (policy.recovery_threshold_percent, policy.critical_threshold_percent) == (recovery, critical)


@pytest.mark.parametrize(
    "options",
    [
        {"recovery_threshold_percent": 90},
        {"recovery_threshold_percent": 92},
        {"critical_threshold_percent": 90},
        {"critical_threshold_percent": 80},
        {"critical_threshold_percent": 101},
        {"recovery_threshold_percent": 0},
        {"recovery_threshold_percent": -5},
        {"memory_threshold_percent": 100},
        {"memory_threshold_percent": 70, "recovery_threshold_percent": 85},
        {"memory_threshold_percent": 96, "critical_threshold_percent": 95},
    ],
    ids=str,
)
def test_d2_thresholds_out_of_order_are_refused(options):
    with pytest.raises(ValueError, match=r"^Memory thresholds must rise from recovery_threshold_percent") as caught:
        MemoryAdaptiveDispatcher(**options)
    assert "memory_threshold_percent" in str(caught.value)
    assert "critical_threshold_percent" in str(caught.value)


NUMBERS = ["memory_threshold_percent", "critical_threshold_percent", "recovery_threshold_percent"]
SECONDS = ["check_interval", "fairness_timeout", "memory_wait_timeout"]
NOT_NUMBERS = ["90", True, float("nan"), float("inf"), [90], 1 + 1j]


@pytest.mark.parametrize("wrong", NOT_NUMBERS, ids=repr)
@pytest.mark.parametrize("name", NUMBERS + SECONDS)
def test_invariant_7_a_wrong_number_is_named_in_one_sentence(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} must be a number, got .*\.$"):
        MemoryAdaptiveDispatcher(**{name: wrong})


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("wrong", [0, -1])
def test_times_are_above_zero(name, wrong):
    with pytest.raises(ValueError, match=rf"^{name} must be above 0, got {wrong}\.$"):
        MemoryAdaptiveDispatcher(**{name: wrong})


@pytest.mark.parametrize("wrong", [0, -1, 2.5, "5", True, None], ids=repr)
def test_invariant_7_permit_counts_are_whole_numbers_above_zero(wrong):
    rule = "must be a whole number of at least 1, got"
    for make, name in [
        (MemoryAdaptiveDispatcher, "max_session_permit"),
        (SemaphoreDispatcher, "max_session_permit"),
        (SemaphoreDispatcher, "semaphore_count"),
        (OddHours, "max_session_permit"),
    ]:
        with pytest.raises(ValueError, match=f"^{name} {rule}"):
            make(**{name: wrong})


@pytest.mark.parametrize("make", [MemoryAdaptiveDispatcher, SemaphoreDispatcher])
def test_a_rate_limiter_is_one_or_none(make):
    with pytest.raises(ValueError, match=r"^rate_limiter must be a RateLimiter or None, got tuple\.$"):
        make(rate_limiter=(1, 3))


def test_an_unknown_option_is_a_type_error():
    for make in (MemoryAdaptiveDispatcher, SemaphoreDispatcher, RateLimiter):
        with pytest.raises(TypeError, match="memory_treshold"):
            make(memory_treshold=70)


# A policy of one's own


class OddHours(BaseDispatcher):
    """Ten lines: two sessions for each page done so far, fewer while many fail."""

    def permits(self, load: Load) -> int:
        if load.done and load.failed / load.done > 0.5:
            return 1
        return 2 * (load.done + 1)


def test_a_dispatcher_of_ten_lines():
    run = Run(OddHours(max_session_permit=9)).crawl((n, f"h{n}") for n in range(40))
    assert len(run.ends) == 40
    assert run.most_in_flight == 9
    assert run.started()[:3] == [0, 0, 1]


def test_a_dispatcher_without_permits_cannot_be_made():
    with pytest.raises(TypeError, match="permits"):
        BaseDispatcher()


def test_a_dispatcher_may_have_its_own_constructor():
    class Plain(BaseDispatcher):
        def __init__(self):
            self.asked = 0

        def permits(self, load):
            return 10**9

    run = Run(Plain()).crawl((n, f"h{n}") for n in range(50))
    assert run.most_in_flight == 20
    assert not Plain().sheds(Load())


def test_a_lower_answer_stops_starts_and_ends_nothing():
    class Falling(BaseDispatcher):
        def permits(self, load):
            return 5 if load.elapsed < 1 else 1

    run = Run(Falling(), serve=lambda session: Reply(10))
    run.crawl((n, "h") for n in range(7))
    assert run.started() == [0, 0, 0, 0, 0, 10, 20]
    assert [end.error for end in run.ends] == [None] * 7


def test_a_negative_answer_starts_nothing_until_a_higher_one():
    class Late(BaseDispatcher):
        def permits(self, load):
            return 1 if load.elapsed >= 30 else -7

    run = Run(Late()).crawl([("a", "h")])
    assert run.started() == [30]
