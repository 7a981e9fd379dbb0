"""The level at which output reaches Jupyter's log: one for all, and one for each service."""

from __future__ import annotations

import logging

import pytest
from traitlets import TraitError
from traitlets.config import Config

from jupyter_server_proxy.config import ServerProcess, ServerProxy, compile_service, discover


def process(**settings) -> ServerProcess:
    return ServerProcess(name="app", command=["x"], **settings)


@pytest.mark.parametrize(
    ("written", "number"),
    [("DEBUG", 10), ("warning", 30), (25, 25), ("OFF", None), ("off", None), (None, logging.INFO)],
)
def test_what_can_be_written(written, number) -> None:
    assert compile_service(process(output_log_level=written)).process.output_log_level == number


@pytest.mark.parametrize("wrong", ["LOUD", -1, 0, True, 1.5, ["INFO"]])
def test_what_is_no_level_is_refused_and_said(wrong) -> None:
    with pytest.raises(
        TraitError, match=r'output_log_level must be one of "DEBUG", .* or a number'
    ):
        process(output_log_level=wrong)


def test_what_is_said_for_all_holds_for_those_that_say_nothing() -> None:
    config = Config()
    config.ServerProxy.output_log_level = "OFF"
    config.ServerProxy.servers = {
        "silent": {"command": ["x"]},
        "loud": {"command": ["x"], "output_log_level": "ERROR"},
    }
    levels = {
        p.name: compile_service(p).process.output_log_level
        for p in discover(ServerProxy(config=config))
    }
    assert levels == {"silent": None, "loud": logging.ERROR}


@pytest.mark.parametrize(("text", "number"), [("30", 30), ("debug", 10)])
def test_a_number_on_the_command_line_is_one(text, number) -> None:
    trait = ServerProxy.class_traits()["output_log_level"]
    assert (
        compile_service(process(output_log_level=trait.from_string(text))).process.output_log_level
        == number
    )
