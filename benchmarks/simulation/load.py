"""What is crawled: hosts of very different sizes and manners, pages of very different sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

MB = 1024 * 1024
BATCH = 1000
"""Hosts drawn at one time: cheaper than one by one, and few enough to be nothing in memory."""


@dataclass(frozen=True)
class Shape:
    """A load. The defaults are the mixed one.

    zipf: a host's share of the tasks falls with its rank to this power.
    median_kb, spread: body sizes are lognormal, sigma ``spread``.
    tail_share, tail_from_mb, tail_power, largest_mb: that share of the pages has a Pareto size instead, cut off at
        ``largest_mb``.
    declared: share of the pages that announce their size.
    latency, latency_spread: seconds to the first byte, lognormal around the host's own lognormal median.
    slow_share: share of the requests that take up to ``slowest`` seconds instead.
    failing, limiting: share of the hosts that refuse connections, and that answer 429 to those who ask too fast.
    allowed: the shortest and longest seconds between two requests that a limiting host wants. One that owns so many
        tasks that it alone would take longer than ``busiest`` of the run, at ``expected_rate`` tasks a second, wants
        less: large sites are not the slow ones, and with such a one the run would be a test of that host alone.
    delay: seconds between two starts on one host, which the crawler keeps by itself.
    """

    tasks: int = 1_000_000
    hosts: int = 10_000
    zipf: float = 1.0
    median_kb: float = 40.0
    spread: float = 1.0
    tail_share: float = 0.02
    tail_from_mb: float = 0.5
    tail_power: float = 1.1
    largest_mb: float = 10.0
    declared: float = 0.5
    latency: float = 0.4
    latency_spread: float = 0.5
    slow_share: float = 0.002
    slowest: float = 20.0
    failing: float = 0.02
    limiting: float = 0.05
    allowed: tuple[float, float] = (0.2, 2.0)
    busiest: float = 0.3
    expected_rate: float = 50.0
    delay: float = 0.1


class Task(NamedTuple):
    """One page to fetch; ``size`` in bytes, ``latency`` in seconds to the first byte."""

    host: int
    size: int
    latency: float
    declared: bool


@dataclass
class Hosts:
    """What the hosts are like, by index.

    gap: seconds between two requests that a host allows; 0 where it does not care.
    """

    keys: list[str]
    weights: list[float]
    latency: list[float]
    gap: list[float]
    failing: set[int]


def make_hosts(shape: Shape, random: Random) -> Hosts:
    weights = [1 / (rank + 1) ** shape.zipf for rank in range(shape.hosts)]
    total = sum(weights)
    low, high = shape.allowed
    gaps = [0.0] * shape.hosts
    failing = set()
    for index, weight in enumerate(weights):
        draw = random.random()
        if draw < shape.limiting:
            most = shape.busiest * total / weight / shape.expected_rate
            gaps[index] = min(low * (high / low) ** random.random(), most)
        # Were one of the few largest hosts down, the run would be about nothing else.
        elif draw < shape.limiting + shape.failing and index >= 10:
            failing.add(index)
    return Hosts(
        keys=[f"host{index}" for index in range(shape.hosts)],
        weights=list(accumulate(weights)),
        latency=[random.lognormvariate(0, shape.latency_spread) * shape.latency for _ in weights],
        gap=gaps,
        failing=failing,
    )


def draw_tasks(shape: Shape, hosts: Hosts, random: Random) -> Iterator[Task]:
    """Yield ``shape.tasks`` tasks, hosts mixed at random by their weights."""
    uniform, normal, exp = random.random, random.normalvariate, math.exp
    median, largest = shape.median_kb * 1024, int(shape.largest_mb * MB)
    for begin in range(0, shape.tasks, BATCH):
        chosen = random.choices(range(shape.hosts), cum_weights=hosts.weights, k=min(BATCH, shape.tasks - begin))
        for host in chosen:
            if uniform() < shape.tail_share:
                size = shape.tail_from_mb * MB * uniform() ** (-1 / shape.tail_power)
            else:
                size = median * exp(normal(0, shape.spread))
            latency = hosts.latency[host] * exp(normal(0, shape.latency_spread))
            if uniform() < shape.slow_share:
                latency = max(latency, shape.slowest * uniform())
            yield Task(host, min(int(size), largest), latency, uniform() < shape.declared)
