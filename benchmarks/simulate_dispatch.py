"""Dispatch in simulated time: its controller, driver, limiter and policy against hosts, a link, a thread and memory.

    python benchmarks/simulate_dispatch.py
    python benchmarks/simulate_dispatch.py --tasks 100000 --policy reactive --limit-mb 450 --seeds 10

Without options it holds dispatch to what is promised of it, prints PASS or FAIL with each figure, and exits with 1 if
any failed. With options it runs one load, or one for each of several seeds, and prints what came of the worst.

The mixed load: hosts with Zipf-distributed shares of the tasks, 2 % of them dead, 5 % limiting (429 and Retry-After
for whoever asks faster than they allow), lognormal latencies with a tail up to 20 s, lognormal body sizes with a Pareto
tail. Bodies share a link, one thread does the content work (``simulation/load.py`` and ``simulation/world.py`` have
the figures).

The ideal schedule is no schedule but a lower bound on all of them: the seconds that the scarcest of permits, content
thread, link, hosts' rates and memory needs if it never idles (``simulation/ideal.py``). Nothing reaches it, as the last
task always runs alone; work that was refused, taken back or queued counts against dispatch, and so does the time in
which the largest host's last tasks keep their delay while all else is done: at most ``lookahead * delay``, 100 s here.
A load is measured over enough tasks for that to be small.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

from simulation.load import Hosts, Shape, Task, draw_tasks, make_hosts
from simulation.memory import Neighbour
from simulation.reactive import ReactiveDispatcher
from simulation.world import Machine, World

from scrapy_crawl4.dispatch import (
    BaseDispatcher,
    HostLimits,
    MemoryAdaptiveDispatcher,
    RateLimiter,
    SemaphoreDispatcher,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIXED = Shape()
MACHINE = Machine()
PERMITS = 32
HEAVY = Shape(tasks=1_000, hosts=200, tail_share=0.15, tail_from_mb=1.0, tail_power=0.8, largest_mb=10.0)
"""A load for memory: one page in seven has 1 to 10 MB."""
CONTAINER = Machine(limit_mb=450.0, neighbour=Neighbour(size_mb=75.0, begins=10.0, stays=20.0, ramp=15.0))
CONTAINER_PERMITS = 20
POLICIES = ("predictive", "reactive")


def make_policy(name: str, permits: int, delay: float) -> BaseDispatcher:
    limiter = RateLimiter(delay)
    if name == "reactive":
        return ReactiveDispatcher(permits, limiter)
    return MemoryAdaptiveDispatcher(max_session_permit=permits, rate_limiter=limiter)


def simulate(shape: Shape, machine: Machine, policy: str, permits: int, seed: int) -> World:
    """Run one load to its end."""
    random = Random(seed)
    hosts = make_hosts(shape, random)
    tasks = draw_tasks(shape, hosts, random)
    dispatcher = make_policy(policy, permits, shape.delay)
    return World(machine, dispatcher, hosts, tasks, delay=shape.delay, seed=seed).run()


@dataclass(frozen=True)
class Figures:
    """What came of one run; the world itself is not kept."""

    seed: int
    tasks: int
    done: int
    failed: int
    expired: int
    too_large: int
    fitting_refused: int
    elapsed: float
    ideal: dict[str, float]
    peak_mb: float
    limit_mb: float
    longest_wait: float
    asked: float
    served: float
    refusals: int
    gave_up: int
    early_starts: int
    impatient_starts: int
    sheds: int
    operations: dict[str, int]
    cpu: float

    @property
    def efficiency(self) -> float:
        """Throughput as a share of the ideal schedule's; 0 for a run that did not get to the end of its tasks."""
        if self.expired or self.done < self.tasks:
            return 0.0
        return max(self.ideal.values()) / self.elapsed

    @property
    def operations_per_task(self) -> float:
        return sum(self.operations.values()) / self.tasks


def figures(shape: Shape, machine: Machine, policy: str, permits: int, seed: int) -> Figures:
    began = time.process_time()
    world = simulate(shape, machine, policy, permits, seed)
    cpu = time.process_time() - began
    outcome, servers, statistics = world.outcome, world.servers, world.controller.statistics
    asked, served = servers.worst()
    return Figures(
        seed=seed,
        tasks=shape.tasks,
        done=outcome.done,
        failed=outcome.failed,
        expired=outcome.expired,
        too_large=outcome.too_large,
        fitting_refused=outcome.fitting_refused,
        elapsed=world.elapsed,
        ideal=world.ideal.bounds(),
        peak_mb=world.memory.peak_mb,
        limit_mb=machine.limit_mb,
        longest_wait=outcome.longest_wait,
        asked=asked,
        served=served,
        refusals=servers.refusals,
        gave_up=statistics.gave_up,
        early_starts=servers.early_starts,
        impatient_starts=servers.impatient_starts,
        sheds=statistics.shed,
        operations=world.operations,
        cpu=cpu,
    )


