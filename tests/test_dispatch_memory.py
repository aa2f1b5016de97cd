"""Memory against the limit that can end the process: recorded control groups, this process, one real group."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapy_crawl4.dispatch import MemoryProbe, MemorySample, memory_groups

MB = 1024 * 1024
UNLIMITED_V1 = 9223372036854771712
HOST_MB = psutil.virtual_memory().total / MB


class Tree:
    """A cgroup file system and the membership of this process, as they would be recorded."""

    def __init__(self, folder):
        self.root = folder / "cgroup"
        self.root.mkdir()
        self.membership = folder / "self_cgroup"

    def group(self, path="", **files):
        folder = self.root / path
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_text(f"{content}\n")
        return folder

    def v2(self, path="", *, current=10, maximum="max", high="max", inactive=0):
        stat = f"anon {current * MB}\nfile 4096\nactive_file 77\ninactive_file {inactive * MB}\nworkingset_refault 3"
        return self.group(
            path,
            memory__current=current * MB,
            memory__max=maximum if maximum == "max" else maximum * MB,
            memory__high=high if high == "max" else high * MB,
            memory__stat=stat,
        )

    def v1(self, path="", *, usage=10, limit=None, inactive=0, hierarchical=None):
        stat = (
            f"cache 5\nrss 7\ninactive_file 1\nhierarchical_memory_limit {hierarchical or UNLIMITED_V1}\n"
            f"total_cache 99\ntotal_inactive_file {inactive * MB}"
        )
        return self.group(
            f"memory/{path}",
            memory__usage_in_bytes=usage * MB,
            memory__limit_in_bytes=UNLIMITED_V1 if limit is None else limit * MB,
            memory__stat=stat,
        )

    def probe(self, membership, **options):
        self.membership.write_text(membership)
        return MemoryProbe(cgroup_root=self.root, membership=self.membership, **options)

    def sample(self, membership):
        sample = self.probe(membership).sample()
        return sample.used_mb, sample.limit_mb


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.fixture(autouse=True)
def calm_host(monkeypatch):
    """The host itself is far from its limit, so that the groups decide."""
    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=int(real.total * 0.999)))


def is_host(sample):
    return sample[1] == pytest.approx(HOST_MB)


# Version 2


def test_d9_v2_limit_of_a_container(tree):
    tree.v2(current=300, maximum=400)
    assert tree.sample("0::/\n") == (300, 400)


def test_v2_page_cache_that_can_be_reclaimed_does_not_count(tree):
    tree.v2(current=390, maximum=400, inactive=300)
    assert tree.sample("0::/\n") == (90, 400)


def test_v2_more_cache_than_use_is_no_use(tree):
    tree.v2(current=10, maximum=400, inactive=300)
    probe = tree.probe("0::/\n")
    assert probe._groups[0].used() == 0


def test_v2_max_is_no_limit(tree):
    tree.v2(current=300)
    assert is_host(tree.sample("0::/\n"))


@pytest.mark.parametrize(("maximum", "high", "limit"), [(400, "max", 400), ("max", 350, 350), (400, 350, 350)])
def test_v2_the_lower_of_max_and_high_counts(tree, maximum, high, limit):
    tree.v2(current=300, maximum=maximum, high=high)
    assert tree.sample("0::/\n") == (300, limit)


def test_v2_the_tightest_ancestor_counts(tree):
    tree.group()
    tree.v2("kube", current=900, maximum=1000)
    tree.v2("kube/pod", current=100, maximum=500)
    tree.v2("kube/pod/c", current=90)
    assert tree.sample("0::/kube/pod/c\n") == (900, 1000)


def test_v2_the_own_group_counts_when_it_is_tightest(tree):
    tree.group()
    tree.v2("kube", current=500, maximum=1000)
    tree.v2("kube/pod", current=400, maximum=410)
    assert tree.sample("0::/kube/pod\n") == (400, 410)


def test_v2_the_limit_that_leaves_least_counts_while_none_is_near(tree):
    """A small empty group ends a process long before a large one that is half full."""
    tree.group()
    tree.v2("kube", current=500, maximum=1000)
    tree.v2("kube/pod", current=10, maximum=100)
    assert tree.sample("0::/kube/pod\n") == (10, 100)


def test_v2_the_root_of_a_host_has_no_memory_files(tree):
    tree.group(cgroup__procs="1")
    tree.v2("user.slice", current=200, maximum=400)
    probe = tree.probe("0::/user.slice\n")
    assert [group.path for group in probe._groups] == [tree.root / "user.slice"]


def test_v2_a_path_that_only_the_host_sees(tree):
    """Inside a container without its own namespace: the path names the host's tree, the mount is the container."""
    tree.v2(current=300, maximum=400)
    assert tree.sample("0::/kubepods.slice/pod1/cri-containerd-abc.scope\n") == (300, 400)


