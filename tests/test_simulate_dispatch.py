"""What the simulator shows at full size holds at a small one, and its world is what it says it is."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

FOLDER = Path(__file__).parent.parent / "benchmarks"
MB = 1024 * 1024


@pytest.fixture
def simulate(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("simulate_dispatch")


@pytest.fixture
def part(simulate):
    return lambda name: importlib.import_module(f"simulation.{name}")


def tasks_of(part, *sizes, latency=0.0, declared=True):
    return [part("load").Task(0, size, latency, declared) for size in sizes]


def world_of(simulate, part, machine, tasks, permits=20):
    dispatcher = simulate.make_policy("predictive", permits, 0.0)
    return part("world").World(machine, dispatcher, simulate.plain_hosts(1, 0.0), iter(tasks))


# What dispatch promises.


def test_tasks_of_one_host_start_exactly_their_delay_apart(simulate):
    assert simulate.gaps_on_one_host(tasks=10, delay=1.0) == [1.0] * 9


def test_a_slow_host_does_not_hold_up_fast_ones(simulate):
    alone = simulate.beside_slow_host(0, fast_tasks=400)
    assert simulate.beside_slow_host(400, fast_tasks=400) <= 1.1 * alone


def test_operations_per_task_do_not_grow(simulate):
    shape = replace(simulate.MIXED, hosts=1_000)
    small, large = (
        simulate.figures(replace(shape, tasks=tasks), simulate.MACHINE, "predictive", 32, seed=1)
        for tasks in (1_000, 10_000)
    )
    assert small.done == 1_000
    assert large.done == 10_000
    assert large.operations_per_task <= 1.5 * small.operations_per_task


def test_throughput_is_nearly_ideal(simulate):
    # Hosts of more even size than in the mixed load: the last tasks of its largest host count at this number of tasks.
    shape = replace(simulate.MIXED, tasks=10_000, zipf=0.3, slowest=5.0)
    run = simulate.figures(shape, simulate.MACHINE, "predictive", 32, seed=1)
    assert 0.95 <= run.efficiency <= 1.0


def test_the_memory_limit_is_passed_only_without_prediction(simulate):
    shape, machine, permits = simulate.HEAVY, simulate.CONTAINER, simulate.CONTAINER_PERMITS
    predictive, reactive = (simulate.many(shape, machine, policy, permits, range(4)) for policy in simulate.POLICIES)
    assert all(run.peak_mb <= run.limit_mb for run in predictive)
    assert all(run.done == run.tasks and not run.expired and not run.fitting_refused for run in predictive)
    assert any(run.peak_mb > run.limit_mb for run in reactive)


def test_limiting_hosts_are_obeyed(simulate):
    shape = replace(simulate.MIXED, tasks=2_000, hosts=50, limiting=0.9, failing=0.0, allowed=(0.5, 2.0), busiest=9.0)
    run = simulate.figures(shape, simulate.MACHINE, "predictive", 32, seed=1)
    assert run.refusals > 100
    assert run.early_starts == run.impatient_starts == 0
    assert run.served <= 1.0


def test_a_page_that_cannot_fit_is_given_up_and_the_others_are_not(simulate, part):
    for declared in (True, False):
        machine = replace(simulate.MACHINE, limit_mb=400.0)
        tasks = tasks_of(part, 40_000, 30 * MB, 50_000, declared=declared)
        world = world_of(simulate, part, machine, tasks).run()
        assert world.outcome.done == 3
        assert world.outcome.failed == world.outcome.too_large == 1
        assert world.outcome.fitting_refused == 0
        assert world.memory.peak_mb <= 400.0


# What the world is.


def test_a_seed_is_a_run(simulate):
    shape = replace(simulate.MIXED, tasks=500, hosts=50)
    first, again, other = (
        replace(simulate.figures(shape, simulate.MACHINE, "predictive", 8, seed), cpu=0.0, seed=0) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_bodies_share_the_link(part):
    loop, arrivals = part("loop").Loop(), []
    link = part("link").Link(loop, 100.0, 1_000, lambda attempt: arrivals.append((loop.now, attempt.task.size)))

    def start(size):
        attempt = part("attempt").Attempt.__new__(part("attempt").Attempt)
        attempt.task = part("load").Task(0, size, 0.0, declared=True)
        attempt.received, attempt.began = 0, -1.0
        link.start(attempt)
        return attempt

    begin = loop.now
    start(100)
    start(200)
    gone = start(1_000)
    loop.at(begin + 1.5, link.cancel, gone)
    loop.run()
    # 50 bytes each after 1.5 s, when one leaves; the first has its other 50 at 2.5 s, the second 100 more at 3.5 s.
    assert [(when - begin, size) for when, size in arrivals] == [(pytest.approx(2.5), 100), (pytest.approx(3.5), 200)]
    assert link.active == 0
    assert link.received() == 0


def test_memory_of_one_page(simulate, part):
    machine = replace(simulate.MACHINE, base_mb=100.0, hold=2.0, work=20.0)
    world = world_of(simulate, part, machine, tasks_of(part, 2 * MB)).run()
    assert world.memory.peak_mb == 140.0
    assert world.memory.process_mb() == 100.0


def test_retained_results_stay_in_memory(simulate, part):
    machine = replace(simulate.MACHINE, base_mb=100.0, retained=4.0)
    world = world_of(simulate, part, machine, tasks_of(part, MB, MB)).run()
    assert world.memory.process_mb() == 108.0


def test_a_neighbour_grows_and_shrinks(part):
    neighbour = part("memory").Neighbour(size_mb=100.0, begins=10.0, stays=20.0, ramp=5.0)
    assert [neighbour.mb(at) for at in (0, 10, 12.5, 15, 35, 37.5, 40, 100)] == [0, 0, 50, 100, 100, 50, 0, 0]


def test_a_limiting_host_refuses_whoever_is_too_fast(simulate, part):
    loop, hosts = part("loop").Loop(), simulate.plain_hosts(1, 0.0)
    hosts.gap[0] = 2.0
    servers = part("servers").Servers(loop, hosts, delay=0.0)
    assert [servers.ask(0) for _ in range(3)] == [0.0, 0.0, 4.0]
    loop.now += 2.0
    assert [servers.ask(0) for _ in range(2)] == [0.0, 4.0]
    servers.refused(0, 4.0)
    loop.now += 3.0
    servers.ask(0)
    assert servers.refusals == 2
    assert servers.impatient_starts == 1


def test_the_ideal_schedule_is_a_lower_bound(simulate, part):
    machine = replace(simulate.MACHINE, width_mb=1.0, content_base=0.5, content_per_mb=0.0)
    world = world_of(simulate, part, machine, tasks_of(part, *[MB] * 10, latency=1.0), permits=2).run()
    bounds = world.ideal.bounds()
    assert bounds["permits"] == 10 * 2.5 / 2
    assert bounds["content"] == 5.0
    assert bounds["link"] == 10.0
    assert bounds["longest"] == 2.5
    assert world.elapsed >= world.ideal.seconds == 12.5


def test_no_more_than_the_lookahead_is_read(simulate, part):
    seen = []
    machine = replace(simulate.MACHINE, lookahead=5)

    def tasks():
        for task in tasks_of(part, *[40_000] * 50):
            seen.append(world.outcome.done)
            yield task

    world = world_of(simulate, part, machine, [], permits=2)
    world._input = tasks()
    world.run()
    assert world.outcome.done == 50
    assert all(read - done <= 5 for read, done in enumerate(seen))


def test_hosts_have_zipf_shares(part):
    shape = part("load").Shape(tasks=10_000, hosts=100)
    hosts = part("load").make_hosts(shape, Random(1))
    counts = [0] * 100
    for task in part("load").draw_tasks(shape, hosts, Random(1)):
        counts[task.host] += 1
    assert counts[0] == pytest.approx(10_000 / 5.187, rel=0.1)
    assert counts[0] == pytest.approx(2 * counts[1], rel=0.2)


@pytest.mark.parametrize("seeds", [1, 2])
def test_the_command_prints_figures(simulate, monkeypatch, capsys, seeds):
    options = ["--tasks", "300", "--hosts", "30", "--permits", "8", "--limit-mb", "800", "--seeds", str(seeds)]
    monkeypatch.setattr(sys, "argv", ["simulate_dispatch.py", *options])
    assert simulate.main() == 0
    printed = capsys.readouterr().out
    assert "of ideal" in printed
    assert "of 800 MB" in printed


def test_operations_count_the_heap_of_idle_hosts(simulate, part):
    tasks = tasks_of(part, 40_000, latency=0.5)
    world = world_of(simulate, part, simulate.MACHINE, tasks).run()
    # In and out of the heap of hosts that may start, and into that of hosts to forget.
    assert world.operations["heap moves"] == 3
    world.controller._queues.forget(world.loop.now + 100.0)
    assert world.operations["heap moves"] == 4
