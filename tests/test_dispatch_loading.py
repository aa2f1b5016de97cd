"""The dispatcher that settings name."""

import pytest
from scrapy.settings import Settings

from scrapy_crawl4.dispatch import BaseDispatcher, MemoryAdaptiveDispatcher, RateLimiter, SemaphoreDispatcher
from scrapy_crawl4.dispatch.loading import make_dispatcher
from scrapy_crawl4.exceptions import DispatcherError


def make(**settings):
    return make_dispatcher({f"CRAWL4_{name}": value for name, value in settings.items()})


class Mine(BaseDispatcher):
    """A policy with an option of its own."""

    def __init__(self, max_session_permit=20, rate_limiter=None, *, share=0.5):
        super().__init__(max_session_permit, rate_limiter)
        self.share = share

    def permits(self, load):
        return int(self.max_session_permit * self.share)


class Demanding(Mine):
    def __init__(self, token):
        super().__init__()


class Abstract(BaseDispatcher):
    pass


READY = Mine(7)


def test_the_default_adapts_to_memory():
    assert make() == MemoryAdaptiveDispatcher(max_session_permit=16, rate_limiter=RateLimiter(0))


def test_every_setting_arrives():
    made = make(
        MAX_SESSION_PERMIT=9,
        MEMORY_THRESHOLD_PERCENT=70,
        CRITICAL_THRESHOLD_PERCENT=80,
        RECOVERY_THRESHOLD_PERCENT=60,
        CHECK_INTERVAL_SECS=2,
        FAIRNESS_TIMEOUT_SECS=3,
        MEMORY_WAIT_TIMEOUT_SECS=4,
        BASE_DELAY=(1, 2),
        MAX_DELAY_SECS=30,
        MAX_RETRIES=5,
        RATE_LIMIT_CODES=[429],
    )
    assert made == MemoryAdaptiveDispatcher(70, 80, 60, 2, 9, 3, 4, RateLimiter((1, 2), 30, 5, [429]))


def test_a_semaphore_of_all_permits():
    made = make(DISPATCHER="scrapy_crawl4.dispatch.SemaphoreDispatcher", MAX_SESSION_PERMIT=40)
    assert made == SemaphoreDispatcher(40, 40, RateLimiter(0))


@pytest.mark.parametrize("named", [Mine, f"{__name__}.Mine"], ids=["class", "path"])
def test_a_class_takes_the_settings_it_has_parameters_for(named):
    made = make(DISPATCHER=named, MAX_SESSION_PERMIT=8, MAX_RETRIES=1)
    assert type(made) is Mine
    assert (made.max_session_permit, made.rate_limiter, made.share) == (8, RateLimiter(0, max_retries=1), 0.5)


@pytest.mark.parametrize("named", [READY, f"{__name__}.READY"], ids=["object", "path"])
def test_an_object_keeps_what_it_was_made_with(named):
    assert make(DISPATCHER=named, MAX_SESSION_PERMIT=8) is READY


@pytest.mark.parametrize("path", ["nowhere.Dispatcher", "scrapy_crawl4.Nothing", ".a.b", "..x", "a..b"])
def test_invariant_7_a_path_that_leads_nowhere(path):
    with pytest.raises(DispatcherError, match=r"^CRAWL4_DISPATCHER: '.*' cannot be imported; give the path of a"):
        make(DISPATCHER=path)


@pytest.mark.parametrize("named", ["pathlib.Path", "os.sep"])
def test_invariant_7_what_is_no_dispatcher(named):
    with pytest.raises(DispatcherError, match=r"^CRAWL4_DISPATCHER must be a subclass of BaseDispatcher, an object"):
        make(DISPATCHER=named)


@pytest.mark.parametrize("named", [Demanding, Abstract])
def test_invariant_7_a_class_that_settings_cannot_make(named):
    with pytest.raises(DispatcherError, match=f"^CRAWL4_DISPATCHER: {named.__name__} cannot be made from settings: "):
        make(DISPATCHER=named)


def test_invariant_7_thresholds_out_of_order():
    with pytest.raises(ValueError, match=r"^Memory thresholds must rise from recovery_threshold_percent"):
        make(MEMORY_THRESHOLD_PERCENT=70, RECOVERY_THRESHOLD_PERCENT=85)


class WithSettings(Mine):
    """A policy that reads settings of its own."""

    @classmethod
    def from_settings(cls, settings, **own):
        return super().from_settings(settings, share=float(settings.get("SHARE", 1)), **own)


class Unlucky(Mine):
    @classmethod
    def from_settings(cls, settings, **own):
        return settings["NEEDED"]


class Elsewhere(Mine):
    @classmethod
    def from_settings(cls, settings, **own):
        return "no dispatcher"


@pytest.mark.parametrize("kind", [dict, Settings])
def test_a_class_with_settings_of_its_own_gets_all_settings(kind):
    settings = kind({"SHARE": "0.25", "CRAWL4_DISPATCHER": WithSettings, "CRAWL4_MAX_SESSION_PERMIT": 8})
    made = make_dispatcher(settings)
    assert (type(made), made.share, made.max_session_permit) == (WithSettings, 0.25, 8)
    assert made.rate_limiter == RateLimiter(0)


def test_own_arguments_replace_those_of_settings():
    assert Mine.from_settings({"CRAWL4_MAX_SESSION_PERMIT": 8}, max_session_permit=3).max_session_permit == 3


@pytest.mark.parametrize("kind", [Mine, SemaphoreDispatcher])
def test_times_count_for_every_class_if_they_are_given(kind):
    made = make(DISPATCHER=kind, CHECK_INTERVAL_SECS=0.5, FAIRNESS_TIMEOUT_SECS=7, MEMORY_WAIT_TIMEOUT_SECS=9)
    assert (made.check_interval, made.fairness_timeout, made.memory_wait_timeout) == (0.5, 7, 9)
    other = make(DISPATCHER=kind)
    assert (other.check_interval, other.fairness_timeout, other.memory_wait_timeout) == (1, 600, None)


def test_invariant_7_a_class_that_lacks_a_setting_of_its_own():
    with pytest.raises(DispatcherError, match=r"^CRAWL4_DISPATCHER: Unlucky cannot be made from settings: 'NEEDED'\."):
        make(DISPATCHER=Unlucky)


def test_invariant_7_a_class_that_makes_something_else():
    with pytest.raises(DispatcherError, match=r"^CRAWL4_DISPATCHER must be a subclass of BaseDispatcher"):
        make(DISPATCHER=Elsewhere)
