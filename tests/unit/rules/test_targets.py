"""Where a backend listens."""

import pytest

from jupyter_server_proxy.rules.targets import (
    TcpTarget,
    TlsOptions,
    UnixTarget,
    bracketed,
    is_port,
    parse_backend_url,
)

TLS = TlsOptions(ca_file="/ca.pem")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://localhost", TcpTarget("localhost", 80)),
        ("http://10.0.0.5:8080/", TcpTarget("10.0.0.5", 8080)),
        ("https://example.org", TcpTarget("example.org", 443, TLS)),
        ("https://[::1]:8443", TcpTarget("::1", 8443, TLS)),
    ],
)
def test_a_backend_url_names_a_target(url, target):
    assert parse_backend_url(url, TLS) == target


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("localhost:80", "http:// or https://"),
        ("ftp://host", "http:// or https://"),
        ("http://", "no host"),
        ("http://:80", "no host"),
        ("http://host/path", "end after the port"),
        ("http://host?x", "end after the port"),
        ("http://host#x", "end after the port"),
        ("http://me:pw@host", "request_headers_override"),
        ("http://:pw@host", "request_headers_override"),
        ("http://host:0", "between 1 and 65535"),
        ("http://host:65536", "[Pp]ort"),
    ],
)
def test_a_backend_url_that_cannot_work_says_why(url, complaint):
    with pytest.raises(ValueError, match=complaint):
        parse_backend_url(url, TLS)


def test_a_refused_backend_url_does_not_repeat_its_password():
    with pytest.raises(ValueError, match="credentials") as caught:
        parse_backend_url("http://me:hunter2@host", TLS)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (TcpTarget("localhost", 80), "localhost:80"),
        (TcpTarget("::1", 80), "[::1]:80"),
        (UnixTarget("/run/x.sock"), "unix:/run/x.sock"),
    ],
)
def test_targets_are_shown_as_people_write_them(target, shown):
    assert str(target) == shown


def test_brackets_are_put_around_ipv6_once():
    assert bracketed("[::1]") == "[::1]"


@pytest.mark.parametrize(
    ("number", "is_one"), [(0, False), (1, True), (65535, True), (65536, False)]
)
def test_ports_go_from_1_to_65535(number, is_one):
    assert is_port(number) is is_one
