"""URLs in response headers come back under the prefix, and nothing escapes it."""

import re
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.cookies import CookieScope
from jupyter_server_proxy.rules.credentials import Credentials
from jupyter_server_proxy.rules.locations import (
    ResponseRules,
    confine_worker_scope,
    rewrite_link,
    rewrite_location,
    rewrite_refresh,
)


def rules_for(prefix: str = "/base/name", *, is_absolute: bool = False) -> ResponseRules:
    own = frozenset({"localhost:8080", "127.0.0.1:8080", "hub.example.org", "[::1]:8080", "v6:80"})
    return ResponseRules(prefix, is_absolute, own, CookieScope(prefix, "", Credentials()))


RULES = rules_for()


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        ("/", "/base/name/"),
        ("/x/y?next=/z#f", "/base/name/x/y?next=/z#f"),
        ("/x?next=/../y", "/base/name/x?next=/../y"),
        ("/?a", "/base/name/?a"),
        ("/base/name", "/base/name"),
        ("/base/name?x", "/base/name?x"),
        ("/base/name/x", "/base/name/x"),
        ("/base/n%61me/x", "/base/name/x"),
        ("/base/namefoo", "/base/name/base/namefoo"),
        ("/base", "/base/name/base"),
        ("/a%2Fb//c", "/base/name/a%2Fb//c"),
        (" /x ", "/base/name/x"),
    ],
)
def test_a_path_gets_the_prefix_once(value, rewritten):
    assert rewrite_location(value, RULES) == rewritten


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        ("http://localhost:8080", "/base/name/"),
        ("http://localhost:8080/x?y#z", "/base/name/x?y#z"),
        ("http://localhost:8080?y", "/base/name/?y"),
        ("http://localhost:8080#z", "/base/name/#z"),
        ("HTTP://LOCALHOST:8080/X", "/base/name/X"),
        ("https://127.0.0.1:8080/x", "/base/name/x"),
        ("ws://localhost:8080/x", "/base/name/x"),
        ("http://[::1]:8080/x", "/base/name/x"),
        ("//localhost:8080/x", "/base/name/x"),
        ("///localhost:8080/x", "/base/name/x"),
        ("http:\\\\localhost:8080\\x", "/base/name/x"),
        ("http://localhost:8080\\@evil.example/", "/base/name/@evil.example/"),
        ("http://localhost:8080//evil.example", "/base/name//evil.example"),
        ("http://hub.example.org/base/name/x", "/base/name/x"),
        ("https://hub.example.org:443/x", "/base/name/x"),
        ("http://hub.example.org:80/x", "/base/name/x"),
        ("//hub.example.org:443/x", "/base/name/x"),
        ("http://hub.example.org:/x", "/base/name/x"),
        ("http://v6/x", "/base/name/x"),
        ("http://me@localhost:8080/x", "/base/name/x"),
    ],
)
def test_a_url_that_means_the_backend_comes_back_under_the_prefix(value, rewritten):
    assert rewrite_location(value, RULES) == rewritten


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "x/y",
        "../x",
        "?x",
        "#x",
        "x:/y",
        "http://evil.example/x",
        "http://localhost:8081/x",
        "http://localhost/x",
        "https://v6/x",
        "https://hub.example.org:80/x",
        "http://hub.example.org.evil.example/x",
        "http://localhost:8080@evil.example/",
        "http://[::1]/x",
        "//evil.example/x",
        "/\t/evil.example/x",
        "http://",
        "//",
        "ftp://localhost:8080/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@b",
    ],
)
def test_relative_and_foreign_urls_stay(value):
    assert rewrite_location(value, RULES) == value


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        ("/\\evil.example", "/base/name/\\evil.example"),
        ("\\\\evil.example", "/base/name/\\evil.example"),
        ("\\x", "/base/name/x"),
        ("/../../lab", "/base/name/lab"),
        ("/..", "/base/name/"),
        ("/x/.", "/base/name/x/"),
        ("/x/%2e%2E/y", "/base/name/y"),
        ("/base/name/../lab", "/base/name/base/lab"),
        ("/base/name\\..\\..\\lab", "/base/name/lab"),
        ("/base/name/x/../y", "/base/name/y"),
        ("/.\t./x", "/base/name/x"),
    ],
)
def test_odd_values_do_not_leave_the_prefix(value, rewritten):
    assert rewrite_location(value, RULES) == rewritten


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        ("/x", "/x"),
        ("http://localhost:8080/x", "/x"),
        ("http://localhost:8080//evil.example", "/.//evil.example"),
        ("/\\evil.example", "/./\\evil.example"),
        ("/./\\evil.example", "/.//evil.example"),
    ],
)
def test_without_a_prefix_no_path_turns_into_a_host(value, rewritten):
    assert rewrite_location(value, rules_for("/")) == rewritten


def test_a_prefix_is_written_as_browsers_see_it():
    assert rewrite_location("/x", rules_for("/user/a%40b/my app/")) == "/user/a%40b/my%20app/x"
    assert rewrite_location("/user/a@b/x", rules_for("/user/a%40b")) == "/user/a%40b/x"


