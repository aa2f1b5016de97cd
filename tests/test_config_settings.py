import dataclasses
import pickle

import pytest
from scrapy.settings import Settings

from scrapy_crawl4 import stats
from scrapy_crawl4.config import BrowserConfig, Crawl4Settings


class Policy:
    def permits(self, load):
        return 1


BROWSER = BrowserConfig(viewport_width=800)
NAMES = {
    "CRAWL4_ENABLED": ("enabled", "False", False),
    "CRAWL4_DISPATCHER": ("dispatcher", "my.Dispatcher", "my.Dispatcher"),
    "CRAWL4_MAX_SESSION_PERMIT": ("max_session_permit", "32", 32),
    "CRAWL4_MEMORY_THRESHOLD_PERCENT": ("memory_threshold_percent", "70.5", 70.5),
    "CRAWL4_CRITICAL_THRESHOLD_PERCENT": ("critical_threshold_percent", 99, 99.0),
    "CRAWL4_RECOVERY_THRESHOLD_PERCENT": ("recovery_threshold_percent", 60, 60.0),
    "CRAWL4_CHECK_INTERVAL_SECS": ("check_interval_secs", "0.5", 0.5),
    "CRAWL4_MEMORY_WAIT_TIMEOUT_SECS": ("memory_wait_timeout_secs", 5, 5.0),
    "CRAWL4_FAIRNESS_TIMEOUT_SECS": ("fairness_timeout_secs", 6, 6.0),
    "CRAWL4_MEMORY_LIMIT_MB": ("memory_limit_mb", "2048", 2048),
    "CRAWL4_BASE_DELAY": ("base_delay_secs", "1,3", (1.0, 3.0)),
    "CRAWL4_MAX_DELAY_SECS": ("max_delay_secs", 30, 30.0),
    "CRAWL4_MAX_RETRIES": ("max_retries", 0, 0),
    "CRAWL4_RATE_LIMIT_CODES": ("rate_limit_codes", "429, 503,520", (429, 503, 520)),
    "CRAWL4_RENDER": ("render", "auto", "auto"),
    "CRAWL4_BROWSER": ("browser", BROWSER, BROWSER),
    "CRAWL4_OBEY_CRAWL_DELAY": ("obey_crawl_delay", "1", True),
    "CRAWL4_LOOKAHEAD": ("lookahead", 10, 10),
    "CRAWL4_CONTENT_WORKERS": ("content_workers", "2", 2),
    "CRAWL4_ENGINES": ("engines", "2", 2),
    "CRAWL4_MARKDOWN_CONVERTER": ("markdown_converter", "turbohtml", "turbohtml"),
    "CRAWL4_CACHE_MAX_MB": ("cache_max_mb", "64", 64),
    "CRAWL4_LLM_CONCURRENCY": ("llm_concurrency", "4", 4),
    "CRAWL4_MAP_ITEMS": ("map_items", "true", True),
}


def test_every_field_has_one_setting():
    assert [field for field, _, _ in NAMES.values()] == [field.name for field in dataclasses.fields(Crawl4Settings)]


def test_defaults():
    assert Crawl4Settings.from_settings({}) == Crawl4Settings() == Crawl4Settings.from_settings(Settings())
    assert Crawl4Settings().max_session_permit == 16
    assert Crawl4Settings().base_delay_secs == (0.0, 0.0)
    assert Crawl4Settings().rate_limit_codes == (429, 503)


@pytest.mark.parametrize("make", [dict, Settings])
@pytest.mark.parametrize("name", NAMES)
def test_setting_is_read_as_code_and_command_line_give_it(name, make):
    field, given, expected = NAMES[name]
    read = getattr(Crawl4Settings.from_settings(make({name: given})), field)
    assert read == expected
    assert type(read) is type(expected)


def test_all_settings_at_once_and_pickle():
    settings = Crawl4Settings.from_settings({name: given for name, (_, given, _) in NAMES.items()})
    assert {field: getattr(settings, field) for field, _, _ in NAMES.values()} == {
        field: expected for field, _, expected in NAMES.values()
    }
    assert pickle.loads(pickle.dumps(settings)) == settings
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.lookahead = 5


@pytest.mark.parametrize("name", NAMES)
def test_none_is_the_default(name):
    assert Crawl4Settings.from_settings({name: None}) == Crawl4Settings()


@pytest.mark.parametrize(("concurrent", "permit"), [(40, 40), ("8", 8), (0, 2**31 - 1)])
def test_permit_follows_concurrent_requests(concurrent, permit):
    assert Crawl4Settings.from_settings({"CONCURRENT_REQUESTS": concurrent}).max_session_permit == permit
    both = {"CONCURRENT_REQUESTS": concurrent, "CRAWL4_MAX_SESSION_PERMIT": 3}
    assert Crawl4Settings.from_settings(both).max_session_permit == 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [(2, (2.0, 2.0)), ("0.5", (0.5, 0.5)), ([1, 2], (1.0, 2.0)), ("(1, 2)", (1.0, 2.0)), ((0, 0), (0.0, 0.0))],
)
def test_base_delay_is_a_number_or_a_pair(given, expected):
    assert Crawl4Settings.from_settings({"CRAWL4_BASE_DELAY": given}).base_delay_secs == expected


