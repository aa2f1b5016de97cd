"""Virtual environments of programs that are measured, made with pip on first use."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = ("scrapy_crawl4", "pyproject.toml", "setup.cfg", "README.md", "LICENSE")
"""What an installation of this project is built from."""

VERSIONS = """
import importlib.metadata, json
print(json.dumps({each.name.lower().replace("_", "-"): each.version for each in importlib.metadata.distributions()}))
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment of its own.

    packages: what pip installs into it; none is the environment that this script runs in.
    ours: whether this project is installed too, without extras, as it is now.
    """

    name: str
    packages: tuple[str, ...] = ()
    ours: bool = False

    def python(self, folder: Path) -> Path:
        """Return the interpreter of the environment in *folder*, which is made first if need be."""
        if not self.packages and not self.ours:
            return Path(sys.executable)
        home = folder / self.name
        python = home / "bin" / "python"
        if not (home / "ready").exists():
            print(f"Installing {' '.join(self.packages) or self.name} into an environment of its own.", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
            pip(python, *self.packages)
            (home / "ready").touch()
        return python


def pip(python: Path, *packages: str) -> None:
    if packages:
        command = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq", *packages]
        subprocess.run(command, check=True, stdout=sys.stderr)


def install_ours(python: Path) -> None:
    """Install this project as it is now: built from a copy, since a build leaves files beside its sources."""
    with tempfile.TemporaryDirectory() as folder:
        for name in SOURCES:
            source, target = ROOT / name, Path(folder) / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        pip(python, folder)
        pip(python, "--force-reinstall", "--no-deps", folder)


def site_packages(python: Path) -> Path:
    command = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def installed_mb(python: Path) -> float:
    """Return what the installed packages take on disk, in MB."""
    files = [path.lstat() for path in site_packages(python).rglob("*")]
    return sum(file.st_blocks * 512 for file in files) / 2**20
