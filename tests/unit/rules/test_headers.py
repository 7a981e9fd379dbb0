"""Header fields of requests and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.cookies import CookieScope
from jupyter_server_proxy.rules.credentials import Credentials
from jupyter_server_proxy.rules.headers import (
    ClientFacts,
    ResponseRules,
    connection_options,
    is_event_stream,
    request_headers,
    response_headers,
)

HIDDEN = Credentials(tokens=frozenset({"s3cret"}), cookie_names=frozenset({"_xsrf"}))
CLIENT = ClientFacts("192.0.2.7", "https", "hub.example.org")
BEHIND_PROXY = ClientFacts("192.0.2.7", "https", "hub.example.org", True)
ABOUT_CLIENT = [
    ("X-Forwarded-For", "192.0.2.7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "hub.example.org"),
    ("X-Forwarded-Port", "443"),
]
HOST = ("Host", "hub.example.org")


def sent(*incoming, client=CLIENT, prefix=None, hidden=HIDDEN, **more):
    return request_headers(
        incoming, client, prefix=prefix, hidden=hidden, default_host="localhost:1", **more
    )


def about(fields, name):
    return [value for key, value in fields if key.lower() == name.lower()]


# --- requests -----------------------------------------------------------------------------


def test_fields_pass_in_order_and_repeated_ones_stay_repeated():
    fields = [("Accept", "a"), HOST, ("X-A", "1"), ("accept", "b"), ("X-A", "1"), ("Origin", "x")]
    assert sent(*fields) == [*fields, *ABOUT_CLIENT]


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Authenticate",
        "HTTP2-Settings",
        "Content-Length",
        "Expect",
    ],
)
@pytest.mark.parametrize("spell", [str.title, str.lower, str.upper])
def test_what_concerns_the_connection_stops_here(name, spell):
    assert sent(HOST, (spell(name), "x")) == [HOST, *ABOUT_CLIENT]
    assert sent(HOST, overrides=[(spell(name), "x")]) == [HOST, *ABOUT_CLIENT]


def test_fields_named_in_connection_stop_here_but_not_the_host():
    fields = [("X-One", "1"), ("Connection", "close, x-one"), HOST, ("X-Two", "2")]
    fields += [("connection", "HOST,X-Two"), ("X-Three", "3")]
    assert sent(*fields) == [HOST, ("X-Three", "3"), *ABOUT_CLIENT]


def test_connection_cannot_strip_what_we_add():
    fields = sent(HOST, ("Connection", "x-forwarded-for, x-forwarded-prefix"), prefix="/name")
    assert about(fields, "X-Forwarded-For") == ["192.0.2.7"]
    assert about(fields, "X-Forwarded-Prefix") == ["/name"]


def test_connection_options_are_read_from_all_fields():
    assert connection_options(["Keep-Alive, ,Foo", "BAR"]) == {"keep-alive", "foo", "bar"}
    assert connection_options([]) == frozenset()


CLAIMS = [
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Context",
    "X-Forwarded-Whatever",
    "X-Forwarded",
    "X-ProxyContextPath",
    "X-Real-IP",
    "X-Scheme",
    "Forwarded",
    "X_Forwarded_For",
    "x_real-ip",
]


@pytest.mark.parametrize("name", CLAIMS)
def test_what_a_client_claims_about_itself_does_not_pass(name):
    assert sent(HOST, (name, "evil")) == [HOST, *ABOUT_CLIENT]


@pytest.mark.parametrize("name", ["X-Requested-With", "X-Forward", "X-Real", "Forward"])
def test_names_that_only_look_like_claims_pass(name):
    assert (name, "x") in sent(HOST, (name, "x"))


def test_a_trusted_proxy_is_believed_but_for_the_prefix():
    fields = [HOST, *((name, "believed") for name in CLAIMS)]
    assert sent(*fields, client=BEHIND_PROXY, prefix="/name") == [
        HOST,
        ("X-Forwarded-Whatever", "believed"),
        ("X-Forwarded", "believed"),
        ("X-Real-IP", "believed"),
        ("X-Scheme", "believed"),
        ("Forwarded", "believed"),
        ("X-Forwarded-For", "believed, 192.0.2.7"),
        ("X-Forwarded-Proto", "believed"),
        ("X-Forwarded-Host", "believed"),
        ("X-Forwarded-Port", "believed"),
        ("X-Forwarded-Prefix", "/name"),
        ("X-Forwarded-Context", "/name"),
        ("X-Proxycontextpath", "/name"),
    ]


def test_what_a_trusted_proxy_leaves_out_is_filled_in():
    assert sent(HOST, client=BEHIND_PROXY) == [HOST, *ABOUT_CLIENT]
    fields = sent(HOST, ("X-Forwarded-Host", "a:8443"), client=BEHIND_PROXY)
    assert about(fields, "X-Forwarded-Port") == ["8443"]


@pytest.mark.parametrize(
    ("came", "goes"),
    [
        (["10.0.0.1"], "10.0.0.1, 192.0.2.7"),
        (["10.0.0.1", "10.0.0.2"], "10.0.0.1, 10.0.0.2, 192.0.2.7"),
        (["10.0.0.1, 192.0.2.7"], "10.0.0.1, 192.0.2.7"),
        (["192.0.2.7"], "192.0.2.7"),
        ([""], "192.0.2.7"),
    ],
)
def test_a_trusted_route_is_continued_once(came, goes):
    fields = sent(HOST, *(("X-Forwarded-For", route) for route in came), client=BEHIND_PROXY)
    assert about(fields, "X-Forwarded-For") == [goes]


@pytest.mark.parametrize(
    ("scheme", "host", "port"),
    [
        ("http", "hub.example.org", "80"),
        ("https", "hub.example.org", "443"),
        ("https", "hub.example.org:8443", "8443"),
        ("http", "[::1]:8888", "8888"),
        ("http", "[::1]", "80"),
        ("https", "hub.example.org:", "443"),
    ],
)
def test_the_port_is_that_of_the_host_or_of_the_scheme(scheme, host, port):
    fields = sent(("Host", host), client=ClientFacts("::1", scheme, host))
    assert about(fields, "X-Forwarded-Port") == [port]
    assert about(fields, "X-Forwarded-Host") == [host]


def test_without_a_host_the_default_one_is_sent_first_and_none_is_claimed():
    fields = sent(("Accept", "a"), client=ClientFacts("", "http", ""))
    assert fields == [
        ("Host", "localhost:1"),
        ("Accept", "a"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Port", "80"),
    ]


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("/base/name", "/base/name"),
        ("/my app", "/my app"),
        ("/日本", "/%E6%97%A5%E6%9C%AC"),
        ("/a\r\nX: y", "/a%0D%0AX:%20y"),
    ],
)
def test_the_prefix_is_told_in_a_form_that_fits_a_header(prefix, told):
    fields = sent(HOST, prefix=prefix)
    assert about(fields, "X-Forwarded-Prefix") == [told]
    assert about(fields, "X-Forwarded-Context") == [told]
    assert about(fields, "X-ProxyContextPath") == [told]


def test_jupyters_credentials_do_not_reach_the_backend():
    fields = [
        HOST,
        ("Cookie", "_xsrf=1; a=2"),
        ("Cookie", "_xsrf=1"),
        ("Authorization", "token s3cret"),
        ("Referer", "https://hub.example.org/name/?token=s3cret&x=1"),
    ]
    assert sent(*fields) == [
        HOST,
        ("Cookie", "a=2"),
        ("Referer", "https://hub.example.org/name/?x=1"),
        *ABOUT_CLIENT,
    ]


def test_other_credentials_reach_the_backend():
    fields = [HOST, ("Authorization", "Bearer app"), ("Cookie", "a=1"), ("Referer", "https://x/")]
    assert sent(*fields) == [*fields, *ABOUT_CLIENT]


def test_credentials_pass_when_the_service_asks_for_them():
    fields = [
        HOST,
        ("Cookie", "_xsrf=1"),
        ("Authorization", "token s3cret"),
        ("Referer", "https://x/?token=s3cret"),
    ]
    assert sent(*fields, hidden=None) == [*fields, *ABOUT_CLIENT]


def test_overrides_are_the_last_word():
    overrides = [
        ("x-forwarded-prefix", ""),
        ("Accept", "b"),
        ("Authorization", "token s3cret"),
        ("host", "localhost"),
    ]
    fields = sent(
        ("Accept", "a"), HOST, ("ACCEPT", "c"), ("B", "1"), prefix="/n", overrides=overrides
    )
    assert fields[0] == ("host", "localhost")
    assert about(fields, "Host") == ["localhost"]
    assert about(fields, "Accept") == ["b"]
    assert about(fields, "B") == ["1"]
    assert about(fields, "X-Forwarded-Prefix") == [""]
    assert about(fields, "X-Forwarded-Context") == ["/n"]
    assert about(fields, "Authorization") == ["token s3cret"]


def test_an_upgrade_is_asked_for_anew():
    fields = [HOST, ("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket")]
    fields.append(("Sec-WebSocket-Key", "k"))
    assert sent(*fields, upgrade="websocket") == [
        HOST,
        ("Sec-WebSocket-Key", "k"),
        *ABOUT_CLIENT,
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
    ]


ORDINARY = ["accept", "Accept", "X-A", "x-b"]
SPECIAL = ["Host", "Connection", "Upgrade", "Cookie", "TE", "Forwarded", "X_Forwarded_For"]
tokens = st.sampled_from([*ORDINARY, *SPECIAL])
values = st.sampled_from(["x-a", "X-B, close", "upgrade", "a=1; _xsrf=2", "evil", ""])


@given(st.lists(st.tuples(tokens, values)), st.booleans())
def test_ordinary_fields_are_never_lost_nor_invented(incoming, is_behind_proxy):
    client = ClientFacts("::1", "http", "h", is_behind_proxy)
    fields = request_headers(incoming, client, prefix="/n", hidden=HIDDEN, default_host="h")
    named = connection_options(about(incoming, "connection"))
    for name in ("accept", "x-a", "x-b"):
        expected = [] if name in named else about(incoming, name)
        assert about(fields, name) == expected
    assert about(fields, "x_forwarded_for") == about(fields, "connection") == []
    assert about(fields, "x-forwarded-for") == ["::1"]
    assert not any("_xsrf" in value for value in about(fields, "cookie"))
    assert about(fields, "host")


# --- responses ----------------------------------------------------------------------------

SCOPE = CookieScope("/name", "hub.example.org", HIDDEN)
RULES = ResponseRules("/name", False, frozenset({"localhost:8080"}), SCOPE)
ABSOLUTE = ResponseRules("/name", True, frozenset({"localhost:8080"}), SCOPE)


def answered(*raw, rules=RULES):
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in raw]
    return response_headers(pairs, lambda: rules)


def test_answer_fields_pass_as_sent_in_order_and_repeated():
    fields = [
        ("content-type", "text/html"),
        ("CONTENT-LENGTH", "5"),
        ("Vary", "a"),
        ("vary", "b"),
        ("X-Umlaut", "\xe4\t\x80"),
        ("WWW-Authenticate", "Basic"),
        ("ETag", '"x"'),
    ]
    assert answered(*fields) == fields
    assert answered() == []


@pytest.mark.parametrize(
    "name",
    [
        "Connection",
        "Keep-Alive",
        "Proxy-Authenticate",
        "Transfer-Encoding",
        "Trailer",
        "Upgrade",
        "X-Accel-Redirect",
        "x-accel-buffering",
        "Clear-Site-Data",
        "Alt-Svc",
        "Strict-Transport-Security",
        "Public-Key-Pins",
        "Expect-CT",
        "Set-Login",
        "NEL",
        "Report-To",
    ],
)
def test_what_concerns_the_connection_or_the_whole_origin_does_not_pass(name):
    assert answered((name, "x"), ("A", "1")) == [("A", "1")]
    assert answered((name, "x"), ("A", "1"), rules=ABSOLUTE) == [("A", "1")]


def test_answer_fields_named_in_connection_do_not_pass():
    fields = [("X-One", "1"), ("Connection", "keep-alive"), ("Connection", "X-ONE"), ("B", "2")]
    assert answered(*fields) == [("B", "2")]


@pytest.mark.parametrize("character", "\r\n\x00\x1b\x7f")
def test_a_field_with_control_characters_is_dropped_alone(character):
    fields = [("A", f"1{character}X: y"), (f"B{character}", "2"), ("C", "3\t4")]
    assert answered(*fields) == [("C", "3\t4")]


URLS = [
    ("Location", "/x", "/name/x"),
    ("content-location", "http://localhost:8080/x", "/name/x"),
    ("Refresh", "1; url=/x", "1; url=/name/x"),
    ("Link", "</x>; rel=next", "</name/x>; rel=next"),
]


@pytest.mark.parametrize(("name", "came", "goes"), URLS)
def test_urls_get_the_prefix_unless_the_backend_knows_it(name, came, goes):
    assert answered((name, came)) == [(name, goes)]
    assert answered((name, came), rules=ABSOLUTE) == [(name, came)]


def test_cookies_are_confined_one_by_one():
    fields = [("Set-Cookie", "a=1; Path=/"), ("set-cookie", "_xsrf=1"), ("Set-Cookie", "b=2")]
    assert answered(*fields) == [("Set-Cookie", "a=1; Path=/name/"), ("Set-Cookie", "b=2")]


def test_a_service_worker_scope_passes_only_below_the_prefix():
    field = "Service-Worker-Allowed"
    assert answered((field, "/")) == [(field, "/name/")]
    assert answered((field, "/"), rules=ABSOLUTE) == []
    assert answered((field, "/name/"), rules=ABSOLUTE) == [(field, "/name/")]


@pytest.mark.parametrize(
    ("content_type", "is_stream"),
    [
        ("text/event-stream", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("text/plain", False),
        ("application/x; a=text/event-stream", False),
    ],
)
def test_only_event_streams_ask_not_to_be_buffered(content_type, is_stream):
    fields = answered(("X-A", "1"), ("content-type", content_type), ("X-Accel-Buffering", "yes"))
    assert about(fields, "X-Accel-Buffering") == (["no"] if is_stream else [])


@given(st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=12))))
def test_whatever_a_backend_sends_nothing_unsendable_passes(raw):
    for name, value in response_headers(raw, lambda: RULES):
        assert not any(character in "\r\n\x00" for character in name + value)
        assert name.encode("latin-1") in [key for key, _ in raw] or name == "X-Accel-Buffering"


def test_the_rules_are_not_even_made_for_an_answer_that_they_are_not_about():
    raw = [(b"Content-Type", b"text/plain"), (b"Connection", b"close"), (b"ETag", b"x")]
    fields = response_headers(raw, lambda: pytest.fail("nobody needs them"))
    assert fields == [("Content-Type", "text/plain"), ("ETag", "x")]


@pytest.mark.parametrize(
    ("content_type", "is_stream"),
    [(b"Text/Event-Stream; charset=utf-8", True), (b"text/plain", False), (b"", False)],
)
def test_an_event_stream_is_known_by_its_content_type(content_type, is_stream):
    assert is_event_stream(content_type) is is_stream
