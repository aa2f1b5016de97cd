"""Which proxy a try takes, as a pure choice: nothing is counted, held or given back, so that no two tasks can race."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NoReturn

from ..exceptions import Crawl4Error, UnsupportedOption
from .checks import refuse
from .proxy import ProxyConfig, check_proxy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .proxy import Chosen
    from .run_fetch import FetchOptions

BLOCKED = frozenset({403, 407, 429})
"""Statuses that another proxy may turn into a page; as may those of servers in trouble."""
SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyTurn:
    """What a choice is made from."""

    index: int = 0
    """Number of the task: its position in its run, counted on from run to run of one crawler."""
    attempt: int = 0
    """Tries of the task before this one."""
    session: str | None = None
    """The ``proxy_session_id``; None for tasks without one."""
    period: int = 0
    """How often the session's time to live has passed."""


class ProxyRotationStrategy(ABC):
    """Base of the strategies: a value that never changes, so that runs and tasks may share it."""

    @abstractmethod
    def choose(self, turn: ProxyTurn) -> Chosen:
        """Return the proxy of a try, ``"direct"`` for none, or None for the environment's; always the same for *turn*.

        Called on the crawler's event loop, once for each try.
        """


class RoundRobinProxyStrategy(ProxyRotationStrategy):
    """One proxy after the other: each task takes the next one, and so does each further try of a task.

    A session takes the proxy that its name stands for, in all tries; the same one in every process with the same list.

    :param proxies: ``ProxyConfig``, dicts, strings, and ``"direct"`` for none.
    :raises ValueError: for one that is no proxy.
    :raises UnsupportedOption: for SOCKS proxies.
    """

    def __init__(self, proxies: Iterable[Any] | None = None) -> None:
        given = () if proxies is None else proxies
        if isinstance(given, str | Mapping | ProxyConfig):
            refuse("proxies", "a list of proxies", given)
        self._proxies = tuple(proxy for part in given if (proxy := check_proxy("proxies", part)) is not None)

    def choose(self, turn: ProxyTurn) -> Chosen:
        """Return the proxy of a try; None when there are no proxies."""
        if not self._proxies:
            return None
        number = turn.index + turn.attempt if turn.session is None else _number_of(turn.session) + turn.period
        return self._proxies[number % len(self._proxies)]

    def add_proxies(self, proxies: Iterable[Any]) -> NoReturn:
        """Refuse: a crawl that is under way reads the list.

        :raises UnsupportedOption: always.
        """
        raise UnsupportedOption("add_proxies() would change a list that crawls read: give all to the constructor")

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters, for ``dump()``."""
        return {"proxies": [proxy if isinstance(proxy, str) else proxy.to_dict() for proxy in self._proxies]}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RoundRobinProxyStrategy) and self._proxies == other._proxies

    __hash__ = None  # type: ignore[assignment]  # neither has ProxyConfig

    def __repr__(self) -> str:
        return f"RoundRobinProxyStrategy({list(self._proxies)!r})"


def check_strategy(name: str, value: Any) -> ProxyRotationStrategy:
    """Accept a strategy, and what ``RoundRobinProxyStrategy.to_dict()`` gives."""
    if isinstance(value, Mapping):
        return RoundRobinProxyStrategy(**value)
    if not isinstance(value, ProxyRotationStrategy):
        refuse(name, "a ProxyRotationStrategy such as RoundRobinProxyStrategy([...])", value)
    return value


def proxy_of(config: FetchOptions, turn: ProxyTurn, *, elapsed: float = 0.0, run: str = "") -> Chosen:
    """Return the proxy that *config* wants for a try: one, ``"direct"`` for none at all, None if it says nothing.

    :param turn: the task and the try; its session and period are filled in here.
    :param elapsed: seconds since the crawler was made, for ``proxy_session_ttl``.
    :param run: a name that no other run has, for ``proxy_session_auto_release``.
    """
    proxies, strategy = config.proxy_config, config.proxy_rotation_strategy
    if isinstance(proxies, list):
        return proxies[turn.attempt % len(proxies)]
    if strategy is None:
        return proxies
    session, ttl = config.proxy_session_id, config.proxy_session_ttl
    if session is not None:
        name = f"{run}/{session}" if config.proxy_session_auto_release else session
        period = 0 if ttl is None else int(elapsed // ttl)
        turn = ProxyTurn(index=turn.index, attempt=turn.attempt, session=name, period=period)
    try:
        chosen = strategy.choose(turn)
    except Exception as error:
        raise Crawl4Error(f"proxy_rotation_strategy failed: {type(error).__name__}: {error}") from error
    return check_proxy("The choice of proxy_rotation_strategy", chosen)


def most_retries(config: FetchOptions) -> int:
    """Return how many tries may follow the first one."""
    proxies = config.proxy_config
    rounds = config.max_retries + 1
    return (rounds * len(proxies) if isinstance(proxies, list) else rounds) - 1


def is_blocked(config: FetchOptions, status: int) -> bool:
    """Return whether *status* is one that the proxy of the next try may turn into a page."""
    has_choice = isinstance(config.proxy_config, list) or config.proxy_rotation_strategy is not None
    return has_choice and (status in BLOCKED or status >= SERVER_ERROR)


def has_untried(config: FetchOptions, retries: int) -> bool:
    """Return whether the try that follows so many *retries* takes a proxy of a list that this round has not had."""
    proxies = config.proxy_config
    return isinstance(proxies, list) and (retries + 1) % len(proxies) != 0


def _number_of(session: str) -> int:
    return int.from_bytes(blake2b(session.encode("utf-8", "replace"), digest_size=8).digest())
