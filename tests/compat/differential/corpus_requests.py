"""What clients may ask: addresses, methods, header fields and bodies."""

from __future__ import annotations

from collections.abc import Iterator

from .exchange import Answer, Case

ROUTES = {
    "named": b"/named",
    "absolute": b"/absolute",
    "unix": b"/unix",
    "unix-absolute": b"/unix-absolute",
    "port": b"/proxy/{main}",
    "port-absolute": b"/proxy/absolute/{main}",
    "host": b"/proxy/localhost:{main}",
    "address": b"/proxy/127.0.0.1:{main}",
    "host-absolute": b"/proxy/absolute/localhost:{main}",
    "address-absolute": b"/proxy/absolute/127.0.0.1:{main}",
}
# Of each kind one, for what cannot depend on the rest.
TYPICAL = ("named", "absolute", "unix", "port", "port-absolute", "address")

PATHS = {
    "root": b"/",
    "bare": b"",
    "bare-query": b"?a=1",
    "plain": b"/a/b.html",
    "slash-at-end": b"/a/b/",
    "query": b"/a?b=c&d=e",
    "empty-query": b"/a?",
    "query-twice": b"/a?b?c=/d",
    "query-encoded": b"/a?b=%20%2F%3f%C3%A5+x",
    "query-odd": b"/a?&&=;b[]=1|2",
    "space": b"/a%20b",
    "plus": b"/a+b",
    "unicode": b"/%C3%A5%C3%A4%C3%B6",
    "unicode-raw": b"/\xc3\xa5",
    "not-utf-8": b"/%E5x",
    "slash-encoded": b"/a%2Fb",
    "slash-encoded-lower": b"/a%2fb",
    "question-encoded": b"/a%3Fb",
    "number-encoded": b"/a%23b",
    "percent-encoded": b"/a%25b",
    "percent-twice": b"/a%252Fb",
    "percent-bare": b"/a%b",
    "double-slash": b"/a//b",
    "double-slash-first": b"//a/b",
    "only-slashes": b"///",
    "semicolon": b"/a;p=1/b;q",
    "dot": b"/a/./b",
    "dots": b"/a/../b",
    "dots-encoded": b"/a/%2e%2e/b",
    "reserved": b"/!$&'()*+,;=:@",
    "unreserved": b"/-._~",
    "unreserved-encoded": b"/%7Ea%2D",
    "brackets": b"/[a]{b}|c^d`",
    "quotes": b'/"<>\\',
    "fragment": b"/a#b",
    "own-name": b"/named/named/",
    "proxy-again": b"/proxy/1/",
    "long": b"/" + b"long/" * 800,
}

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "PURGE", "TRACE")
BODIES: dict[str, dict[str, object]] = {
    "none": {},
    "empty": {"body": b""},
    "small": {"body": b"a=1&b=2"},
    "binary": {"body": bytes(range(256))},
    "large": {"body": b"0123456789abcdef" * 65536},
    "chunked": {"chunks": (b"first ", b"second")},
    "chunked-empty": {"chunks": ()},
}

