"""What one request does with the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..config import META_KEY, CacheMode, config_in

if TYPE_CHECKING:
    from collections.abc import Mapping

READING = frozenset({CacheMode.ENABLED, CacheMode.READ_ONLY})
WRITING = frozenset({CacheMode.ENABLED, CacheMode.WRITE_ONLY})


@dataclass(frozen=True, slots=True)
class CacheUse:
    """Whether a request reads the cache, writes it, and asks the host first whether what is there is fresh."""

    read: bool
    write: bool
    check: bool = False
    timeout: float = 10.0
    """Seconds that the host has to answer when it is asked."""

    @classmethod
    def of(cls, meta: Mapping[str, Any], *, enabled: bool) -> CacheUse | None:
        """Return the use that the configuration in a request's *meta* asks for; None where there is none.

        :param enabled: what counts for a configuration without a ``cache_mode``: ``HTTPCACHE_ENABLED``.
        :raises TypeError, ValueError: for a configuration that is none.
        """
        config = config_in(meta) if META_KEY in meta else None
        if config is None:
            return None
        usual = CacheMode.ENABLED if enabled else CacheMode.BYPASS
        mode = config.cache_mode if config.is_given("cache_mode") else usual
        if mode is CacheMode.BYPASS or mode is CacheMode.DISABLED:
            return NO_USE
        return cls(
            read=mode in READING,
            write=mode in WRITING,
            check=config.check_cache_freshness,
            timeout=config.cache_validation_timeout,
        )


NO_USE = CacheUse(read=False, write=False)
