"""Where the cache is for who does not say it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.utils.project import inside_project

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "scrapy-crawl4"


def user_cache_folder() -> str:
    """Return the folder of this package in the user's cache folder; it need not exist."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification says that a relative path is to be ignored.
    return str((Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / NAME)


def default_folder() -> str:
    """Return ``HTTPCACHE_DIR`` for who sets none: Scrapy's own in a project, the user's cache folder elsewhere."""
    return "httpcache" if inside_project() else user_cache_folder()


def folder_setting(folder: str | os.PathLike[str] | None, settings: Mapping[str, object]) -> dict[str, str]:
    """Return the setting that makes *folder* that of the cache, nothing for None.

    :raises ValueError: when the *settings* name a folder too.
    """
    if folder is None:
        return {}
    if settings.get("HTTPCACHE_DIR") is not None:
        raise ValueError("The cache has one folder: give base_directory or the setting HTTPCACHE_DIR, not both.")
    return {"HTTPCACHE_DIR": str(Path(folder).absolute())}