@pytest.mark.parametrize("dispatcher", [Policy, Policy(), "a.b.C"])
def test_dispatcher_is_a_path_a_class_or_an_object(dispatcher):
    assert Crawl4Settings.from_settings({"CRAWL4_DISPATCHER": dispatcher}).dispatcher is dispatcher


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CRAWL4_ENABLED", "maybe", "must be True or False, got 'maybe'"),
        ("CRAWL4_DISPATCHER", "Nowhere", "must be an import path, a dispatcher class or a dispatcher"),
        ("CRAWL4_DISPATCHER", object(), "must be an import path, a dispatcher class or a dispatcher"),
        ("CRAWL4_MAX_SESSION_PERMIT", 0, "must be a whole number, 1 or more, got 0"),
        ("CRAWL4_MAX_SESSION_PERMIT", -5, "must be a whole number, 1 or more, got -5"),
        ("CRAWL4_MAX_SESSION_PERMIT", 1.5, "must be a whole number, 1 or more, got 1.5"),
        ("CRAWL4_MAX_SESSION_PERMIT", "many", "must be a whole number, 1 or more, got 'many'"),
        ("CRAWL4_MAX_SESSION_PERMIT", True, "must be a whole number, 1 or more, got True"),
        ("CRAWL4_MAX_SESSION_PERMIT", "inf", "must be a whole number, 1 or more, got 'inf'"),
        ("CRAWL4_MEMORY_THRESHOLD_PERCENT", 101, "must be a number of percent above 0, up to 100, got 101"),
        ("CRAWL4_MEMORY_THRESHOLD_PERCENT", "x", "must be a number of percent above 0, up to 100, got 'x'"),
        ("CRAWL4_CHECK_INTERVAL_SECS", 0, "must be a positive number of seconds, got 0"),
        ("CRAWL4_CHECK_INTERVAL_SECS", [], r"must be a positive number of seconds, got \[\]"),
        ("CRAWL4_MAX_DELAY_SECS", -1, "must be a number of seconds, 0 or more, got -1"),
        ("CRAWL4_BASE_DELAY", (3, 1), "must be a number of seconds or a pair of them, the lower one first"),
        ("CRAWL4_BASE_DELAY", (1, 2, 3), "must be a number of seconds or a pair of them, the lower one first"),
        ("CRAWL4_BASE_DELAY", "soon", "must be a number of seconds or a pair of them, the lower one first"),
        ("CRAWL4_RATE_LIMIT_CODES", [429, 1000], "must be a list of HTTP status codes from 100 to 599"),
        ("CRAWL4_ENGINES", 0, "must be a whole number, 1 or more, or 'auto', got 0"),
        ("CRAWL4_CONTENT_WORKERS", -1, "must be 'auto' or a whole number, 0 or more, got -1"),
        ("CRAWL4_CONTENT_WORKERS", "many", "must be 'auto' or a whole number, 0 or more, got 'many'"),
        ("CRAWL4_MARKDOWN_CONVERTER", "pandoc", "must be 'turbohtml' or 'markdownify', got 'pandoc'"),
        ("CONCURRENT_REQUESTS", -1, "must be a whole number, 0 or more, got -1"),
    ],
)
def test_wrong_values_are_refused_naming_the_setting(name, value, message):
    with pytest.raises(ValueError, match=f"^{name} {message}"):
        Crawl4Settings.from_settings({name: value})


def test_unknown_settings_are_refused():
    with pytest.raises(
        ValueError, match=r"^CRAWL4_MAX_SESION_PERMIT is not a setting; did you mean CRAWL4_MAX_SESSION"
    ):
        Crawl4Settings.from_settings({"CRAWL4_MAX_SESION_PERMIT": 5})
    with pytest.raises(ValueError, match=r"^CRAWL4_9999999 is not a setting$"):
        Crawl4Settings.from_settings(Settings({"CRAWL4_9999999": 5}))


def test_stats_are_listed_once_with_the_prefix():
    keys = [key for key, _ in stats.ALL]
    assert len(set(keys)) == len(keys)
    assert all(key.startswith("crawl4/") and meaning for key, meaning in stats.ALL)
    constants = {value for name, value in vars(stats).items() if name.isupper() and isinstance(value, str)}
    assert constants == {key.removesuffix("/<stage>") for key in keys}
    assert stats.stage_error_count("links") == "crawl4/content/stage_error_count/links"
