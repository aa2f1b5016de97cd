"""What a run chooses for each of its tasks: proxies and user agents."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..config.proxy import ProxyConfig
from ..config.proxy_rotation import ProxyTurn, proxy_of
from ..user_agents import is_random, user_agent_of

if TYPE_CHECKING:
    from ..config import CrawlerRunConfig


@dataclass(frozen=True, slots=True)
class Draw:
    """What the choices of a run are made from. It never changes, so that no two tasks can race for a choice.

    number: how many runs the crawler had before.
    made_at: when the crawler was made, by ``time.monotonic()``.
    run: a name that no other run has.
    """

    number: int = 0
    made_at: float = field(default_factory=time.monotonic)
    run: str = field(default_factory=lambda: secrets.token_hex(8))

    def user_agent(self, config: CrawlerRunConfig, session: str | None, index: int) -> str | None:
        """Return the User-Agent header that *config* asks for, the same for all tasks of a *session*."""
        if not is_random(config):  # the common case, at no cost
            return config.user_agent or None
        return user_agent_of(config, f"{self.run}/{index}" if session is None else session)

    def proxy_meta(self, config: CrawlerRunConfig, index: int, attempt: int) -> dict[str, str | None]:
        """Return what ``Request.meta`` says of the proxy of a try: nothing where the environment decides."""
        if config.proxy_config is None and config.proxy_rotation_strategy is None:
            return {}
        turn = ProxyTurn(index=self.number + index, attempt=attempt)
        proxy = proxy_of(config, turn, elapsed=time.monotonic() - self.made_at, run=self.run)
        if proxy is None:
            return {}
        return {"proxy": proxy.url if isinstance(proxy, ProxyConfig) else None}
