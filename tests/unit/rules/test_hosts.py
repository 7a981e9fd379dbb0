"""Hosts and ports of `/proxy/` URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.hosts import canonical_host, is_allowed, parse_ports


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("localhost", "localhost"),
        ("LocalHost", "localhost"),
        ("localhost.", "localhost"),
        ("%6cocalhost", "localhost"),
        ("node-1.cluster_a.example.org", "node-1.cluster_a.example.org"),
        ("_srv", "_srv"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("%31.2.3.4", "1.2.3.4"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("%5B::1%5D", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("[2001:DB8:0::0001]", "2001:db8::1"),
        ("a" * 63, "a" * 63),
    ],
)
def test_a_host_has_one_canonical_form(text, host):
    assert canonical_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a..",
        "a b",
        "a/b",
        "a@b",
        "a:80",
        "a\n",
        "a\x00",
        "-oProxyCommand",
        "a-",
        "a" * 64,
        ".".join(["a" * 60] * 5),
        "bücher.example",
        "\u212aelvin",  # its lower case is an ASCII "k"
        "%ff",
        "\udcff",
        "%2561",
        "2130706433",
        "0x7f000001",
        "0x",
        "127.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.256",
        "example.1",
        "1.2.3.0x4",
        "[::1",
        "::1]",
        "[[::1]]",
        ":",
        "[localhost]",
        "[127.0.0.1]",
        "fe80::1%eth0",
        "fe80::1%25eth0",
        "[fe80::1%25eth0]",
        "12345::",
        "1::2::3",
    ],
)
def test_what_is_no_host_has_no_canonical_form(text):
    assert canonical_host(text) is None


@given(st.text(st.sampled_from("aZ09-_.:[]%12f"), max_size=20))
def test_a_canonical_form_is_its_own(text):
    host = canonical_host(text)
    assert host is None or canonical_host(host) == host


@pytest.mark.parametrize(
    ("host", "allowlist", "allowed"),
    [
        ("localhost", ["localhost", "127.0.0.1"], True),
        ("LOCALHOST", ["localhost"], True),
        ("localhost", ["LocalHost"], True),
        ("[::1]", ["::1"], True),
        ("::1", ["[0::1]"], True),
        ("127.0.0.1", ["localhost"], False),
        ("evil.example", ["localhost"], False),
        ("localhost.evil.example", ["localhost"], False),
        ("a b", ["a b"], False),
        ("*", ["*"], False),
        ("", [""], False),
        ("localhost", [], False),
    ],
)
def test_an_allowlist_compares_canonical_forms(host, allowlist, allowed):
    assert is_allowed(host, allowlist) is allowed


@pytest.mark.parametrize(
    ("spec", "inside", "outside", "shown"),
    [
        (None, [1, 65535], [0, -1, 65536], "all"),
        ("none", [], [1, 80, 65535], "none"),
        (" NONE ", [], [80], "none"),
        ([], [], [80], "none"),
        ([80, "8000-9000"], [80, 8000, 8500, 9000], [79, 81, 7999, 9001], "80, 8000-9000"),
        ("80, 8000 - 8001", [80, 8000, 8001], [8002], "80, 8000-8001"),
        (["443"], [443], [80], "443"),
        ("5-5", [5], [4, 6], "5"),
    ],
)
def test_allowed_ports(spec, inside, outside, shown):
    ports = parse_ports(spec)
    assert all(ports.allows(port) for port in inside)
    assert not any(ports.allows(port) for port in outside)
    assert str(ports) == shown


@pytest.mark.parametrize(
    "spec", ["", "a", "80,", [0], [65536], ["9000-8000"], [True], ["-80"], ["80-"], ["0-5"], [8.5]]
)
def test_a_bad_value_of_allowed_ports_is_refused_with_what_is_right(spec):
    with pytest.raises(ValueError, match='"8000-9000"'):
        parse_ports(spec)