def describe(run: Figures) -> str:
    scarcest = max(run.ideal, key=lambda name: run.ideal[name])
    per_task = ", ".join(f"{count / run.tasks:.3f} {name}" for name, count in run.operations.items())
    bounds = ", ".join(f"{name} {seconds:,.0f} s" for name, seconds in run.ideal.items())
    lines = [
        f"seed {run.seed}: {run.tasks:,} tasks in {run.elapsed:,.0f} s of simulated time",
        f"  throughput    {run.done / run.elapsed:.1f} tasks/s, {run.efficiency:.1%} of ideal, bound by {scarcest}",
        f"  ideal         {bounds}",
        f"  memory        peak {run.peak_mb:,.0f} of {run.limit_mb:,.0f} MB, {run.sheds:,} sessions taken back",
        f"  tasks         {run.failed:,} failed ({run.gave_up:,} refused too often, {run.too_large:,} too large)",
        f"  longest wait  {run.longest_wait:,.1f} s",
        f"  worst host    asked {run.asked:.2f} times as fast as it allows, served {run.served:.2f}",
        f"  all hosts     {run.refusals:,} refusals",
        f"  early starts  {run.early_starts} within the host's delay, {run.impatient_starts} within its Retry-After",
        f"  operations    {run.operations_per_task:.3f} per task ({per_task})",
        f"  simulator     {run.cpu:.1f} s of CPU, {run.cpu / run.tasks * 1e6:.0f} us per task",
    ]
    return "\n".join(lines)


def worst_of(runs: list[Figures]) -> str:
    """One line for many seeds, each figure that of the seed where it was worst."""
    full = max(runs, key=lambda run: run.peak_mb / run.limit_mb)
    slow = min(runs, key=lambda run: run.efficiency)
    passed = sum(run.peak_mb > run.limit_mb for run in runs)
    mean = sum(run.efficiency for run in runs) / len(runs)
    return "; ".join(
        [
            f"worst of {len(runs)} seeds: peak {full.peak_mb:,.0f} of {full.limit_mb:,.0f} MB (seed {full.seed})",
            f"limit passed in {passed}",
            f"throughput {slow.efficiency:.1%} of ideal (seed {slow.seed}), mean {mean:.1%}",
            f"longest wait {max(run.longest_wait for run in runs):,.1f} s",
            f"host asked {max(run.asked for run in runs):.2f} times as fast as it allows",
            f"{max(run.operations_per_task for run in runs):.2f} operations per task",
            f"{max(run.sheds for run in runs):,} taken back",
            f"{sum(run.fitting_refused for run in runs)} pages refused that fit",
            f"{sum(run.expired for run in runs)} tasks expired",
        ]
    )


@dataclass(frozen=True)
class Delay:
    """A host's own delay, as a downloader slot has one."""

    seconds: float
    concurrency: int = 1_000

    def download_delay(self) -> float:
        return self.seconds


def plain_hosts(count: int, latency: float) -> Hosts:
    return Hosts(
        keys=[f"host{index}" for index in range(count)],
        weights=[],
        latency=[latency] * count,
        gap=[0.0] * count,
        failing=set(),
    )


def beside_slow_host(slow_tasks: int, *, seed: int = 1, fast_tasks: int = 1_000, fast_hosts: int = 20) -> float:
    """Return the seconds that the fast hosts' tasks take beside those of a host with a delay of 2 s."""
    random = Random(seed)
    order = [0] * slow_tasks + [1 + number % fast_hosts for number in range(fast_tasks)]
    random.shuffle(order)
    tasks = (Task(host, 40_000, 0.2, declared=True) for host in order)

    def limits(host: str) -> HostLimits | None:
        return Delay(2.0) if host == "host0" else None

    dispatcher = SemaphoreDispatcher(semaphore_count=20)
    world = World(MACHINE, dispatcher, plain_hosts(1 + fast_hosts, 0.2), tasks, host_limits=limits).run()
    return max(world.last_end[1:]) - 1_000.0


def gaps_on_one_host(tasks: int = 10, delay: float = 1.0) -> list[float]:
    """Return the seconds between the starts of tasks on one host."""
    dispatcher = MemoryAdaptiveDispatcher(rate_limiter=RateLimiter(delay))
    input_ = (Task(0, 40_000, 0.2, declared=True) for _ in range(tasks))
    world = World(MACHINE, dispatcher, plain_hosts(1, 0.2), input_, delay=delay)
    world.servers.journal = journal = []
    world.run()
    return [later[0] - earlier[0] for earlier, later in pairwise(journal)]


Verdict = tuple[bool, str]


