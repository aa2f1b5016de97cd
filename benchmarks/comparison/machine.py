"""What a comparison ran on: no names of hosts, users or folders."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from environments import VERSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from environments import Environment

TOLD = {
    "scrapy-crawl4": ("scrapy-crawl4", "scrapy", "twisted", "turbohtml", "aiohttp"),
    "crawl4ai": ("crawl4ai", "aiohttp"),
    "crawlee": ("crawlee", "impit", "html-to-markdown", "markdownify"),
    "scrapy": ("scrapy", "twisted", "html-to-markdown", "markdownify"),
    "aiohttp": ("aiohttp",),
}
"""Packages whose versions are told, by environment."""


def machine() -> list[str]:
    """Return a line for each thing that figures depend on."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    memory = psutil.virtual_memory().total / 2**30
    return [
        f"{os.cpu_count()} cores, {processor()}, {memory:.0f} GB of memory",
        f"{platform.system()} {platform.release().partition('-')[0]}, {python}",
    ]


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def versions(pythons: Mapping[Environment, Path]) -> list[str]:
    """Return a line for each environment, with the versions of what matters in it."""
    lines = []
    for environment, python in pythons.items():
        told = subprocess.run([python, "-c", VERSIONS], check=True, capture_output=True, text=True).stdout
        found = json.loads(told)
        names = [name for name in TOLD.get(environment.name, ()) if name in found]
        lines.append(f"{environment.name}: " + ", ".join(f"{name} {found[name]}" for name in names))
    return lines
