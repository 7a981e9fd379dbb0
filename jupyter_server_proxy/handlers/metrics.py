"""How the services do, on Jupyter's own `/metrics`.

Numbers are kept where things happen (`traffic`, the supervisors) and are put together when somebody
asks. Labels are names of services and words of this module, never anything that a user or a
request has said.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import REGISTRY
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from ..processes.durations import DURATION_BOUNDS
from ..rules.lifecycle import State
from .catalog import Entry
from .facts import shown_state
from .runtime import Runtime
from .traffic import ANY_PORT

if TYPE_CHECKING:
    from ..processes.supervisor import Supervisor
    from ..processes.tree import TreeMeter, TreeUse

PREFIX = "jupyter_server_proxy_"
STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
# As the API calls them, without two which a supervisor never is in.
STATES = tuple(dict.fromkeys(shown_state(state) for state in State))


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: its name without the prefix, its kind, what it says, its labels."""

    name: str
    kind: type[Metric]
    help: str
    labels: tuple[str, ...] = ("service",)

    @property
    def full_name(self) -> str:
        """As it stands in the answer."""
        return PREFIX + self.name + ("_total" if self.kind is CounterMetricFamily else "")

    @property
    def kind_name(self) -> str:
        """What Prometheus calls it."""
        return str(self.empty().type)

    def empty(self) -> Any:
        """Without a value yet."""
        return cast("Any", self.kind)(PREFIX + self.name, self.help, labels=self.labels)


STARTS = Family("starts", CounterMetricFamily, "How often its process was started.")
FAILURES = Family(
    "failures",
    CounterMetricFamily,
    "How often it failed: could not be started, was not ready in time, or crashed.",
)
RESTARTS = Family(
    "restarts",
    CounterMetricFamily,
    "How many of its starts followed of themselves: after a failure, for a restart, or because it "
    "is kept warm.",
)
START_SECONDS = Family(
    "start_seconds", HistogramMetricFamily, "Seconds from the start of its process until ready."
)
STATE = Family(
    "state",
    GaugeMetricFamily,
    "How many of its processes are in this state: the service's own and those of its instances.",
    ("service", "state"),
)
REQUESTS = Family(
    "requests",
    CounterMetricFamily,
    "Requests that were answered, by the application or in its place, by the class of their "
    "status; 1xx are websockets and other tunnels.",
    ("service", "status"),
)
TO_APPLICATION = Family(
    "to_application_bytes", CounterMetricFamily, "Bytes that were sent to the application."
)
FROM_APPLICATION = Family(
    "from_application_bytes", CounterMetricFamily, "Bytes that came from the application."
)
OPEN_TUNNELS = Family("open_tunnels", GaugeMetricFamily, "Websockets and other tunnels now open.")
PROCESSORS = Family(
    "processors_used",
    GaugeMetricFamily,
    "Processors that all its processes kept busy between the two scrapes before this one.",
)
MEMORY = Family(
    "resident_memory_bytes",
    GaugeMetricFamily,
    "Resident memory of all its processes, at the time of the scrape before this one.",
)

LIFE = (STARTS, FAILURES, RESTARTS, START_SECONDS, STATE)
TRAFFIC = (REQUESTS, TO_APPLICATION, FROM_APPLICATION, OPEN_TUNNELS)
MACHINE = (PROCESSORS, MEMORY)
ALL = (*LIFE, *TRAFFIC, *MACHINE)


# Seconds. After a longer silence, what was used meanwhile says little about now.
LONGEST_BETWEEN_SCRAPES = 900.0


class Use:
    """What the trees of processes use of the machine, as of the last time that somebody asked.

    Looking at all processes takes a while, so it is done in a thread, for whoever asks next.
    """

    def __init__(self) -> None:
        self._meter: TreeMeter | None = None
        self._measured: dict[int, TreeUse] = {}
        self._measuring: asyncio.Task[None] | None = None

    def last(self, pids: Iterable[int]) -> dict[int, TreeUse]:
        """What is known of these trees; a new look at them begins."""
        known, wanted = self._measured, list(pids)
        if self._measuring is None or self._measuring.done():
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # asked in some other thread
                return known
            self._measuring = loop.create_task(self._measure(wanted), name="server-proxy metrics")
        return known

    async def _measure(self, pids: list[int]) -> None:
        from ..processes.tree import TreeMeter  # noqa: PLC0415 - not before it is needed

        if self._meter is None:
            self._meter = TreeMeter(remembers=LONGEST_BETWEEN_SCRAPES)
        self._measured = await self._meter.measure(pids)