def browsed(location: str) -> str:
    """The URL that a browser opens (WHATWG URL parser, as far as special schemes need it)."""
    text = location.strip("".join(map(chr, range(0x21))))
    text = re.sub(r"[\t\r\n]", "", text)
    head, mark, tail = re.match(r"([^?#]*)([?#]?)(.*)", text, re.DOTALL).groups()
    head = re.sub("%2e", ".", head.replace("\\", "/"), flags=re.IGNORECASE)
    if head.startswith("//"):
        head = "//" + head.lstrip("/")
    return urljoin("http://hub.example.org/base/name/page", head + mark + tail)


odd = st.text(st.sampled_from("/\\.%2eEbasenm?#:@ \tx"), max_size=14)


@given(odd.map(lambda text: "/" + text))
@example("/\\evil")
@example("/%2e%2e/%2e%2e/lab")
def test_no_path_escapes_the_prefix(value):
    plain = re.sub(r"[\t]", "", value)
    rewritten = rewrite_location(value, RULES)
    if plain.startswith("//"):
        assert rewritten == value  # a foreign host, as it was sent
        return
    opened = urlsplit(browsed(rewritten))
    assert opened.netloc == "hub.example.org"
    assert f"{opened.path}/".startswith("/base/name/")


@given(odd)
def test_no_url_of_the_backend_escapes_the_prefix(tail):
    opened = urlsplit(browsed(rewrite_location("http://localhost:8080/" + tail, RULES)))
    assert opened.netloc == "hub.example.org"
    assert f"{opened.path}/".startswith("/base/name/")


@given(odd)
def test_without_a_prefix_everything_stays_on_our_host(tail):
    rewritten = rewrite_location("http://localhost:8080/" + tail, rules_for("/"))
    assert rewritten.startswith("/")
    assert not rewritten.startswith(("//", "/\\"))


@given(odd, odd)
def test_what_is_not_ours_stays_as_it_is_or_gets_the_prefix(head, tail):
    value = f"x{head}:{tail}"
    assert rewrite_location(value, RULES) == value


@given(st.text(st.sampled_from("abc/~"), max_size=12))
def test_rewriting_twice_is_rewriting_once(path):
    once = rewrite_location("/" + path.lstrip("/"), RULES)
    assert rewrite_location(once, RULES) == once
    assert unquote(once) == once


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        ("5", "5"),
        ("", ""),
        ("x; url=/y", "x; url=/y"),
        ("5; url=/x", "5; url=/base/name/x"),
        ("5;URL = '/x'", "5;URL = '/base/name/x'"),
        ('0.5, url="/x" junk', '0.5, url="/base/name/x" junk'),
        ("5; url='/x", "5; url='/base/name/x"),
        ("5;/x", "5;/base/name/x"),
        ("5; url=http://localhost:8080/x", "5; url=/base/name/x"),
        ("5; url=http://evil.example/", "5; url=http://evil.example/"),
        ("5; url=x", "5; url=x"),
        ("5; url=", "5; url="),
    ],
)
def test_the_url_of_a_refresh_is_rewritten(value, rewritten):
    assert rewrite_refresh(value, RULES) == rewritten


@pytest.mark.parametrize(
    ("value", "rewritten"),
    [
        ("</x>; rel=preload", "</base/name/x>; rel=preload"),
        ("</x>; rel=a, <y>, </z,>;b", "</base/name/x>; rel=a, <y>, </base/name/z,>;b"),
        ('</x>; title="</y> \\" </z>"', '</base/name/x>; title="</y> \\" </z>"'),
        ('</x>; title="</y>', '</base/name/x>; title="</y>'),
        ('</x>; title="</y>\\', '</base/name/x>; title="</y>\\'),
        ("<http://localhost:8080/x>; rel=next", "</base/name/x>; rel=next"),
        ("</x; rel=next", "</x; rel=next"),
        ("", ""),
    ],
)
def test_the_targets_of_a_link_are_rewritten(value, rewritten):
    assert rewrite_link(value, RULES) == rewritten


@pytest.mark.parametrize(
    ("value", "relative_to_root", "absolute"),
    [
        ("/", "/base/name/", None),
        ("/x/", "/base/name/x/", None),
        ("/base/name/", "/base/name/", "/base/name/"),
        ("/base/name", None, None),
        ("/base/name/../", "/base/name/base/", None),
        ("/base/name/.\t./", "/base/name/base/", None),
        ("./", None, None),
        ("../..", None, None),
        ("http://localhost:8080/x/", "/base/name/x/", None),
        ("https://evil.example/base/name/", None, None),
        ("", None, None),
    ],
)
def test_a_service_worker_stays_below_the_prefix(value, relative_to_root, absolute):
    assert confine_worker_scope(value, RULES) == relative_to_root
    assert confine_worker_scope(value, rules_for(is_absolute=True)) == absolute


def test_a_service_worker_of_a_backend_at_the_root_stays_on_our_host():
    assert confine_worker_scope("//evil.example/", rules_for("/")) is None
    assert confine_worker_scope("/x/", rules_for("/")) == "/x/"
