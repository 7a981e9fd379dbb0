"""How often the kernel has killed a process of this control group because memory was short.

Children are in Jupyter's own group: a container's, a Slurm job's, a systemd unit's. Two small
files of the kernel are read; where there are none, as on macOS, nothing is known.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


def count_kills(*, groups: Path = _GROUPS, membership: Path = _MEMBERSHIP) -> int | None:
    """The number so far; None where it is not known."""
    with contextlib.suppress(OSError):
        for path in _candidates(groups, membership.read_text()):
            with contextlib.suppress(OSError):
                found = _KILLS.search(path.read_text())
                if found:
                    return int(found[1])
    return None


def _candidates(groups: Path, membership: str) -> Iterator[Path]:
    """The files that may hold it, see cgroups(7): of version 2, then of version 1.

    In a container the path may be the one that it has outside; then the group is at the root.
    """
    for line in membership.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0":
            root, name = groups, "memory.events"
        elif "memory" in controllers.split(","):
            root, name = groups / "memory", "memory.oom_control"
        else:
            continue
        yield root / path.lstrip("/") / name
        yield root / name
