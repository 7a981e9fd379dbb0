"""Which part of a request target reaches the backend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_server_proxy.rules.paths import (
    absolute_path,
    backend_path,
    below,
    context_path,
    decoded_path,
    is_fit_for_request_line,
    quote_path,
    raw_remainder,
    split_target,
    wire_prefix,
    with_query,
)


@pytest.mark.parametrize(
    ("uri", "path", "suffix"),
    [
        ("/a", "/a", ""),
        ("/a?x=1", "/a", "?x=1"),
        ("/a?", "/a", "?"),
        ("/a?x=1?y", "/a", "?x=1?y"),
        ("/a%3Fb", "/a%3Fb", ""),
        ("", "", ""),
    ],
)
def test_a_target_splits_at_the_first_question_mark(uri, path, suffix):
    assert split_target(uri) == (path, suffix)


@pytest.mark.parametrize(
    ("raw", "decoded", "remainder"),
    [
        ("/name/a/b", "a/b", "/a/b"),
        ("/name/a/b", "/a/b", "/a/b"),
        ("/name//x", "/x", "//x"),
        ("/name///x", "//x", "///x"),
        ("/name/", "", "/"),
        ("/proxy/80", "", None),
        ("/proxy/80/", "/", "/"),
        ("/name/x", "y", None),
        ("/name/axb", "b", None),
        ("/name/a%2Fb", "a/b", "/a%2Fb"),
        ("/name/a%2Fb", "/a/b", "/a%2Fb"),
        ("/na%6De/b", "b", "/b"),
        ("/name/a%3Fb%23c", "a?b#c", "/a%3Fb%23c"),
        ("/name/%FF", "\udcff", "/%FF"),
        ("/name/%C3%A9", "é", "/%C3%A9"),
        ("/name/\xc3\xa9", "\xc3\xa9", "/\xc3\xa9"),
        ("/name/a%b", "a%b", "/a%b"),
        ("/name//%41", "/A", "//%41"),
        ("/name/%2F", "/", "/%2F"),
        ("/name%2Fx", "x", None),
        ("/name%2Fx", "/x", None),
        ("/name%2Fx/", "", "/"),
        ("/name/a%2Fx", "/x", None),
        ("/%41", "/B", None),
        ("%41", "A", None),
        ("%2FA", "A", None),
        ("%2FA", "/A", None),
        ("/a%20b", "\ud800", None),
    ],
)
def test_the_raw_remainder_is_the_longest_end_that_decodes_to_what_the_route_saw(
    raw, decoded, remainder
):
    assert raw_remainder(raw, decoded) == remainder


raw_paths = st.text(st.sampled_from("ab/%2F3E9Ce.;é\xff"), max_size=30)


@given(raw_paths, raw_paths)
def test_whatever_a_route_captured_goes_on_byte_for_byte(head, tail):
    raw = f"{head}/{tail}"
    found = raw_remainder(raw, decoded_path(tail))
    assert found is not None
    assert raw.endswith(found)
    assert found.startswith("/")
    assert decoded_path(found) in (decoded_path(tail), "/" + decoded_path(tail))


@given(raw_paths, st.text(st.sampled_from("ab/%2Fé"), max_size=12))
def test_a_recognised_remainder_equals_a_search_from_the_longest(raw, decoded):
    starts = (raw[at:] for at, character in enumerate(raw) if character == "/")
    decodings = (decoded, "/" + decoded) if decoded.startswith("/") else ("/" + decoded,)
    expected = next((end for end in starts if decoded_path(end) in decodings), None)
    assert raw_remainder(raw, decoded) == expected


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("", "/"),
        ("a", "/a"),
        ("/a b", "/a%20b"),
        ("/å", "/%C3%A5"),
        ("/a#b", "/a%23b"),
        ("/a?b=c", "/a?b=c"),
        ("/100%", "/100%25"),
        ("/a\r\nb\x00\x7f", "/a%0D%0Ab%00%7F"),
        ("/\udcff", "/%FF"),
        ("/\ud800", "/%ED%A0%80"),
        ("/:?[]@!$&'()*+,;=-._~", "/:?[]@!$&'()*+,;=-._~"),
        ('/"<>\\^`{|}', "/%22%3C%3E%5C%5E%60%7B%7C%7D"),
    ],
)
def test_a_decoded_path_is_quoted_as_4_6_did_but_for_the_fragment(path, quoted):
    assert quote_path(path) == quoted


@given(st.text())
def test_any_text_becomes_a_path_that_fits_a_request_line(text):
    quoted = quote_path(text)
    assert quoted.startswith("/")
    assert is_fit_for_request_line(quoted)
    assert is_fit_for_request_line("/" + wire_prefix(text))


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="?")))
def test_quoting_a_path_loses_nothing(text):
    assert decoded_path(quote_path("/" + text)) == "/" + text


@pytest.mark.parametrize(
    ("prefix", "wire"),
    [
        ("/name", "/name"),
        ("/name/", "/name"),
        ("/", ""),
        ("/my app", "/my%20app"),
        ("/user/a%40b/app", "/user/a%40b/app"),
        ("/100%/a?b#c", "/100%25/a%3Fb%23c"),
        ("/日本", "/%E6%97%A5%E6%9C%AC"),
    ],
)
def test_a_prefix_on_the_wire_keeps_what_is_encoded_already(prefix, wire):
    assert wire_prefix(prefix) == wire


def test_a_mapped_path_is_quoted_and_any_other_sent_as_it_came():
    assert backend_path("/name/a%2Fb", "a/b") == "/a%2Fb"
    assert backend_path("/name/a%2Fb", "/mapped to") == "/mapped%20to"


@pytest.mark.parametrize(
    ("raw", "decoded", "prefix", "path"),
    [
        ("/base/name/a%2Fb", "a/b", "/base/name", "/base/name/a%2Fb"),
        ("/b%61se/name/x", "x", "/base/name", "/b%61se/name/x"),
        ("/user/a%40b/name/x", "x", "/user/a%40b/name", "/user/a%40b/name/x"),
        ("/my%20app/x", "x", "/my app", "/my%20app/x"),
        ("/base/name/x", "x", "/base/name/", "/base/name/x"),
        ("/other/x", "x", "/my app", "/my%20app/x"),
        ("/base/name/x", "/mapped to", "/base/name", "/base/name/mapped%20to"),
        ("/base/proxy/absolute/1", "", "/base/proxy/absolute/1", "/base/proxy/absolute/1"),
        ("/base/name/", "", "/base/name", "/base/name/"),
        ("/other", "", "/base/name", "/base/name"),
        ("/base/localhost:1/a%2Fb", "/a/b", "/base/1", "/base/1/a%2Fb"),
    ],
)
def test_absolute_url_sends_the_whole_path_as_it_came(raw, decoded, prefix, path):
    assert absolute_path(raw, decoded, prefix) == path


@pytest.mark.parametrize(
    ("path", "suffix", "target"),
    [
        ("/a", "", "/a"),
        ("/a", "?", "/a?"),
        ("/a", "?x=1", "/a?x=1"),
        ("/a?u=x", "", "/a?u=x"),
        ("/a?u=x", "?", "/a?u=x"),
        ("/a?u=x", "?v=y&w", "/a?u=x&v=y&w"),
        ("/a?", "?v=y", "/a?v=y"),
        ("/a?u&", "?v=y", "/a?u&v=y"),
    ],
)
def test_the_clients_query_joins_that_of_a_mapped_path(path, suffix, target):
    assert with_query(path, suffix) == target


@pytest.mark.parametrize(
    ("parts", "path"),
    [
        (("/", "name"), "/name"),
        (("/user/a%40b/", "proxy", "80"), "/user/a%40b/proxy/80"),
        (("/base", "proxy", "absolute", "[::1]:80"), "/base/proxy/absolute/[::1]:80"),
        (("", "my app"), "/my app"),
        (("/some/prefix", "/"), "/some/prefix/"),
        (("/", ""), "/"),
        (("/",), "/"),
    ],
)
def test_a_context_path_is_joined_by_single_slashes_with_names_as_they_are(parts, path):
    assert context_path(*parts) == path


@pytest.mark.parametrize(
    ("path", "prefix", "rest"),
    [
        ("/name", "/name", ""),
        ("/name/x", "/name", "/x"),
        ("/namefoo", "/name", None),
        ("/other", "/name", None),
        ("/user/a@b/x", "/user/a%40b", "/x"),
        ("/user/a%40b/x/y", "/user/a@b", "/x/y"),
        ("/user%2Fa/x", "/user/a", None),
        ("/us%65r", "/user/a", None),
        ("/us%65r", "/user", ""),
        ("/x", "", "/x"),
    ],
)
def test_below_compares_whole_segments_however_they_are_encoded(path, prefix, rest):
    assert below(path, prefix) == rest


@pytest.mark.parametrize(
    ("target", "is_fit"),
    [
        ("/a%20b?x=1", True),
        ("/\xe9\x80", True),
        ("", False),
        ("/a b", False),
        ("/a\tb", False),
        ("/a\r\nX: y", False),
        ("/a\n", False),
        ("/\x7f", False),
        ("/日", False),
    ],
)
def test_a_request_line_takes_single_visible_bytes_only(target, is_fit):
    assert is_fit_for_request_line(target) is is_fit
