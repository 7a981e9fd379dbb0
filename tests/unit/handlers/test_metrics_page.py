"""The page of metrics is what the metrics say, and what they are when nobody has asked for much."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable

import pytest

from jupyter_server_proxy.handlers import metrics
from jupyter_server_proxy.handlers.metrics import ALL, Collector
from jupyter_server_proxy.handlers.runtime import Runtime
from jupyter_server_proxy.handlers.traffic import Traffic

LOG = logging.getLogger("tests.metrics")


def test_the_page_is_up_to_date_and_complete(generated_page: Callable[[str], str]) -> None:
    text = generated_page("generate_metrics_reference")
    assert [family.name for family in ALL if f"| `{family.full_name}` |" not in text] == []


def test_a_runtime_that_is_gone_has_no_metrics() -> None:
    collector = Collector()
    assert collector.collect() == []
    runtime = Runtime(LOG)
    collector.show(runtime)
    assert len(collector.collect()) == len(ALL)
    del runtime
    gc.collect()
    assert collector.collect() == []


def test_ours_failing_leaves_everybody_elses(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    collector = Collector()
    runtime = Runtime(LOG)
    collector.show(runtime)

    def fail(_: object) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(metrics, "_traffic", fail)
    assert collector.collect() == []
    assert "its metrics could not be made" in caplog.text


class Stream:
    moved = (3, 5)


def test_what_goes_on_counts_once_while_it_does_and_after_it() -> None:
    traffic, stream = Traffic(), Stream()
    traffic.begin_tunnel(stream)
    assert (traffic.tunnels, traffic.moved) == (1, (3, 5))
    stream.moved = (4, 7)
    assert traffic.moved == (4, 7)
    traffic.end_tunnel(stream)
    traffic.end_tunnel(stream)
    assert (traffic.tunnels, traffic.moved) == (0, (4, 7))


@pytest.mark.parametrize("status", [100, 204, 599, 999])
def test_whatever_a_backend_calls_a_status_can_be_counted(status: int) -> None:
    traffic = Traffic()
    traffic.count_answer(status)
    assert traffic.answers[status // 100] == sum(traffic.answers) == 1
