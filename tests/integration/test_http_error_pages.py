"""Errors of the proxy itself: a page for people, a problem document for programs."""

from __future__ import annotations

import json

import pytest
from _harness.backend import listening
from _harness.client import connected, fetch

FOR_PEOPLE = [
    [],
    [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"), ("Sec-Fetch-Mode", "navigate")],
    [("Accept", "text/html")],
]
FOR_PROGRAMS = [
    [("Accept", "application/json")],
    [("Accept", "*/*")],
    [("Accept", "*/*"), ("Sec-Fetch-Mode", "cors")],
    [("Accept", "application/problem+json")],
]


@pytest.fixture
async def dead_path():
    async with listening() as backend:
        pass
    return backend.path


@pytest.mark.parametrize("fields", FOR_PEOPLE)
async def test_people_get_a_page(jupyter, dead_path, fields):
    response = await fetch(jupyter, f"{dead_path}/", fields=fields)
    assert response.status == 502
    assert (response.get("Content-Type") or b"").startswith(b"text/html")
    assert response.body.startswith(b"<!DOCTYPE html>")
    assert b"Nothing can be reached" in response.body


@pytest.mark.parametrize("fields", FOR_PROGRAMS)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_programs_get_a_problem_document(jupyter, dead_path, fields, method):
    response = await fetch(jupyter, f"{dead_path}/", fields=fields, method=method, body=b"")
    assert response.status == 502
    assert response.get("Content-Type") == b"application/problem+json"
    problem = json.loads(response.body)
    assert problem["status"] == 502
    assert problem["title"]
    assert "Nothing can be reached" in problem["detail"]


@pytest.mark.parametrize("fields", [FOR_PEOPLE[1], FOR_PROGRAMS[0]])
async def test_errors_are_not_kept_nor_sniffed(jupyter, dead_path, fields):
    response = await fetch(jupyter, f"{dead_path}/", fields=fields)
    assert response.get("Cache-Control") == b"no-store"
    assert response.get("X-Content-Type-Options") == b"nosniff"
    assert b"default-src 'none'" in (response.get("Content-Security-Policy") or b"")


async def test_head_gets_the_status_alone(jupyter, dead_path):
    response = await fetch(jupyter, f"{dead_path}/", method="HEAD")
    assert (response.status, response.body) == (502, b"")


async def test_a_path_in_a_page_is_text(jupyter, dead_path):
    path = f"{dead_path}/<script>alert(1)</script>&amp;?<script>alert(2)</script>"
    response = await fetch(jupyter, path)
    assert response.status == 502
    assert b"<script" not in response.body.replace(b"<script>/*", b"")


async def test_a_host_in_a_page_is_text(jupyter):
    response = await fetch(jupyter, "/proxy/<script>alert(1)<%2Fscript>:80/")
    assert response.status in (403, 404)
    assert b"<script>alert" not in response.body


async def test_an_error_ends_no_connection(jupyter, dead_path):
    async with connected(jupyter) as client:
        for _ in range(3):
            await client.ask("GET", f"{dead_path}/")
            assert (await client.response()).status == 502