def check_size(big: Figures) -> Verdict:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figure = f"{big.tasks:,} tasks take {big.cpu:.1f} s of CPU (at most 60) and {peak:.0f} MB (at most 200)"
    return big.cpu <= 60 and peak <= 200, figure


def check_operations(big: Figures) -> Verdict:
    small = figures(replace(MIXED, tasks=1_000), MACHINE, "predictive", PERMITS, big.seed)
    ratio = big.operations_per_task / small.operations_per_task
    figure = (
        f"{big.operations_per_task:.3f} operations per task at {big.tasks:,}, "
        f"{small.operations_per_task:.3f} at {small.tasks:,}: "
        f"{ratio:.2f} times (at most 1.5)"
    )
    return ratio <= 1.5, figure


def check_throughput(big: Figures) -> Verdict:
    return big.efficiency >= 0.95, f"throughput is {big.efficiency:.1%} of the ideal schedule's (at least 95 %)"


def check_manners(big: Figures) -> Verdict:
    figure = (
        f"{big.early_starts} starts before the delay was over, {big.impatient_starts} before Retry-After was (none)"
    )
    return not big.early_starts and not big.impatient_starts, figure


def check_memory(seeds: int) -> Verdict:
    runs = many(HEAVY, CONTAINER, "predictive", CONTAINER_PERMITS, range(seeds))
    lost = any(run.expired or run.fitting_refused or run.done != run.tasks for run in runs)
    return all(run.peak_mb <= run.limit_mb for run in runs) and not lost, f"with prediction: {worst_of(runs)}"


def check_reactive(seeds: int) -> Verdict:
    runs = many(HEAVY, CONTAINER, "reactive", CONTAINER_PERMITS, range(seeds))
    return any(run.peak_mb > run.limit_mb for run in runs), f"without prediction (must be passed): {worst_of(runs)}"


def check_slow_host() -> Verdict:
    alone, beside = beside_slow_host(0), beside_slow_host(1_000)
    figure = (
        f"1,000 tasks of 20 fast hosts take {beside:.2f} s beside 1,000 of a host with 2 s delay, {alone:.2f} s alone: "
        f"{beside / alone:.3f} times (at most 1.1)"
    )
    return beside <= 1.1 * alone, figure


def check_exact() -> Verdict:
    gaps = gaps_on_one_host()
    figure = f"10 tasks on one host with 1 s delay start {min(gaps):.9f} to {max(gaps):.9f} s apart (exactly 1)"
    return len(gaps) == 9 and all(abs(gap - 1.0) < 1e-9 for gap in gaps), figure


def many(shape: Shape, machine: Machine, policy: str, permits: int, seeds: range) -> list[Figures]:
    return [figures(shape, machine, policy, permits, seed) for seed in seeds]


def verdicts(seed: int) -> Iterator[Verdict]:
    # The big run comes first: the memory of this process is part of what is measured.
    big = figures(MIXED, MACHINE, "predictive", PERMITS, seed)
    print(describe(big), flush=True)
    checks: tuple[Callable[[], Verdict], ...] = (
        lambda: check_size(big),
        lambda: check_operations(big),
        lambda: check_throughput(big),
        lambda: check_manners(big),
        lambda: check_memory(100),
        lambda: check_reactive(100),
        check_slow_host,
        check_exact,
    )
    for check in checks:
        yield check()


def hold(seed: int) -> int:
    held = True
    for passed, figure in verdicts(seed):
        print("PASS" if passed else "FAIL", figure, flush=True)
        held = held and passed
    return 0 if held else 1


def explore(options: argparse.Namespace) -> int:
    shape = replace(MIXED, tasks=options.tasks, hosts=options.hosts)
    machine = replace(MACHINE, limit_mb=options.limit_mb)
    seeds = range(options.seed, options.seed + options.seeds)
    runs = many(shape, machine, options.policy, options.permits, seeds)
    if len(runs) > 1:
        print(worst_of(runs))
    else:
        print(describe(runs[0]))
    print(f"  this process  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return int(any(run.peak_mb > run.limit_mb or run.done != run.tasks for run in runs))


def main() -> int:
    parser = argparse.ArgumentParser(description="Run dispatch in simulated time and hold it to its promises.")
    parser.add_argument("--tasks", type=int, default=MIXED.tasks)
    parser.add_argument("--hosts", type=int, default=MIXED.hosts)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=1, help="run that many seeds and print the worst")
    parser.add_argument("--policy", choices=POLICIES, default="predictive")
    parser.add_argument("--limit-mb", type=float, default=MACHINE.limit_mb)
    parser.add_argument("--permits", type=int, default=PERMITS)
    return explore(parser.parse_args()) if len(sys.argv) > 1 else hold(1)


if __name__ == "__main__":
    sys.exit(main())
