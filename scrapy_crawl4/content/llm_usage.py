"""Tokens that models counted."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

HISTORY = 1000
"""Requests that a tally remembers one by one."""


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one request, or of several together, as the endpoint counted them; 0 where it did not say."""

    completion_tokens: int = 0
    prompt_tokens: int = 0
    total_tokens: int = 0
    completion_tokens_details: dict[str, Any] = field(default_factory=dict)
    """What the endpoint says about the tokens of its answer; empty for a sum."""
    prompt_tokens_details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, usage: Any) -> TokenUsage:
        """Read the ``usage`` of an answer, in whatever form it came."""
        usage = usage if isinstance(usage, dict) else {}
        prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        return cls(
            completion,
            prompt,
            _count(usage.get("total_tokens")) or prompt + completion,
            _details(usage.get("completion_tokens_details")),
            _details(usage.get("prompt_tokens_details")),
        )

    @classmethod
    def sum(cls, usages: Iterable[TokenUsage]) -> TokenUsage:
        """All of them together."""
        numbers = [(each.completion_tokens, each.prompt_tokens, each.total_tokens) for each in usages]
        return cls(*(sum(column) for column in zip(*numbers, strict=True))) if numbers else cls()

    def to_dict(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _details(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


class Tally:
    """Counts what all requests of a strategy used; safe from any thread, and nothing that a result depends on.

    A copy and a pickle begin at zero: what a worker process counts stays there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = TokenUsage()
        self._requests = 0
        self._last: deque[TokenUsage] = deque(maxlen=HISTORY)

    def add(self, usage: TokenUsage) -> None:
        """Count one request."""
        with self._lock:
            self._total = TokenUsage.sum((self._total, usage))
            self._requests += 1
            self._last.append(usage)

    @property
    def total(self) -> TokenUsage:
        """All requests so far together."""
        return self._total

    @property
    def last(self) -> list[TokenUsage]:
        """The last requests, at most :data:`HISTORY`, in the order in which they were answered."""
        with self._lock:
            return list(self._last)

    def report(self) -> str:
        """A table for people."""
        with self._lock:
            total, requests, last = self._total, self._requests, list(self._last)
        rows = [("all", total), *((str(number), each) for number, each in enumerate(last, requests - len(last) + 1))]
        lines = [f"{'Request':<10} {'Completion':>12} {'Prompt':>12} {'Total':>12}"]
        lines += [
            f"{name:<10} {each.completion_tokens:>12,} {each.prompt_tokens:>12,} {each.total_tokens:>12,}"
            for name, each in rows
        ]
        return "\n".join(lines)

    def __reduce__(self) -> tuple[type[Tally], tuple[()]]:
        return Tally, ()


class CountsTokens:
    """What strategies that ask models tell about it."""

    asks_model = True
    """Pages are worked on by threads that may wait; set it on a class of your own that waits for something too."""

    _tally: Tally

    @property
    def usages(self) -> list[TokenUsage]:
        """Tokens of each of the last 1000 requests, of all pages that this object served in this process."""
        return self._tally.last

    @property
    def total_usage(self) -> TokenUsage:
        """Tokens of all requests of all pages that this object served in this process.

        Those of one page alone are in the ``metadata["llm_usage"]`` of its result.
        """
        return self._tally.total

    def show_usage(self) -> None:
        """Print the tokens of all requests and of each of the last ones."""
        print(self._tally.report())  # noqa: T201 - what it is asked for