def test_v2_a_path_outside_of_the_namespace(tree):
    tree.v2(current=300, maximum=400)
    assert tree.sample("0::/../../other\n") == (300, 400)


def test_v2_a_group_whose_name_has_a_colon(tree):
    tree.v2("a:b", current=300, maximum=400)
    assert tree.sample("0::/a:b\n") == (300, 400)


@pytest.mark.parametrize("name", ["memory.max", "memory.high", "memory.stat"])
def test_v2_a_missing_file_is_no_error(tree, name):
    folder = tree.v2(current=300, maximum=400, high=400)
    (folder / name).unlink()
    assert tree.sample("0::/\n") == (300, 400)


@pytest.mark.parametrize("text", ["", "nonsense", "-5", "1.5", "0x10", "\xff", "max max"])
def test_v2_an_unreadable_limit_is_no_limit(tree, text):
    folder = tree.v2(current=300)
    (folder / "memory.max").write_bytes(text.encode("latin-1"))
    assert is_host(tree.sample("0::/\n"))


def test_v2_a_limit_of_nothing_is_full(tree):
    tree.v2(current=3, maximum=0)
    assert tree.probe("0::/\n").sample().percent > 100


def test_a_limit_above_the_host_is_the_host(tree):
    tree.v2(current=300, maximum=int(HOST_MB * 2))
    assert is_host(tree.sample("0::/\n"))


def test_a_group_that_vanishes_between_two_samples(tree):
    folder = tree.v2("job", current=300, maximum=400)
    probe = tree.probe("0::/job\n")
    assert probe.sample().limit_mb == 400
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert probe.sample().limit_mb == pytest.approx(HOST_MB)


def test_a_limit_that_changes_is_seen(tree):
    folder = tree.v2(current=300, maximum=400)
    probe = tree.probe("0::/\n")
    (folder / "memory.max").write_text(f"{350 * MB}\n")
    (folder / "memory.current").write_text(f"{349 * MB}\n")
    sample = probe.sample()
    assert (sample.used_mb, sample.limit_mb) == (349, 350)


# Version 1

V1 = "9:name=systemd:{0}\n8:pids:{0}\n4:memory:{0}\n1:cpu,cpuacct:{0}\n"


def test_d9_v1_limit_of_a_container(tree):
    tree.v1("docker/abc", usage=300, limit=400)
    assert tree.sample(V1.format("/docker/abc")) == (300, 400)


def test_v1_cache_of_the_whole_subtree_does_not_count(tree):
    tree.v1("docker/abc", usage=390, limit=400, inactive=300)
    assert tree.sample(V1.format("/docker/abc")) == (90, 400)


def test_v1_the_huge_value_is_no_limit(tree):
    tree.v1(usage=300)
    tree.v1("docker", usage=300)
    assert is_host(tree.sample(V1.format("/docker")))


def test_v1_the_tightest_ancestor_counts(tree):
    tree.v1(usage=950)
    tree.v1("kube", usage=900, limit=1000)
    tree.v1("kube/pod", usage=100, limit=500)
    assert tree.sample(V1.format("/kube/pod")) == (900, 1000)


def test_v1_a_path_that_only_the_host_sees(tree):
    tree.v1(usage=300, limit=400)
    assert tree.sample(V1.format("/docker/abc")) == (300, 400)


def test_v1_controllers_mounted_together(tree):
    tree.v1("job", usage=300, limit=400)
    (tree.root / "memory").rename(tree.root / "cpu,memory")
    assert tree.sample("3:cpu,memory:/job\n") == (300, 400)


def test_v1_no_group_of_another_controller_counts(tree):
    tree.v1("job", usage=300, limit=400)
    assert is_host(tree.sample("3:cpu,cpuacct:/job\n4:memory_like:/job\n"))


# Both, or none


def test_hybrid_memory_is_version_1(tree):
    tree.v1("job", usage=300, limit=400)
    tree.group("unified/job", cgroup__procs="1")
    assert tree.sample("4:memory:/job\n0::/job\n") == (300, 400)


def test_hybrid_memory_is_version_2(tree):
    tree.v2("unified/job", current=300, maximum=400)
    assert tree.sample("5:pids:/job\n0::/job\n") == (300, 400)


def test_hybrid_the_tightest_of_both_counts(tree):
    tree.v1("job", usage=300, limit=400)
    tree.v2("unified/job", current=300, maximum=301)
    assert tree.sample("4:memory:/job\n0::/job\n") == (300, 301)


