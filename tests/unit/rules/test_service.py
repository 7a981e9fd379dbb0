"""The compiled service: its defaults are promises, and nobody can change it."""

import dataclasses
import signal

import pytest

from jupyter_server_proxy.rules.service import (
    HttpReadiness,
    Launcher,
    ProcessOptions,
    RestartPolicy,
    Service,
)


def service(**values):
    return Service(name="app", launcher=Launcher(True, "", "app", "app/", "Notebook"), **values)


def test_a_service_keeps_4_6_defaults():
    plain = service()
    assert plain.process.timeout >= 5
    assert plain.process.port == 0
    assert plain.process.unix_socket is False
    assert not plain.absolute_url
    assert not plain.raw_socket_proxy
    assert plain.new_browser_tab
    assert plain.update_last_activity is True
    assert dict(plain.environment) == dict(plain.mappath) == {}


def test_a_service_keeps_the_new_defaults():
    plain = service()
    assert plain.process.readiness == HttpReadiness("/")
    assert plain.process.restart is RestartPolicy("on-failure")
    assert plain.process.stop_signal == signal.SIGTERM
    assert plain.process.stop_timeout == 10
    assert plain.process.idle_timeout == plain.process.max_lifetime == 0
    assert not plain.process.autostart
    assert not plain.forward_credentials


@pytest.mark.parametrize("thing", [service(), ProcessOptions(), HttpReadiness()])
def test_nothing_of_it_can_be_changed(thing):
    name = dataclasses.fields(thing)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, name, None)


def test_shared_defaults_cannot_be_written_through():
    with pytest.raises(TypeError):
        service().environment["A"] = "b"


def test_an_instance_is_called_by_both_names():
    assert service().label == "app"
    assert service(instance="two").label == "app/two"