class Collector:
    """What prometheus_client asks for metrics: those of one runtime, for as long as it lives."""

    def __init__(self) -> None:
        self._runtime: weakref.ref[Runtime] | None = None
        self._use = Use()

    def show(self, runtime: Runtime) -> None:
        """From now on, the metrics are those of `runtime`."""
        self._runtime = weakref.ref(runtime)
        self._use = Use()

    def describe(self) -> Iterator[Metric]:
        """Which metrics there may be."""
        return (family.empty() for family in ALL)

    def collect(self) -> list[Metric]:
        """The metrics now. If that fails, all other metrics of Jupyter are shown all the same."""
        runtime = self._runtime() if self._runtime is not None else None
        if runtime is None or runtime.is_closing:
            return []
        try:
            return list(self._collect(runtime))
        except Exception:
            runtime.log.exception("server-proxy: its metrics could not be made")
            return []

    def _collect(self, runtime: Runtime) -> Iterator[Metric]:
        entries = [entry for entry in runtime.catalog if entry.supervisor is not None]
        yield from _life(entries)
        yield from _traffic(runtime)
        yield from self._machine(entries)

    def _machine(self, entries: list[Entry]) -> Iterator[Metric]:
        pids = [(e.name, e.supervisor.pid) for e in entries if e.supervisor and e.supervisor.pid]
        known = self._use.last(pid for _, pid in pids)
        processors, memory = _Sums(), _Sums()
        for name, pid in pids:
            use = known.get(pid) if pid else None
            if use is not None:
                processors.add((name,), use.cpu_percent / 100)
                memory.add((name,), use.rss)
        yield processors.of(PROCESSORS)
        yield memory.of(MEMORY)


class _Sums:
    """Values by their labels, added up: instances count with their service."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, ...], float] = {}

    def add(self, labels: tuple[str, ...], value: float) -> None:
        self._values[labels] = self._values.get(labels, 0) + value

    def of(self, family: Family) -> Metric:
        metric = family.empty()
        for labels, value in self._values.items():
            metric.add_metric(labels, value)
        return cast("Metric", metric)


def _life(entries: list[Entry]) -> Iterator[Metric]:
    starts, failures, restarts, states = _Sums(), _Sums(), _Sums(), _Sums()
    for entry in entries:
        supervisor = entry.supervisor
        assert supervisor is not None
        label = (entry.name,)
        starts.add(label, supervisor.generation)
        failures.add(label, supervisor.failures)
        restarts.add(label, supervisor.restarts)
        present = shown_state(supervisor.state)
        for state in STATES:
            states.add((entry.name, state), state == present)
    yield starts.of(STARTS)
    yield failures.of(FAILURES)
    yield restarts.of(RESTARTS)
    yield _start_seconds(entries)
    yield states.of(STATE)


def _start_seconds(entries: list[Entry]) -> Metric:
    by_name: dict[str, list[Supervisor]] = {}
    for entry in entries:
        assert entry.supervisor is not None
        by_name.setdefault(entry.name, []).append(entry.supervisor)
    metric = START_SECONDS.empty()
    for name, supervisors in by_name.items():
        all_durations = [supervisor.durations for supervisor in supervisors]
        buckets = [
            (str(bound), sum(durations.within[index] for durations in all_durations))
            for index, bound in enumerate(DURATION_BOUNDS)
        ]
        buckets.append(("+Inf", sum(durations.count for durations in all_durations)))
        metric.add_metric((name,), buckets, sum(durations.total for durations in all_durations))
    return cast("Metric", metric)


def _traffic(runtime: Runtime) -> Iterator[Metric]:
    requests, sent, received, tunnels = _Sums(), _Sums(), _Sums(), _Sums()
    # One that was removed is shown no more.
    listed = {ANY_PORT, *(entry.name for entry in runtime.catalog)}
    for name, traffic in runtime.traffic:
        if name not in listed:
            continue
        for digit, status in enumerate(STATUS_CLASSES, 1):
            requests.add((name, status), traffic.answers[digit])
        to_backend, from_backend = traffic.moved
        sent.add((name,), to_backend)
        received.add((name,), from_backend)
        tunnels.add((name,), traffic.tunnels)
    yield requests.of(REQUESTS)
    yield sent.of(TO_APPLICATION)
    yield received.of(FROM_APPLICATION)
    yield tunnels.of(OPEN_TUNNELS)


# One for the process, as there is one registry that Jupyter shows.
_collector: Collector | None = None


def show_metrics(runtime: Runtime) -> None:
    """Show how the services of `runtime` do wherever this process shows its metrics."""
    global _collector  # noqa: PLW0603 - the registry is one as well
    if _collector is None:
        _collector = Collector()
        REGISTRY.register(cast("Any", _collector))
    _collector.show(runtime)