def test_each_group_is_read_once(tree):
    tree.v2("a", maximum=400)
    assert len(memory_groups(tree.root, "0::/a\n0::/a\n")) == 1


@pytest.mark.parametrize("membership", ["", "\n", "nonsense", "0:\n", ":::::", "4:memory", "0::relative"])
def test_a_membership_that_says_nothing(tree, membership):
    assert is_host(tree.sample(membership))


def test_no_cgroup_file_system_at_all(tmp_path):
    probe = MemoryProbe(cgroup_root=tmp_path / "none", membership=tmp_path / "none")
    assert probe.sample().limit_mb == pytest.approx(HOST_MB)


@given(st.text(max_size=60))
def test_any_membership_is_read_without_an_error(membership):
    assert memory_groups(Path("/nonexistent"), membership.replace("\0", "")) == []


def test_the_host_counts_when_it_is_tighter(tree, monkeypatch):
    real = psutil.virtual_memory()
    monkeypatch.setattr(psutil, "virtual_memory", lambda: real._replace(available=real.total // 100))
    tree.v2(current=300, maximum=400)
    used, limit = tree.sample("0::/\n")
    assert limit == pytest.approx(HOST_MB)
    assert used == pytest.approx(0.99 * HOST_MB, rel=0.01)


# A limit of one's own, and this process


def test_a_limit_of_its_own_replaces_what_the_system_says(tree):
    tree.v2(current=399, maximum=400)
    sample = tree.probe("0::/\n", limit_mb=10_000).sample()
    assert sample.limit_mb == 10_000
    assert sample.used_mb == sample.process_mb == pytest.approx(psutil.Process().memory_info().rss / MB, rel=0.2)


def test_a_limit_of_its_own_can_be_passed():
    assert MemoryProbe(limit_mb=0.5).sample().percent > 100


def test_memory_of_children_counts():
    probe = MemoryProbe(limit_mb=10_000)
    alone = probe.sample().process_mb
    code = "held = bytearray(b'x') * (60 << 20); print('ready', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        both = max(probe.sample().process_mb for _ in range(6))
        child.communicate(b"\n")
    assert both > alone + 50
    assert max(probe.sample().process_mb for _ in range(6)) < both - 50, "a child that ended is no error"


@pytest.mark.parametrize(("used", "limit", "percent"), [(50, 200, 25), (300, 200, 150), (1, 0, 100)])
def test_percent(used, limit, percent):
    assert MemorySample(used, limit, used).percent == percent


def test_this_process_has_sensible_memory():
    sample = MemoryProbe().sample()
    assert 0 < sample.process_mb < HOST_MB
    assert 0 < sample.limit_mb <= HOST_MB * 1.001
    assert sample.used_mb >= 0


# A real group

MOUNT = Path("/sys/fs/cgroup/memory")
CHILD = """
    import os, sys
    with open(sys.argv[1] + "/cgroup.procs", "w") as procs:
        procs.write(str(os.getpid()))
    from scrapy_crawl4.dispatch import MemoryProbe
    probe = MemoryProbe()
    before = probe.sample()
    held = bytearray(b"x") * (80 << 20)
    after = probe.sample()
    print(before.limit_mb, before.used_mb, after.limit_mb, after.used_mb)
"""


@pytest.fixture
def real_group():
    """A v1 memory group with a limit of 300 MB."""
    folder = MOUNT / f"scrapy-crawl4-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no memory group (version 1) can be made here: {error.strerror}")
    try:
        try:
            (folder / "memory.limit_in_bytes").write_text(str(300 * MB))
        except OSError as error:
            pytest.skip(f"the memory group takes no limit: {error.strerror}")
        yield folder
    finally:
        folder.rmdir()


def test_d9_a_real_group_limits_a_process_in_it(real_group):
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(real_group)],
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    limit, used, limit_after, used_after = map(float, child.stdout.split())
    assert limit == limit_after == 300
    assert 0 <= used < 200
    assert used + 60 < used_after < 300


# Regressions


def test_v1_a_limit_of_a_hidden_ancestor_counts(tree):
    """A container sees its own group only, but the kernel says what the tightest of the groups above it allows."""
    tree.v1(usage=300, hierarchical=400 * MB)
    assert tree.sample(V1.format("/docker/abc")) == (300, 400)
    tree.v1(usage=300, limit=350, hierarchical=400 * MB)
    assert tree.sample(V1.format("/docker/abc")) == (300, 350)


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), "400", True], ids=repr)
def test_invariant_7_a_wrong_limit_is_named(wrong):
    with pytest.raises(ValueError, match=r"^limit_mb must be .*, got .*\.$"):
        MemoryProbe(wrong)