FIELDS: dict[str, tuple[tuple[str, str], ...]] = {
    "own-host": (("Host", "jupyter.example"),),
    "own-host-port": (("Host", "jupyter.example:8443"),),
    "origin": (("Origin", "http://127.0.0.1:{jupyter}"),),
    "origin-foreign": (("Origin", "http://elsewhere.example"),),
    "origin-null": (("Origin", "null"),),
    "referer": (("Referer", "http://127.0.0.1:{jupyter}/user/ann/named/x?y=1"),),
    "cookies": (("Cookie", "a=1; {login}; b=2"),),
    "cookies-odd": (("Cookie", '{login}; a="b c"; d; =e; f=g=h'),),
    "xsrf-cookie": (("Cookie", "{login}; _xsrf=2|abc"),),
    "cookies-twice": (("Cookie", "{login}"), ("Cookie", "second=1")),
    "token": (("Cookie", ""), ("Authorization", "token {token}")),
    "bearer": (("Cookie", ""), ("Authorization", "Bearer {token}")),
    "own-authorization": (("Authorization", "Basic YTpi"),),
    "own-bearer": (("Authorization", "Bearer of-the-application"),),
    "accept": (("Accept", "text/html,application/xhtml+xml;q=0.9"),),
    "accept-encoding": (("Accept-Encoding", "gzip, deflate, br"),),
    "accept-stream": (("Accept", "text/event-stream"),),
    "accept-stream-more": (("Accept", "text/event-stream, */*"),),
    "agent": (("User-Agent", "Mozilla/5.0 (X11; Linux)"),),
    "no-agent": (("User-Agent", ""),),
    "case": (("x-lower", "a"), ("X-UPPER", "b"), ("x-MiXeD", "c")),
    "underscore": (("X_Under_Score", "a"),),
    "repeated": (("X-Twice", "1"), ("X-Other", "o"), ("X-Twice", "2")),
    "empty-value": (("X-Empty", " "),),
    "latin-1": (("X-Latin", "\xe5\xe4\xf6"),),
    "utf-8": (("X-Utf", "å".encode().decode("latin-1")),),
    "spaces": (("X-Spaces", "  a  b  "),),
    "long-value": (("X-Long", "v" * 8000),),
    "many": tuple((f"X-Many-{number}", str(number)) for number in range(60)),
    "if-none-match": (("If-None-Match", '"abc"'), ("If-Modified-Since", "Mon, 01 Jan 2024")),
    "range": (("Range", "bytes=0-1"),),
    "content-type": (("Content-Type", "application/json"),),
    "expect-other": (("X-Expect", "100-continue"),),
    "connection-close": (("Connection", "close"),),
    "connection-keep-alive": (("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")),
    "connection-names": (("Connection", "X-Named, close"), ("X-Named", "gone")),
    "hop-by-hop": (
        ("Proxy-Connection", "keep-alive"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Trailer", "X-After"),
        ("Proxy-Authorization", "Basic YTpi"),
        ("Proxy-Authenticate", "Basic"),
    ),
    "upgrade-h2c": (
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ),
    "upgrade-insecure": (("Upgrade-Insecure-Requests", "1"),),
    "forwarded-for": (("X-Forwarded-For", "10.1.2.3"),),
    "forwarded-all": (
        ("X-Forwarded-For", "10.1.2.3, 10.4.5.6"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "public.example"),
        ("X-Forwarded-Port", "8443"),
    ),
    "forwarded-prefix": (
        ("X-Forwarded-Prefix", "/claimed"),
        ("X-Forwarded-Context", "/claimed"),
        ("X-ProxyContextPath", "/claimed"),
    ),
    "forwarded-standard": (("Forwarded", "for=10.1.2.3;proto=https"),),
    "real-ip": (("X-Real-IP", "10.1.2.3"), ("X-Scheme", "https")),
    "method-override": (("X-HTTP-Method-Override", "DELETE"),),
    "sec-fetch": (("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none")),
    "via": (("Via", "1.1 front"),),
}


def requests() -> Iterator[Case]:
    for name in (*TYPICAL, "host", "host-absolute"):
        for kind, path in PATHS.items():
            yield Case(f"path {name} {kind}", ROUTES[name], path)
    for name in TYPICAL:
        for method in METHODS:
            for kind, body in BODIES.items():
                if name == "named" or kind in ("none", "small"):
                    yield Case(f"body {name} {method} {kind}", ROUTES[name], b"/x", method, **body)
        for kind, fields in FIELDS.items():
            yield Case(f"fields {name} {kind}", ROUTES[name], b"/x", fields=fields)
    yield from without_slash()
    yield from of_nobody()
    yield from addresses()


def without_slash() -> Iterator[Case]:
    for method in ("HEAD", "POST", "DELETE"):
        for kind, path in {"bare": b"", "query": b"?a=1&b=%20"}.items():
            for name in ("named", "absolute", "port", "port-absolute", "host"):
                yield Case(f"slash {name} {method} {kind}", ROUTES[name], path, method)


def of_nobody() -> Iterator[Case]:
    """Log-in: none, by the query, and with another version of HTTP."""
    for name in ("named", "port", "address"):
        route = ROUTES[name]
        yield Case(f"token in query {name}", route, b"/x?a=1&token={token}&b=2")
        yield Case(f"wrong token {name}", route, b"/x?token=wrong", is_anonymous=True)
        yield Case(f"http/1.0 {name}", route, b"/x", version="1.0")
        for kind in ("accept", "accept-stream", "origin-foreign"):
            fields = FIELDS[kind]
            yield Case(f"anonymous {name} {kind}", route, b"/x", fields=fields, is_anonymous=True)
        for method in METHODS:
            yield Case(f"anonymous {name} {method}", route, b"/x", method, is_anonymous=True)


ADDRESSES = {
    "unknown name": b"/nobody",
    "service without address": b"/nowhere",
    "name as prefix": b"/namedx",
    "name in other case": b"/Named",
    "port 0": b"/proxy/0",
    "port 65536": b"/proxy/65536",
    "port with letters": b"/proxy/80a",
    "host not allowed": b"/proxy/example.invalid:80",
    "host in capitals": b"/proxy/LOCALHOST:{main}",
    "host with dot": b"/proxy/localhost.:{main}",
    "host encoded": b"/proxy/%6Cocalhost:{main}",
    "allowed address": b"/proxy/127.0.0.2:{dead}",
    "ipv6": b"/proxy/[::1]:{main}",
    "user in host": b"/proxy/a@localhost:{main}",
    "dead port": b"/proxy/{dead}",
    "dead port absolute": b"/proxy/absolute/{dead}",
    "dead host": b"/proxy/localhost:{dead}",
    "dead socket": b"/dead",
    "underscore in name": b"/under_score",
    "dot in name": b"/dotted.name",
    "dot in name is any character": b"/dottedxname",
}


def addresses() -> Iterator[Case]:
    for kind, route in ADDRESSES.items():
        yield Case(f"address {kind}", route, b"/x")
    yield Case("address dead port POST", b"/proxy/{dead}", b"/x", "POST", body=b"x")
    stream = FIELDS["accept-stream"]
    yield Case("address dead port stream", b"/proxy/{dead}", b"/x", fields=stream)
    too_large = Answer(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    for name in ("named", "port"):
        yield Case(f"refused {name}", ROUTES[name], b"/x", "POST", body=b"x", answer=too_large)
