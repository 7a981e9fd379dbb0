"""Settings of services and of the extension, right and wrong ones, as Python expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CALLABLES = (
    "lambda: ['x']", "lambda port: ['x']", "lambda port, unix_socket, base_url: ['x']",
    "lambda port, base_url='/': ['x']", "Configuration().command", "Configuration()",
    "functools.partial(lambda port, more: ['x'], more=1)", "lambda *arguments: ['x']",
    "lambda *, port: ['x']", "lambda nonsense: ['x']", "lambda nonsense=1: ['x']", "print",
)  # fmt: skip
ODD = ("None", "True", "0", "1.5", "''", "'text'", "b'bytes'", "[]", "['a']", "[1]", "[None]",
       "()", "('a',)", "{}", "{'a': 'b'}", "{'a': 1}", "{'a': None}", "{1: 'a'}", "object()",
       "pathlib.Path('/x')", "{'a'}", "re.compile('a')")  # fmt: skip
KEYS = (
    "command", "environment", "timeout", "absolute_url", "port", "unix_socket", "mappath",
    "launcher_entry", "new_browser_tab", "request_headers_override", "rewrite_response",
    "update_last_activity", "exclude_last_activity_patterns", "raw_socket_proxy", "name",
)  # fmt: skip
CALLED = ("command", "environment", "mappath", "request_headers_override", "rewrite_response",
          "update_last_activity")  # fmt: skip
MORE = (
    "{'command': ['x', '{port}', '{unix_socket}', '{base_url}', '{{braces}}']}",
    "{'command': ['x'], 'timeout': 0}", "{'command': ['x'], 'timeout': -1}",
    "{'command': ['x', '{nonsense}']}", "{'command': ['x', '{']}", "{'command': ['x', '{0}']}",
    "{'command': ['x', '{port:5}', '{port!r}']}", "{'command': ['x'], 'port': 8888}",
    "{'command': ['x'], 'unix_socket': True}", "{'unix_socket': True}", "{'unix_socket': '/s'}",
    "{'command': ['x'], 'unix_socket': '/s', 'port': 1}", "{'port': -1}", "{'port': 65536}",
    "{'port': 1, 'timeout': -1}", "{'port': 1, 'timeout': 0}", "{'port': 1, 'timeout': 5000}",
    "{'port': 1, 'timeout': float('inf')}", "{'port': 1, 'environment': {'A': '{port}'}}",
    "{'port': 1, 'environment': {'A': '{nonsense}'}}", "{'port': 1, 'environment': {'{port}': ''}}",
    "{'port': 1, 'path_info': 'x'}", "{'port': 1, 'new_browser_window': True}",
    "{'port': 1, 'url': 'x', 'progressive': True}", "{'port': 1, 'commnad': []}",
    "{'port': 1, 'parent': None}", "{'port': 1, 'launcher_entry': {'timeout': 5}}",
    "{'port': 1, 'launcher_entry': {'enabled': 'true'}}",
    "{'port': 1, 'launcher_entry': {'enabled': False}}",
    "{'port': 1, 'launcher_entry': {'enabled': 1}}",
    "{'port': 1, 'launcher_entry': {'title': None}}",
    "{'port': 1, 'launcher_entry': {'title': ''}}", "{'port': 1, 'launcher_entry': {'title': 'T'}}",
    "{'port': 1, 'launcher_entry': {'icon_path': None}}",
    "{'port': 1, 'launcher_entry': {'icon_path': '/x.svg'}}",
    "{'port': 1, 'launcher_entry': {'icon_path': pathlib.Path('/x.svg')}}",
    "{'port': 1, 'launcher_entry': {'icon_path': 'No icon'}}",
    "{'port': 1, 'launcher_entry': {'path_info': 'x/?tkn=1'}}",
    "{'port': 1, 'launcher_entry': {'path_info': ''}}",
    "{'port': 1, 'launcher_entry': {'path_info': None}}",
    "{'port': 1, 'launcher_entry': {'category': 'Other'}}",
    "{'port': 1, 'launcher_entry': {'category': ''}}", "{'port': 1, 'mappath': {'/a': '/b'}}",
    "{'port': 1, 'exclude_last_activity_patterns': ['a', re.compile('b')]}",
    "{'port': 1, 'exclude_last_activity_patterns': ['(']}", "{'port': 1, 'name': 'a b'}",
    "{'port': 1, 'name': 'a/b'}", "{'port': 1, 'name': 'a.b'}", "{'port': 1, 'name': 'å'}",
    "{'port': 1, 'name': 'a(b'}", "{'port': 1, 'name': 'a+b'}", "{}",
    "{'port': 1, 'rewrite_response': (len, print)}",
    "{'port': 1, 'request_headers_override': {'Host': '127.0.0.1:{port}'}}",
    "{'port': 1, 'request_headers_override': {'X-Braces': '{nonsense}'}}",
    "{'port': 1, 'raw_socket_proxy': True}", "{'command': ['x'], 'raw_socket_proxy': True}",
)  # fmt: skip
PROXIES = (
    "{}", "{'servers': {}}", "{'servers': {'a': {'port': 1}}}",
    "{'servers': {'a': {'port': 1, 'name': 'b'}}}", "{'servers': {'a': {}}}",
    "{'servers': {'a': {'port': '1'}}}", "{'servers': {'a': None}}", "{'servers': {'a': []}}",
    "{'servers': {'a': {'port': 1}, 'b': {'command': 'one string'}}}", "{'servers': []}",
    "{'servers': {'a': {'port': 1, 'nonsense': 2}}}", "{'servers': {1: {'port': 1}}}",
    "{'servers': {'a': {'port': 1, 'launcher_entry': None}}}",
    "{'host_allowlist': ['a']}", "{'host_allowlist': []}", "{'host_allowlist': lambda h, n: True}",
    "{'host_allowlist': 'a'}", "{'host_allowlist': None}", "{'host_allowlist': ('a',)}",
    "{'host_whitelist': ['a']}", "{'host_whitelist': lambda handler, host: True}",
    "{'host_whitelist': ['localhost', '127.0.0.1']}",
    "{'host_whitelist': ['a'], 'host_allowlist': ['a']}",
    "{'non_service_rewrite_response': len}", "{'non_service_rewrite_response': [len]}",
    "{'non_service_rewrite_response': (len,)}", "{'non_service_rewrite_response': None}",
    "{'nonsense': 1}",
)  # fmt: skip


@dataclass(frozen=True)
class SettingsCase:
    """`expression` is a dictionary of settings; `kind` what they are of."""

    name: str
    kind: str
    expression: str


def settings() -> Iterator[SettingsCase]:
    for key in KEYS:
        for value in ODD:
            # So that there is an address, and only this key makes the difference.
            more = "" if key in ("port", "command") else "'port': 1, "
            yield _process(f"{{{more}{key!r}: {value}}}")
    for key in CALLED:
        for value in CALLABLES:
            yield _process(f"{{'port': 1, {key!r}: {value}}}")
    for expression in MORE:
        yield _process(expression)
    for expression in PROXIES:
        yield SettingsCase(f"extension {expression}", "proxy", expression)


def _process(expression: str) -> SettingsCase:
    return SettingsCase(f"service {expression}", "process", expression)
