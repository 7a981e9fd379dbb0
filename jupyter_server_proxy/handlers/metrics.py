"""How the services do, on Jupyter's own `/metrics`.

Numbers are kept where things happen (`traffic`, the supervisors) and are put together when somebody
asks. Labels are names of services and words of this module, never anything that a user or a
request has said.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from prometheus_client import REGISTRY
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from ..processes.durations import DURATION_BOUNDS, Durations
from ..rules.lifecycle import State
from .catalog import Entry
from .facts import shown_state, state_of
from .lives import Lives, LivesByService
from .runtime import Runtime
from .traffic import ANY_PORT

if TYPE_CHECKING:
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

    def __init__(self, runtime: Runtime) -> None:
        # Both of the runtime, which is not kept alive.
        self._begin, self._log = runtime.chores.begin, runtime.log
        self._meter: TreeMeter | None = None
        self._measured: dict[int, TreeUse] = {}
        self._measuring: asyncio.Task[None] | None = None
        self._has_failed = False

    def last(self, pids: Iterable[int]) -> dict[int, TreeUse]:
        """What is known of these trees; a new look at them begins."""
        known, wanted = self._measured, list(pids)
        if self._measuring is None or self._measuring.done():
            try:
                asyncio.get_running_loop()
            except RuntimeError:  # asked in some other thread
                return known
            self._measuring = self._begin(self._look(wanted), name="server-proxy metrics")
        return known

    async def _look(self, pids: list[int]) -> None:
        """Measure. If that fails, it is said once, and nothing is shown rather than old numbers."""
        try:
            self._measured = await self._measure(pids)
            self._has_failed = False
        except Exception:
            self._measured = {}
            if not self._has_failed:
                self._log.exception("server-proxy: what services use cannot be measured")
            self._has_failed = True

    async def _measure(self, pids: list[int]) -> dict[int, TreeUse]:
        from ..processes.tree import TreeMeter  # noqa: PLC0415 - not before it is needed

        if self._meter is None:
            self._meter = TreeMeter(remembers=LONGEST_BETWEEN_SCRAPES)
        return await self._meter.measure(pids)


class Collector:
    """What prometheus_client asks for metrics: those of one runtime, for as long as it lives."""

    def __init__(self) -> None:
        self._runtime: weakref.ref[Runtime] | None = None
        self._use: Use | None = None
        self._lives: LivesByService | None = None

    def show(self, runtime: Runtime) -> None:
        """From now on, the metrics are those of `runtime`."""
        self._runtime = weakref.ref(runtime)
        self._use = Use(runtime)
        self._lives = LivesByService(runtime.catalog)

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
        assert self._lives is not None
        assert self._use is not None
        entries = [entry for entry in runtime.catalog if entry.supervisor is not None]
        yield from _life(self._lives.now())
        yield _states(entries)
        yield from _traffic(runtime)
        yield from _machine(entries, self._use)


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


def _life(lives: Mapping[str, Lives]) -> Iterator[Metric]:
    starts, failures, restarts = STARTS.empty(), FAILURES.empty(), RESTARTS.empty()
    seconds = START_SECONDS.empty()
    for name, sums in lives.items():
        starts.add_metric((name,), sums.starts)
        failures.add_metric((name,), sums.failures)
        restarts.add_metric((name,), sums.restarts)
        seconds.add_metric((name,), _buckets(sums.durations), sums.durations.total)
    yield from (starts, failures, restarts, seconds)


def _buckets(durations: Durations) -> list[tuple[str, int]]:
    bounds = [*map(str, DURATION_BOUNDS), "+Inf"]
    return list(zip(bounds, [*durations.within, durations.count], strict=True))


def _states(entries: list[Entry]) -> Metric:
    states = _Sums()
    for entry in entries:
        present = state_of(entry)
        for state in STATES:
            states.add((entry.name, state), state == present)
    return states.of(STATE)


def _machine(entries: list[Entry], use: Use) -> Iterator[Metric]:
    pids = [(e.name, e.supervisor.pid) for e in entries if e.supervisor and e.supervisor.pid]
    known = use.last(pid for _, pid in pids)
    processors, memory = _Sums(), _Sums()
    for name, pid in pids:
        used = known.get(pid) if pid else None
        if used is not None:
            processors.add((name,), used.cpu_percent / 100)
            memory.add((name,), used.rss)
    yield processors.of(PROCESSORS)
    yield memory.of(MEMORY)


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
