"""The cache of responses: what is kept, under which key, and where."""

from .sqlite_storage import SqliteCacheStorage

__all__ = ["SqliteCacheStorage"]
