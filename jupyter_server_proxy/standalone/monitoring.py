"""What programs that watch the standalone application ask: whether it serves, and its metrics.

Nothing here starts or contacts anything, or tells who uses it.
"""

from __future__ import annotations

import json
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ..handlers.facts import shown_state
from ..handlers.front import FrontHandler
from ..handlers.metrics import Collector
from ..handlers.relaying import RelayingHandler
from ..handlers.runtime import Runtime
from ..rules.lifecycle import State

HEALTH = "/server-proxy/health"
READY = "/server-proxy/health/ready"
METRICS = "/server-proxy/metrics"
# What the readiness of an application is called whose process is somebody else's.
UNMANAGED = "unmanaged"


class MonitoringView(FrontHandler):
    """An answer to a machine, which is no use of the application."""

    def on_finish(self) -> None:
        """Who watches is not counted among the requests."""

    def _answer(self, content_type: str, body: str | bytes, status: int = 200) -> None:
        # Whoever asks once a second is no news.
        self._is_usual = True
        self.set_status(status)
        self.set_header("Content-Type", content_type)
        self.set_header("Cache-Control", "no-store")
        self.finish(body)


class HealthView(MonitoringView):
    """Whether this process serves. For everybody: nothing is told that an open port does not."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """No login, and nobody is asked for one."""

    def get(self) -> None:
        """200, or 503 when this process is about to end."""
        if self.runtime.is_closing:
            self._tell({"status": "stopping"}, 503)
        else:
            self._tell({"status": "ok"})

    def head(self) -> None:
        """As GET."""
        self.get()

    def _tell(self, fact: dict[str, str], status: int = 200) -> None:
        self._answer("application/json", json.dumps(fact), status)


class ReadinessView(HealthView):
    """Whether the application behind it can be used at once. It is not asked, and not started."""

    def get(self) -> None:
        """200 when its process is ready, or is not ours; 503 when it does not run or this process
        is about to end."""
        state = self._state()
        is_ready = state in (UNMANAGED, shown_state(State.READY)) and not self.runtime.is_closing
        status = "ok" if is_ready else "not ready"
        self._tell({"status": status, "application": state}, 200 if is_ready else 503)

    def _state(self) -> str:
        (entry,) = self.runtime.catalog
        return UNMANAGED if entry.supervisor is None else shown_state(entry.supervisor.state)


class MetricsView(MonitoringView):
    """For Prometheus: as on Jupyter's `/metrics` (`handlers.metrics`), and of this process."""

    def initialize(self, registry: CollectorRegistry) -> None:
        """`registry` knows all of them."""
        self._registry = registry

    def get(self) -> None:
        """All of them, in Prometheus' text format."""
        self._answer(CONTENT_TYPE_LATEST, generate_latest(self._registry))

    def head(self) -> None:
        """As GET."""
        self.get()


class OpenMetricsView(MetricsView):
    """The metrics for everybody."""

    async def prepare(self, *args: Any, **kwargs: Any) -> None:
        """No login, and nobody is asked for one."""


def monitoring_routes(
    base: str, runtime: Runtime, gate: type[RelayingHandler], *, has_open_metrics: bool
) -> list[Any]:
    """Tornado's route tuples below the pattern `base`; the metrics are behind `gate` unless
    `has_open_metrics`."""
    metrics = OpenMetricsView if has_open_metrics else MetricsView
    return [
        (base + HEALTH, _guarded(HealthView, gate)),
        (base + READY, _guarded(ReadinessView, gate)),
        (base + METRICS, _guarded(metrics, gate), {"registry": _registry(runtime)}),
    ]


def _guarded(view: type, gate: type[RelayingHandler]) -> type:
    return type(f"Standalone{view.__name__}", (view, gate), {})


def _registry(runtime: Runtime) -> CollectorRegistry:
    """A registry of its own: what other libraries count is nobody's interest here."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    services = Collector()
    services.show(runtime)
    registry.register(services)
    return registry
