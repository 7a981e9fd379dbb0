"""What can only be seen when a whole service is looked at, and what it becomes."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

import pytest

from jupyter_server_proxy.config import ServerProcess, compile_service
from jupyter_server_proxy.errors import ConfigurationError
from jupyter_server_proxy.rules.service import (
    CallableReadiness,
    HttpReadiness,
    LogReadiness,
    RestartPolicy,
    TcpReadiness,
)
from jupyter_server_proxy.rules.targets import TcpTarget, TlsOptions


def compiled(**settings: Any) -> Any:
    return compile_service(ServerProcess(**{"name": "app", **settings}))


async def check(url: str) -> bool:
    return bool(url)


@pytest.mark.parametrize(
    ("settings", "readiness"),
    [
        ({}, HttpReadiness("/")),
        ({"ready_path": "/healthz?deep=1"}, HttpReadiness("/healthz?deep=1")),
        ({"readiness": "tcp"}, TcpReadiness()),
        ({"raw_socket_proxy": True}, TcpReadiness()),
        ({"readiness": {"log": "listening on .*"}}, LogReadiness(re.compile("listening on .*"))),
        ({"readiness": check}, CallableReadiness(check)),
    ],
)
def test_readiness(settings: Any, readiness: object) -> None:
    assert compiled(command=["x"], **settings).process.readiness == readiness


@pytest.mark.parametrize("value", ["TERM", "SIGTERM", "term", 15, signal.SIGTERM])
def test_stop_signals_have_names_and_numbers(value: object) -> None:
    assert compiled(command=["x"], stop_signal=value).process.stop_signal == signal.SIGTERM


def test_the_options_of_a_process_arrive() -> None:
    process = compiled(
        command=["x"], timeout=1, stop_signal="INT", stop_timeout=2, restart="never",
        idle_timeout=3, max_lifetime=4, autostart=True, log_file="~/app.log", port=9000,
    ).process  # fmt: skip
    assert (process.timeout, process.stop_signal, process.stop_timeout) == (1, signal.SIGINT, 2)
    assert (process.restart, process.idle_timeout) == (RestartPolicy.NEVER, 3)
    assert (process.max_lifetime, process.autostart, process.port) == (4, True, 9000)
    assert process.log_file == str(Path("~/app.log").expanduser())


def test_the_limits_towards_a_backend_arrive() -> None:
    service = compiled(
        port=1, connect_timeout=1, response_timeout=2, tunnel_idle_timeout=3, max_connections=4,
        rewrite_response_limit=5,
    )  # fmt: skip
    assert (service.connect_timeout, service.response_timeout) == (1, 2)
    assert (service.tunnel_idle_timeout, service.max_connections) == (3, 4)
    assert service.rewrite_limit == 5


def test_a_backend_that_is_running_elsewhere(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    service = compiled(
        backend_url="https://10.0.0.5:8443/",
        backend_ca_file=tmp_path / "ca.pem",
        backend_cert_file=str(tmp_path / "cert.pem"),
        backend_key_file=tmp_path / "key.pem",
        backend_verify=False,
        backend_server_name="app.example.org",
    )
    assert service.target == TcpTarget(
        "10.0.0.5",
        8443,
        TlsOptions(
            ca_file=str(tmp_path / "ca.pem"),
            cert_file=str(tmp_path / "cert.pem"),
            key_file=str(tmp_path / "key.pem"),
            verify=False,
            server_name="app.example.org",
        ),
    )
    assert compiled(backend_url="http://app.example.org").target == TcpTarget("app.example.org", 80)


def wants_prot(port: int, prot: int) -> list[str]:
    return [str(port), str(prot)]


async def slow_headers() -> dict[str, str]:
    return {}


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "command: is missing, and so are port, unix_socket and backend_url"),
        ({"command": []}, "command: is missing"),
        ({"unix_socket": True}, "unix_socket: must be the path of the socket when there is no"),
        ({"command": ["x", "{prot}"]}, r"command: '\{prot\}' in '\{prot\}' is no template; known"),
        ({"command": ["x"], "environment": {"A": '{"k": "s3cret"}'}},
         "environment: the value of 'A' has a brace that is no template; known are"),
        ({"port": 1, "request_headers_override": slow_headers}, r".*slow_headers\(\) is async"),
        ({"port": 1, "request_headers_override": {"{x}": ""}}, r"request_headers_override: '\{x\}"),
        ({"command": ["x"], "cwd": "/srv/{}"}, r"cwd: '\{\}' in"),
        ({"command": wants_prot},
         r"command: wants_prot\(\) asks for prot; .* are port, unix_socket, base_url, name, cwd$"),
        ({"command": ["x"], "environment": wants_prot}, r"environment: wants_prot\(\) asks for"),
        ({"command": ["x"], "cwd": lambda cwd: cwd}, r"cwd: .* asks for cwd"),
        ({"port": 1, "request_headers_override": wants_prot}, ("request_headers_override: .* are "
         "port, unix_socket, base_url, name$")),
        ({"port": 1, "mappath": lambda url: url}, "mappath: .* asks for url; .* are path$"),
        ({"port": 1, "rewrite_response": [lambda response: None, wants_prot]},
         "rewrite_response: .* response, request, orig_response, host, port, path$"),
        ({"port": 1, "update_last_activity": lambda: True}, "update_last_activity: .* exactly one"),
        ({"port": 1, "exclude_last_activity_patterns": ["("]},
         r"exclude_last_activity_patterns: '\(' is no regular expression"),
        ({"port": 1, "exclude_last_activity_patterns": [re.compile(b"a")]},
         "exclude_last_activity_patterns: b'a' must be a pattern of text"),
        ({"port": 65536}, "port: must be 1 to 65535, or 0 for any free one, not 65536"),
        ({"port": -1}, "port: must be 1 to 65535"),
        ({"command": ["x"], "timeout": 0}, "timeout: must be a number of seconds, more than 0"),
        ({"command": ["x"], "timeout": float("nan")}, "timeout: .* not nan"),
        ({"command": ["x"], "readiness": "https"}, 'readiness: must be "http", "tcp".*\'https\''),
        ({"command": ["x"], "readiness": {"log": "("}}, "readiness: .* no regular expression"),
        ({"command": ["x"], "readiness": {"log": 5}}, "readiness: 5 is no regular expression"),
        ({"command": ["x"], "readiness": {"logs": "a"}}, "readiness: must be .*when it is a dict"),
        ({"command": ["x"], "readiness": wants_prot}, "readiness: .* asks for prot"),
        ({"command": ["x"], "ready_path": "health"}, 'ready_path: must start with "/"'),
        ({"command": ["x"], "stop_signal": "TREM"}, "stop_signal: 'TREM' is no signal"),
        ({"command": ["x"], "stop_signal": 0}, "stop_signal: 0 is no signal"),
        ({"backend_url": "10.0.0.5:80"}, "backend_url: .* must start with http:// or https://"),
        ({"backend_url": "http://h:99999"}, "backend_url: "),
        ({"backend_url": "http://h", "command": ["x"]}, "backend_url: .* together with command"),
        ({"backend_url": "http://h", "port": 5}, "backend_url: .* with port"),
        ({"backend_url": "http://h", "unix_socket": "/s"}, "backend_url: .* with unix_socket"),
        ({"backend_url": "http://h", "backend_verify": False}, "backend_verify: is of no use"),
        ({"port": 1, "backend_server_name": "n"}, ("backend_server_name: is of no use without an "
         "https:// backend_url")),
        ({"backend_url": "https://h", "backend_ca_file": "/no/such.pem"},
         "backend_ca_file: there is no file '/no/such.pem'"),
        ({"backend_url": "https://h", "backend_key_file": __file__},
         "backend_key_file: is of no use without backend_cert_file"),
        ({"port": 1, "rewrite_response_content_types": ["html"]},
         "rewrite_response_content_types: 'html' is no content type"),
    ],
)  # fmt: skip
def test_what_cannot_work_names_service_and_key_and_what_is_right(settings: Any, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compiled(**settings)
    assert re.match(f"service 'app': {text}", str(caught.value)), str(caught.value)
    assert "s3cret" not in str(caught.value)
