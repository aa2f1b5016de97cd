"""The ``CRAWL4_*`` settings of a Scrapy project, read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from importlib.util import find_spec
from math import isfinite
from typing import TYPE_CHECKING, Any

from .browser_setting import read_browser, read_render
from .checks import refuse

if TYPE_CHECKING:
    from typing import Self

    from .browser import BrowserConfig

AUTO = "auto"
"""For ``CRAWL4_CONTENT_WORKERS``: as many as have something to do."""
_PREFIX = "CRAWL4_"
# What CONCURRENT_REQUESTS = 0, no limit, is as a number of permits.
_NO_LIMIT = 2**31 - 1
_WHOLE_MEMORY = 100
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
Read = Callable[[str, Any], Any]


def _boolean(name: str, value: Any) -> bool:
    # The command line gives every setting as a string.
    known = _WORDS.get(str(value).strip().lower())
    return known if known is not None else refuse(name, "True or False", value)


def _number(name: str, value: Any) -> float:
    try:
        read = float(value)
    except (TypeError, ValueError):
        refuse(name, "a number", value)
    if isinstance(value, bool) or not isfinite(read):
        refuse(name, "a number", value)
    return read


def _whole(least: int, most: int | None = None) -> Read:
    rule = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def read(name: str, value: Any) -> int:
        try:
            number = _number(name, value)
        except ValueError:
            refuse(name, rule, value)
        if number != int(number) or number < least or (most is not None and number > most):
            refuse(name, rule, value)
        return int(number)

    return read


def _seconds(*, positive: bool = False) -> Read:
    rule = f"a {'positive number' if positive else 'number'} of seconds{'' if positive else ', 0 or more'}"

    def read(name: str, value: Any) -> float:
        try:
            number = _number(name, value)
        except ValueError:
            refuse(name, rule, value)
        return number if number > 0 or (number == 0 and not positive) else refuse(name, rule, value)

    return read


def _percent(name: str, value: Any) -> float:
    rule = f"a number of percent above 0, up to {_WHOLE_MEMORY}"
    try:
        number = _number(name, value)
    except ValueError:
        refuse(name, rule, value)
    return number if 0 < number <= _WHOLE_MEMORY else refuse(name, rule, value)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part for part in value.strip("()[] ").split(",") if part.strip()]
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _delay(name: str, value: Any) -> tuple[float, float]:
    rule = "a number of seconds or a pair of them, the lower one first"
    try:
        delays = [_number(name, part) for part in _parts(value)]
    except ValueError:
        refuse(name, rule, value)
    low, high = (delays * 2)[:2] if len(delays) in {1, 2} else (1.0, 0.0)
    return (low, high) if 0 <= low <= high else refuse(name, rule, value)


def _codes(name: str, value: Any) -> tuple[int, ...]:
    read = _whole(100, 599)
    try:
        return tuple(read(name, part) for part in _parts(value))
    except ValueError:
        refuse(name, "a list of HTTP status codes from 100 to 599", value)


def _dispatcher(name: str, value: Any) -> Any:
    named = isinstance(value, str) and "." in value
    if not named and not callable(getattr(value, "permits", None)):
        refuse(name, "an import path, a dispatcher class or a dispatcher, which has a permits() method", value)
    return value


def _workers(name: str, value: Any) -> int | str:
    if value == AUTO:
        return AUTO
    try:
        number: int = _whole(0)(name, value)
    except ValueError:
        refuse(name, f"{AUTO!r} or a whole number, 0 or more", value)
    return number


def _engines(name: str, value: Any) -> int | str:
    if str(value).strip().lower() == "auto":
        return "auto"
    try:
        number: int = _whole(1)(name, value)
    except ValueError:
        refuse(name, "a whole number, 1 or more, or 'auto'", value)
    return number


def _converter(name: str, value: Any) -> str:
    if value not in {"turbohtml", "markdownify"}:
        refuse(name, "'turbohtml' or 'markdownify'", value)
    if value != "turbohtml" and find_spec(value) is None:
        raise ValueError(f"{name}={value!r} needs the package {value}: install scrapy-crawl4[{value}]")
    return str(value)


def _as(read: Read, name: str = "") -> Mapping[str, Any]:
    """Say how a field is read; its setting is ``CRAWL4_`` and its name in upper case, unless *name* is given."""
    return {"read": read, "name": name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl4Settings:
    """All settings of this package; the field ``check_interval_secs`` is the setting ``CRAWL4_CHECK_INTERVAL_SECS``."""

    enabled: bool = field(default=True, metadata=_as(_boolean))
    """Whether the add-on does anything."""
    dispatcher: Any = field(default="scrapy_crawl4.MemoryAdaptiveDispatcher", metadata=_as(_dispatcher))
    """The policy of how many sessions may be in flight: an import path, a class or an object."""
    max_session_permit: int = field(default=16, metadata=_as(_whole(1)))
    """Most sessions in flight; Scrapy's ``CONCURRENT_REQUESTS`` when it is not set."""
    memory_threshold_percent: float | None = field(default=None, metadata=_as(_percent))
    """Percent of the memory limit above which nothing starts; None is the dispatcher's default."""
    critical_threshold_percent: float | None = field(default=None, metadata=_as(_percent))
    """Percent above which sessions are taken back; None follows the threshold."""
    recovery_threshold_percent: float | None = field(default=None, metadata=_as(_percent))
    """Percent below which all permits are given; None follows the threshold."""
    check_interval_secs: float = field(default=1.0, metadata=_as(_seconds(positive=True)))
    """Seconds between two samples of memory."""
    memory_wait_timeout_secs: float = field(default=600.0, metadata=_as(_seconds(positive=True)))
    """Seconds above the threshold after which the remaining tasks fail."""
    fairness_timeout_secs: float = field(default=600.0, metadata=_as(_seconds(positive=True)))
    """Longest wait of a task before it goes first, in seconds."""
    memory_limit_mb: int | None = field(default=None, metadata=_as(_whole(1)))
    """The memory limit in MB; None finds it out from the cgroup and the host."""
    base_delay_secs: tuple[float, float] = field(default=(0.0, 0.0), metadata=_as(_delay, "CRAWL4_BASE_DELAY"))
    """Range of the delay between two starts on one host, in seconds."""
    max_delay_secs: float = field(default=60.0, metadata=_as(_seconds()))
    """Longest delay of a host that limits its rate, in seconds."""
    max_retries: int = field(default=3, metadata=_as(_whole(0)))
    """Further tries of a task whose host limits its rate."""
    rate_limit_codes: tuple[int, ...] = field(default=(429, 503), metadata=_as(_codes))
    """Statuses by which a host limits its rate."""
    render: str = field(default="http", metadata=_as(read_render))
    """Where pages are fetched whose request does not say it: ``http``, ``browser`` or ``auto``. Options that only a
    browser can serve go there in any case."""
    browser: BrowserConfig | None = field(default=None, metadata=_as(read_browser))
    """How the browser is started and what its pages say of themselves: a ``BrowserConfig``, a dict of its parameters or
    the import path of one."""
    obey_crawl_delay: bool = field(default=False, metadata=_as(_boolean))
    """Whether, with ``ROBOTSTXT_OBEY``, a host's ``Crawl-delay`` and ``Request-rate`` are kept too."""
    lookahead: int = field(default=1000, metadata=_as(_whole(1)))
    """Most tasks that are read ahead of the consumer."""
    content_workers: int | str = field(default=AUTO, metadata=_as(_workers))
    """Processes for content work; 0 does it in this one, ``auto`` also in others when it is what a crawl waits for."""
    engines: int | str = field(default=1, metadata=_as(_engines))
    """Processes that do the runs of URLs of a crawler or of ``scrapy crawl4``; ``auto`` is one for each processor."""
    markdown_converter: str = field(default="turbohtml", metadata=_as(_converter))
    """What writes markdown where a generator does not say it: ``turbohtml`` or ``markdownify``."""
    cache_max_mb: int = field(default=1024, metadata=_as(_whole(1)))
    """Most MB that the file of the cache may have; what was not used for longest goes."""
    llm_concurrency: int = field(default=16, metadata=_as(_whole(1)))
    """Most pages that wait for a language model at a time; the others wait for them."""
    map_items: bool = field(default=False, metadata=_as(_boolean))
    """Whether the pipeline turns items of every type into results."""

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """Read Scrapy's ``Settings`` or any mapping. None, as a value, is the default.

        :raises ValueError: for a value that breaks its rule, or an unknown name with the prefix ``CRAWL4_``.
        """
        names = {_name_of(known): known for known in fields(cls)}
        _refuse_unknown(settings, names)
        given = {name: value for name in names if (value := settings.get(name)) is not None}
        values = {names[name].name: names[name].metadata["read"](name, value) for name, value in given.items()}
        values.setdefault("max_session_permit", _concurrent_requests(settings))
        return cls(**values)


def _name_of(known: Any) -> str:
    return str(known.metadata["name"] or _PREFIX + known.name.upper())


def _refuse_unknown(settings: Mapping[str, Any], names: Mapping[str, Any]) -> None:
    for name in settings:
        if isinstance(name, str) and name.startswith(_PREFIX) and name not in names:
            near = get_close_matches(name, names, n=1)
            raise ValueError(f"{name} is not a setting{f'; did you mean {near[0]}?' if near else ''}")


def _concurrent_requests(settings: Mapping[str, Any]) -> int:
    value = settings.get("CONCURRENT_REQUESTS")
    return _whole(0)("CONCURRENT_REQUESTS", 16 if value is None else value) or _NO_LIMIT
