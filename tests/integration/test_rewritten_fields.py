"""An answer that was rewritten has the backend's fields, and none that the proxy has invented."""

from __future__ import annotations

from _harness.client import fetch

JUPYTER_CONFIG = """
def shout(response):
    response.body = response.body.upper()

c.ServerProxy.non_service_rewrite_response = shout
"""


async def test_no_field_is_invented(jupyter, backend):
    backend.answer_with(b"HTTP/1.1 200 OK\r\nX-Kept: 1\r\nContent-Length: 3\r\n\r\nabc")
    response = await fetch(jupyter, f"{backend.path}/")
    assert sorted(response.names) == ["Content-Length", "X-Kept"]
    assert response.body == b"ABC"


async def test_whether_it_has_changed_is_for_the_backend_to_say(jupyter, backend):
    backend.answer_with(b'HTTP/1.1 200 OK\r\nEtag: "x"\r\nContent-Length: 3\r\n\r\nabc')
    response = await fetch(jupyter, f"{backend.path}/", fields=[("If-None-Match", '"x"')])
    assert (response.status, response.get("Etag"), response.body) == (200, b'"x"', b"ABC")
