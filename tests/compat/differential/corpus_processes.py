"""Services that are processes, in all forms of command and environment."""

from __future__ import annotations

from collections.abc import Iterator

from .processes_run import ChildCase

KINDS = (
    "", "-tuple", "-words", "-unix", "-unix-path", "-unix-words", "-no-port", "-absolute", "-call",
    "-call-templates", "-call-default", "-lambda", "-environment", "-environment-call",
    "-environment-empty", "-int-timeout", "-mapped", "-headers", "-unix-headers", "-missing",
    "-ends", "-raises", "-partial", "-cwd",
)  # fmt: skip


def processes() -> Iterator[ChildCase]:
    for kind in KINDS:
        yield ChildCase(f"process child{kind}", f"child{kind}")
    yield ChildCase("process child at its root", "child-tuple", "/")
    yield ChildCase("process offered by a package", "offered-child")
