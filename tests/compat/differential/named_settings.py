"""What is meant to differ in what is accepted as a setting."""

from __future__ import annotations

from .corpus_settings import SettingsCase
from .named import named
from .record import Record

# No request of such a service could ever be answered; each is now told when Jupyter starts.
NEVER_WORKED = (
    "{'port': 1, 'unix_socket': True}",
    "'command': lambda nonsense: ['x']}",
    "'mappath': lambda port: ['x']}",
    "'mappath': lambda port, unix_socket, base_url: ['x']}",
    "'mappath': lambda port, base_url='/': ['x']}",
    "'mappath': Configuration().command}",
    "'mappath': Configuration()}",
    "'mappath': functools.partial(lambda port, more: ['x'], more=1)}",
    "'mappath': lambda *, port: ['x']}",
    "'mappath': lambda nonsense: ['x']}",
    "'request_headers_override': lambda nonsense: ['x']}",
    "'rewrite_response': lambda port, unix_socket, base_url: ['x']}",
    "'rewrite_response': lambda nonsense: ['x']}",
    "'update_last_activity': lambda: ['x']}",
    "'update_last_activity': lambda port, unix_socket, base_url: ['x']}",
    "'update_last_activity': lambda *, port: ['x']}",
    "{'command': ['x'], 'timeout': 0}",
    "{'command': ['x'], 'timeout': -1}",
    "{'command': ['x', '{nonsense}']}",
    "{'command': ['x', '{']}",
    "{'command': ['x', '{0}']}",
    "{'port': -1}",
    "{'port': 65536}",
    "'rewrite_response': (len, print)}",
    "'request_headers_override': {'X-Braces': '{nonsense}'}}",
)
NAMES_THAT_ARE_NO_TEXT = ("'environment': {1: 'a'}}", "'request_headers_override': {1: 'a'}}")
ENTRY = [
    "launcher_entry.enabled = True",
    "launcher_entry.icon_path = ''",
    "launcher_entry.title = 'x'",
    "launcher_entry.path_info = 'x/'",
    "launcher_entry.category = 'Notebook'",
]


@named("What could never work is an error at the start", SettingsCase)
def never_worked(case: SettingsCase, record: Record) -> None:
    if case.expression.endswith(NEVER_WORKED) and "has a route" in record.facts:
        record.facts.remove("has a route")
        record.facts += ["has no route", "warns"]
    if case.expression.endswith(NAMES_THAT_ARE_NO_TEXT):
        record.facts = ["rejected"]
    if case.expression.endswith("'exclude_last_activity_patterns': ['(']}"):
        shown = """exclude_last_activity_patterns = ["'('"]"""
        record.facts = ["accepted", "port = 1", shown, *ENTRY, "has no route", "warns"]


@named("Templates are names in braces", SettingsCase)
def templates(case: SettingsCase, record: Record) -> None:
    if case.expression.endswith("'{port:5}', '{port!r}']}"):
        record.facts = [fact for fact in record.facts if fact != "has a route"]
        record.facts += ["has no route", "warns"]


@named("Variables are taken away by None", SettingsCase)
def taken_away(case: SettingsCase, record: Record) -> None:
    if case.expression.endswith("'environment': {'a': None}}"):
        told = "environment = {'a': None}"
        record.facts = ["accepted", "port = 1", told, *ENTRY, "has a route"]


@named("A key that is not known is a warning", SettingsCase)
def unknown_key(case: SettingsCase, record: Record) -> None:
    if case.expression.endswith("'launcher_entry': {1: 'a'}}"):
        told = "launcher_entry = a launcher entry"
        record.facts = ["accepted", "port = 1", told, *ENTRY, "has a route", "warns"]


@named("One bad service does not stop the others", SettingsCase)
def others_work(case: SettingsCase, record: Record) -> None:
    if case.kind == "proxy" and "'servers': {'a'" in case.expression and "rejected" in record.facts:
        good = ["server a: a"] if "'b':" in case.expression else []
        record.facts = ["accepted", *good, "warns"]
    if case.expression == "{'servers': {1: {'port': 1}}}":
        record.facts = ["accepted", "server 1: 1"]


@named("Names that need quoting", SettingsCase)
def quoted_names(case: SettingsCase, record: Record) -> None:
    quoted = {"'a b/'": "'a%20b/'", "'å/'": "'%C3%A5/'"}
    record.facts = [_replaced(fact, quoted) for fact in record.facts]


def _replaced(fact: str, words: dict[str, str]) -> str:
    key, mark, value = fact.partition("path_info = ")
    return key + mark + words.get(value, value)
