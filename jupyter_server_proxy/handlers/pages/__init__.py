"""What people and programs see instead of an application's own answer.

`problem` is the general form, `life` is the page of a service that is not ready, `ports` that of a
port where nothing listens. Re-exports; no logic here.
"""

from __future__ import annotations

from .life import LifeFacts, describe_life, is_about_life
from .ports import describe_dead_port
from .problem import (
    PROBLEM_TYPE,
    Frame,
    Problem,
    describe,
    frame_ancestors,
    headers_for,
    page,
    prefers_problem,
)

__all__ = [
    "PROBLEM_TYPE",
    "Frame",
    "LifeFacts",
    "Problem",
    "describe",
    "describe_dead_port",
    "describe_life",
    "frame_ancestors",
    "headers_for",
    "is_about_life",
    "page",
    "prefers_problem",
]
