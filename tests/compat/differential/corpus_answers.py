"""What backends may answer: statuses, framing, fields, redirects, cookies, and broken ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from .corpus_requests import FIELDS, ROUTES
from .exchange import Answer, Case

STATUSES = (
    200, 201, 202, 203, 206, 226, 299, 300, 301, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405,
    409, 410, 412, 418, 422, 429, 451, 499, 500, 501, 502, 503, 504, 511, 520, 599,
)  # fmt: skip
WITHOUT_BODY = (204, 304)
REDIRECTS = (301, 302, 303, 307, 308)

LOCATIONS = {
    "path": b"/x",
    "root": b"/",
    "path and all": b"/x/y?z=1#f",
    "parameters": b"/x;p=1?q;r",
    "relative": b"x/y",
    "parent": b"../x",
    "query": b"?q=1",
    "fragment": b"#f",
    "empty": b"",
    "other host": b"http://other.example/x",
    "other host without scheme": b"//other.example/x",
    "own address": b"http://127.0.0.1:{main}/x?y",
    "own name": b"http://localhost:{main}/x",
    "as sent in Host": b"http://127.0.0.1:{jupyter}/x",
    "prefixed in full": b"http://127.0.0.1:{jupyter}/user/ann/named/x",
    "prefixed": b"/user/ann/named/x",
    "prefix of another": b"/user/ann/other/x",
    "like the prefix": b"/user/ann/namedx",
    "other scheme": b"mailto:somebody@example.com",
    "unicode": "/å".encode(),
    "encoded": b"/a%20b%2Fc?d=%26",
    "space": b"/a b",
    "dots": b"/a/../b",
    "double slash": b"/a//b",
    "backslash": b"/\\x",
}

COOKIES = {
    "plain": b"a=1",
    "path root": b"a=1; Path=/",
    "path": b"a=1; Path=/x",
    "path prefixed": b"a=1; Path=/user/ann/named/",
    "path outside": b"a=1; Path=/user/ann",
    "attributes": b"a=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT; Secure; HttpOnly; SameSite=Lax",
    "domain own": b"a=1; Domain=127.0.0.1",
    "domain foreign": b"a=1; Domain=other.example",
    "max-age": b"a=1; Max-Age=0; path=/x",
    "quoted": b'a="b c; d"',
    "login": b"{login}; Path=/",
    "xsrf": b"_xsrf=own; Path=/",
}

# Each is the whole answer; {body} stands for five bytes and their length.
FIELDS_OF_ANSWERS = {
    "none": b"",
    "content type": b"Content-Type: text/plain; charset=utf-8\r\n",
    "etag": b'ETag: "abc"\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n',
    "server and date": b"Server: app/1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nVia: 1.1 x\r\n",
    "cache": b"Cache-Control: no-store\r\nVary: Accept\r\nExpires: 0\r\nPragma: no-cache\r\n",
    "spelling": b"x-lower: 1\r\nX-UPPER: 2\r\nX_Under: 3\r\n",
    "repeated": b"X-Twice: 1\r\nX-Other: o\r\nX-Twice: 2\r\n",
    "empty value": b"X-Empty:\r\n",
    "no space": b"X-Tight:a\r\n",
    "latin-1": b"X-Latin: \xe5\r\n",
    "utf-8": "X-Utf: å\r\n".encode(),
    "folded": b"X-Folded: a\r\n b\r\n",
    "policy": b"Content-Security-Policy: frame-ancestors 'none'\r\nX-Frame-Options: DENY\r\n",
    "cors": b"Access-Control-Allow-Origin: *\r\nTiming-Allow-Origin: *\r\n",
    "authenticate": b'WWW-Authenticate: Basic realm="x"\r\n',
    "download": b'Content-Disposition: attachment; filename="x"\r\n',
    "language": b"Content-Language: sv\r\nAllow: GET\r\nAge: 5\r\nRetry-After: 1\r\n",
    "connection": b"Connection: close\r\n",
    "connection names": b"Connection: X-Named\r\nX-Named: gone\r\n",
    "hop-by-hop": b"Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\n",
    "trailer": b"Trailer: X-After\r\n",
    "clear site data": b'Clear-Site-Data: "cookies"\r\n',
    "strict transport": b"Strict-Transport-Security: max-age=1\r\n",
    "alternative": b'Alt-Svc: h3=":443"\r\nReport-To: {}\r\nNEL: {}\r\n',
    "worker": b"Service-Worker-Allowed: /\r\n",
    "worker below": b"Service-Worker-Allowed: /scope/\r\n",
    "accel": b"X-Accel-Redirect: /secret\r\nX-Accel-Buffering: yes\r\n",
    "sendfile": b"X-Sendfile: /etc/hostname\r\n",
    "content location": b"Content-Location: /x\r\n",
    "refresh": b"Refresh: 5; url=/x\r\n",
    "link": b"Link: </style.css>; rel=preload, <https://other.example/>; rel=next\r\n",
    "range": b"Content-Range: bytes 0-4/10\r\nAccept-Ranges: bytes\r\n",
    "many": b"".join(b"X-Many-%d: %d\r\n" % (number, number) for number in range(90)),
    "large": b"X-Large: " + b"v" * 30000 + b"\r\n",
    "location": b"Location: /x\r\n",
    "stream": b"Content-Type: text/event-stream\r\nCache-Control: no-cache\r\n",
}

HEAD = b"HTTP/1.1 200 OK\r\n"
ZIPPED = gzip.compress(b"hello " * 10, mtime=0)
LARGE = b"0123456789abcdef" * 65536
FRAMINGS = {
    "nothing": Answer(HEAD + b"Content-Length: 0\r\n\r\n"),
    "gzip": Answer(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
                   % (len(ZIPPED), ZIPPED)),
    "large": Answer(HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(LARGE), LARGE)),
    "chunked": Answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
    "chunked empty": Answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "trailers": Answer(HEAD + b"Transfer-Encoding: chunked\r\nTrailer: X-After\r\n\r\n"
                       b"2\r\nhe\r\n0\r\nX-After: 1\r\n\r\n"),
    "until close": Answer(HEAD + b"\r\nhello", then="close"),
    "until close, typed": Answer(HEAD + b"Content-Type: text/html\r\n\r\nhello", then="close"),
    "http/1.0": Answer(b"HTTP/1.0 200 OK\r\n\r\nhello", then="close"),
    "http/1.0 length": Answer(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", then="close"),
    "no reason": Answer(b"HTTP/1.1 200 \r\nContent-Length: 5\r\n\r\nhello"),
    "long reason": Answer(b"HTTP/1.1 200 All is quite well\r\nContent-Length: 5\r\n\r\nhello"),
    "continue first": Answer(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD
                             + b"Content-Length: 5\r\n\r\nhello"),
    "hints first": Answer(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD
                          + b"Content-Length: 5\r\n\r\nhello"),
    "events": Answer(HEAD + b"Content-Type: text/event-stream\r\n\r\ndata: 1\n\ndata: 2\n\n",
                     then="close"),
    "events chunked": Answer(HEAD + b"Content-Type: text/event-stream\r\n"
                             b"Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n0\r\n\r\n"),
    "bare line feeds": Answer(b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"),
    "same length twice": Answer(HEAD + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "early end": Answer(HEAD + b"Content-Length: 50\r\n\r\nhello", then="close"),
    "early reset": Answer(HEAD + b"Content-Length: 50\r\n\r\nhello", then="reset"),
    "early end of chunks": Answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
                                  then="close"),
    "no answer": Answer(b"", then="close"),
    "reset": Answer(b"", then="reset"),
    "half a head": Answer(HEAD + b"Content-Le", then="close"),
    "nonsense": Answer(b"nonsense\r\n\r\n", then="close"),
    "bad chunk": Answer(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", then="close"),
    "bad length": Answer(HEAD + b"Content-Length: many\r\n\r\nhello", then="close"),
    "two lengths": Answer(HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                          then="close"),
}  # fmt: skip


def reply(
    status: int, fields: bytes = b"", body: bytes = b"hello", reason: bytes = b"A b"
) -> bytes:
    length = b"" if status in WITHOUT_BODY else b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 %d %b\r\n%b%b\r\n%b" % (status, reason, fields, length, body)


def answers() -> Iterator[Case]:
    for name in ("named", "port"):
        route = ROUTES[name]
        for status in STATUSES:
            yield Case(f"status {name} {status}", route, b"/x", answer=Answer(reply(status)))
        for status in WITHOUT_BODY:
            fields = b'ETag: "abc"\r\nX-Own: 1\r\n'
            answer = Answer(reply(status, fields, b""))
            yield Case(f"status {name} {status}", route, b"/x", answer=answer)
    for name in ("named", "absolute", "unix", "port"):
        for kind, fields in FIELDS_OF_ANSWERS.items():
            answer = Answer(reply(200, fields))
            yield Case(f"answer {name} {kind}", ROUTES[name], b"/x", answer=answer)
    yield from framings()
    yield from redirects()
    yield from cookies()


def framings() -> Iterator[Case]:
    for name in ("named", "port-absolute", "unix"):
        for kind, answer in FRAMINGS.items():
            yield Case(f"framing {name} {kind}", ROUTES[name], b"/x", answer=answer)
    stream = FIELDS["accept-stream"]
    for kind, answer in FRAMINGS.items():
        yield Case(f"framing stream {kind}", ROUTES["named"], b"/x", fields=stream, answer=answer)
    for kind in ("nothing", "large", "chunked", "gzip", "http/1.0 length"):
        data = FRAMINGS[kind].data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        answer = Answer(data, then=FRAMINGS[kind].then)
        yield Case(f"framing HEAD {kind}", ROUTES["named"], b"/x", "HEAD", answer=answer)
    for kind in ("none", "etag", "repeated", "spelling", "hop-by-hop", "location"):
        answer = Answer(reply(200, FIELDS_OF_ANSWERS[kind]))
        name = f"answer stream {kind}"
        yield Case(name, ROUTES["named"], b"/x", fields=stream, answer=answer)
    for fields in (FIELDS["if-none-match"], (("If-None-Match", "*"),)):
        yield Case(f"conditional {fields[0][1]}", ROUTES["named"], b"/x", fields=fields)


def redirects() -> Iterator[Case]:
    for name in ("named", "absolute", "unix", "port", "port-absolute", "address", "host"):
        for kind, location in LOCATIONS.items():
            answer = Answer(reply(302, b"Location: %b\r\n" % location, b"", b"Found"))
            yield Case(f"location {name} {kind}", ROUTES[name], b"/a/b", answer=answer)
    for status in (*REDIRECTS, 200, 201, 300, 304):
        answer = Answer(reply(status, b"Location: /x\r\n", b""))
        yield Case(f"location status {status}", ROUTES["named"], b"/a/b", answer=answer)
    for kind in ("path", "own address", "relative"):
        answer = Answer(reply(302, b"location: %b\r\n" % LOCATIONS[kind], b"", b"Found"))
        yield Case(f"location in small letters {kind}", ROUTES["named"], b"/a", answer=answer)
        for method in ("POST", "HEAD"):
            name = f"location {method} {kind}"
            yield Case(name, ROUTES["named"], b"/a", method, body=b"", answer=answer)


def cookies() -> Iterator[Case]:
    for name in ("named", "absolute", "port"):
        for kind, cookie in COOKIES.items():
            answer = Answer(reply(200, b"Set-Cookie: %b\r\n" % cookie))
            yield Case(f"cookie {name} {kind}", ROUTES[name], b"/x", answer=answer)
    several = b"Set-Cookie: a=1\r\nX-Between: 1\r\nset-cookie: b=2; Path=/\r\nSet-Cookie: c=3\r\n"
    for accept in ("accept", "accept-stream"):
        name = f"cookie several {accept}"
        answer = Answer(reply(200, several))
        yield Case(name, ROUTES["named"], b"/x", fields=FIELDS[accept], answer=answer)
