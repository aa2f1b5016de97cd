"""Durable runs: what was read and what came of it, in a folder that outlives the process. Pure storage."""

from .folder import LONGEST_ECHO
from .job import Job
from .outputs import output_start

__all__ = ["LONGEST_ECHO", "Job", "output_start"]
