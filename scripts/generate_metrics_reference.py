"""Writes docs/reference/metrics.md from the metrics, which are its only source.

Run it after changing one; a test fails while the file is not what this would write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jupyter_server_proxy.handlers.metrics import LIFE, MACHINE, STATES, TRAFFIC, Family
from jupyter_server_proxy.handlers.traffic import ANY_PORT
from jupyter_server_proxy.processes.durations import DURATION_BOUNDS

TARGET = Path(__file__).parents[1] / "docs" / "reference" / "metrics.md"

HEAD = """\
# Metrics

<!-- Written by scripts/generate_metrics_reference.py from handlers/metrics.py. -->

What Jupyter's own `/metrics` tells of the services, beside the metrics of Jupyter itself. [How to
use it](../user/metrics.md).

The label `service` is the name of a service; its instances count with it. `{any_port}` stands for
all of `/proxy/PORT/` and `/proxy/HOST:PORT/`. There are two further labels: `status` is `1xx` to
`5xx`, and `state` is one of {states}.
"""


def reference() -> str:
    """The whole page."""
    states = ", ".join(f"`{state}`" for state in STATES)
    bounds = ", ".join(f"{bound:g}" for bound in DURATION_BOUNDS)
    parts = [
        HEAD.format(any_port=ANY_PORT, states=states),
        "## The life of a process\n",
        *_table(LIFE),
        f"\nThe buckets of the histogram end at {bounds} seconds.\n",
        "## Requests\n",
        *_table(TRAFFIC),
        "\n## Processor and memory\n",
        *_table(MACHINE),
    ]
    return "\n".join(parts) + "\n"


def _table(families: tuple[Family, ...]) -> Iterator[str]:
    yield "| metric | kind | labels | what it says |"
    yield "|---|---|---|---|"
    for family in families:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        yield f"| `{family.full_name}` | {family.kind_name} | {labels} | {family.help} |"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
