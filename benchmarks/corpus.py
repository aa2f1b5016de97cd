"""A local corpus of real pages: the HTML documentation in a few Debian packages.

    python benchmarks/corpus.py [FOLDER]

downloads the packages (``apt-get download``, no installation, no root), unpacks them into FOLDER and writes
``pages.jsonl`` there: one line for each page, with its path and its title. The pages are picked and ordered in the
same way every time. FOLDER is a folder of the user's cache by default, never one of the repository.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parsel import Selector
from w3lib.encoding import html_to_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("apache2-doc", "git-doc", "postgresql-doc", "python3-doc", "sqlite3-doc")
"""Some only depend on a package that has the pages; those are followed."""

MIN_TEXT = 200
"""Characters of text that a page must have; less is a frame, a redirect or a stub."""

WANTED = 3000
"""Distinct pages that a corpus must have."""


@dataclass(frozen=True)
class Page:
    path: str
    """Path of the file below the folder ``files`` of the corpus, with forward slashes; also the path of its URL."""

    title: str
    """Text of its ``<title>``, white space collapsed."""


def default_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "scrapy-crawl4" / "real-docs"


def ensure(folder: Path, packages: tuple[str, ...] = PACKAGES) -> list[Page]:
    """Return the pages of the corpus in *folder*, which is made first when it is not there."""
    manifest = folder / "pages.jsonl"
    if not manifest.exists():
        build(folder, packages)
    with manifest.open(encoding="utf-8") as lines:
        return [Page(**json.loads(line)) for line in lines]


def build(folder: Path, packages: tuple[str, ...]) -> None:
    files = folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    archives = download(folder / "archives", packages)
    for archive in archives:
        subprocess.run(["dpkg-deb", "-x", archive, files], check=True)
    pages = pick(files)
    if len(pages) < WANTED:
        raise SystemExit(f"The packages have {len(pages)} usable pages, {WANTED} are needed: add a package.")
    partial = folder / "pages.jsonl.part"
    with partial.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(asdict(page), ensure_ascii=False) + "\n" for page in pages)
    partial.replace(folder / "pages.jsonl")


def download(folder: Path, packages: tuple[str, ...]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    names = [name for package in packages for name in (package, *documentation_packages(package))]
    for old in folder.glob("*.deb"):
        old.unlink()
    # The sandbox user of apt cannot write into the cache of another user.
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=", "download", *names]
    try:
        subprocess.run(command, cwd=folder, check=True, stdout=sys.stderr)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SystemExit(f"Downloading the packages failed ({error}); 'apt-get update' may be needed.") from None
    return sorted(folder.glob("*.deb"))


def documentation_packages(package: str) -> list[str]:
    """Names of the documentation packages that *package* depends on (python3-doc has only a dependency)."""
    done = subprocess.run(["apt-cache", "depends", package], check=True, capture_output=True, text=True)
    names = [line.split()[-1] for line in done.stdout.splitlines() if line.strip().startswith("Depends:")]
    return [name for name in names if "-doc" in name]


def pick(files: Path) -> list[Page]:
    """The distinct pages below *files* that have a title and text, in an order that mixes the packages."""
    pages: dict[bytes, Page] = {}
    for path, body in html_files(files):
        digest = hashlib.sha256(body).digest()
        if digest not in pages and (title := title_of(body)):
            pages[digest] = Page(path.relative_to(files).as_posix(), title)
    return sorted(pages.values(), key=lambda page: hashlib.sha256(page.path.encode()).digest())


def html_files(files: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(files.rglob("*.html")):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def title_of(body: bytes) -> str:
    """The title of a page that is worth crawling; empty for one without title, with frames or without text."""
    _, text = html_to_unicode(None, body)
    page = Selector(text, type="html")  # XHTML pages too: told by its first line, parsel would parse XML
    if page.css("frameset") or page.css("meta[http-equiv=refresh i]"):
        return ""
    title = " ".join((page.css("title::text").get() or "").split())
    length = sum(len(part.strip()) for part in page.xpath("//body//text()[not(parent::script)]").getall())
    return title if length >= MIN_TEXT else ""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a local corpus of real documentation pages.")
    parser.add_argument("folder", nargs="?", type=Path, default=default_folder())
    folder: Path = parser.parse_args().folder
    pages = ensure(folder)
    size = sum((folder / "files" / page.path).stat().st_size for page in pages)
    print(f"{len(pages)} distinct pages, {size / len(pages) / 1024:.0f} KB on average, in {folder}")


if __name__ == "__main__":
    main()
