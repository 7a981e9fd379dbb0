"""What is meant to differ about children, and about what is told of services."""

from __future__ import annotations

from . import promise
from .info_run import InfoCase
from .named import named
from .processes_run import ChildCase
from .record import Record
from .sides import APP, PACKAGES

FORWARDING = (
    "field X-Forwarded-For: 127.0.0.1",
    "field X-Forwarded-Host: 127.0.0.1:JUPYTER",
    "field X-Forwarded-Port: JUPYTER",
    "field X-Forwarded-Proto: http",
)
ENVIRONMENT = (
    f"environment APP={APP}",
    "environment HOME=FOLDER",
    "environment IPYTHONDIR=FOLDER/ipython",
    "environment JUPYTER_CONFIG_DIR=FOLDER/config",
    "environment JUPYTER_DATA_DIR=FOLDER/data",
    "environment JUPYTER_PREFER_ENV_PATH=0",
    "environment JUPYTER_RUNTIME_DIR=FOLDER/runtime",
    f"environment PYTHONPATH={PACKAGES}",
    "environment PYTHONWARNINGS=ignore",
)
PREFIX_FIELDS = ("X-Forwarded-Context", "X-Forwarded-Prefix", "X-Proxycontextpath")


@named("Any callable will do", ChildCase)
def partial(case: ChildCase, record: Record) -> None:
    if case.service == "child-partial" and record.page:
        prefix = "/user/ann/child-partial"
        record.status, record.reason, record.page = 200, "OK", ""
        record.facts = [
            'argv ["--port", "CHILD", "/partial/"]',
            "cwd FOLDER/work",
            *ENVIRONMENT,
            "line GET /a%20b?c=d HTTP/1.1",
            "field Cookie: username=LOGIN",
            "field Host: 127.0.0.1:JUPYTER",
            "field User-Agent: a-client",
            *(f"field {name}: {prefix}" for name in PREFIX_FIELDS),
        ]


@named("Statuses of the proxy itself", ChildCase)
def failed(case: ChildCase, record: Record) -> None:
    if record.status == 500:
        record.status, record.reason = 503, "Service Unavailable"
        record.fields = [("Retry-After", "1")]


@named("What a client claims", ChildCase)
def claims(case: ChildCase, record: Record) -> None:
    if record.facts:
        record.facts = _with(record.facts, FORWARDING)


@named("Connections to the backend are kept", ChildCase)
def kept_connections(case: ChildCase, record: Record) -> None:
    record.facts = [fact for fact in record.facts if fact != "field Connection: close"]


@named("Children carry a mark", ChildCase)
def mark(case: ChildCase, record: Record) -> None:
    if record.facts:
        record.facts = _with(record.facts, ("environment JUPYTER_SERVER_PROXY_CHILD=MARK",))


def _with(facts: list[str], more: tuple[str, ...]) -> list[str]:
    return sorted([*facts, *more], key=str.lower)


@named("The gate", InfoCase)
def icons_need_login(case: InfoCase, record: Record) -> None:
    if case.is_anonymous and b"/icon/" in case.path:
        name = case.path.decode().removeprefix("/icon/").replace("%", "%25")
        next_page = f"/user/ann/server-proxy/icon/{name}".replace("/", "%2F")
        location = ("Location", f"/user/ann/login?next={next_page}")
        promise.take(record, Record([], 302, "Found", [location], page="text/html"))


@named("Icons that are missing", InfoCase)
def missing_icons(case: InfoCase, record: Record) -> None:
    if record.status == 500 and case.name in ("icon look-missing", "icon look-no-icon"):
        record.status, record.reason = 404, "Not Found"


@named("Every service is listed once, those that can work", InfoCase)
def listed_once(case: InfoCase, record: Record) -> None:
    left_out = ("nowhere: ", "rewrite-wants_more: ")
    shadowed = ('unix: launcher_entry.title = "From the package"',)
    listed = dict.fromkeys(record.facts)
    record.facts = [f for f in listed if not f.startswith(left_out) and f not in shadowed]


@named("A package may say the name", InfoCase)
def offered_name(case: InfoCase, record: Record) -> None:
    if record.facts and case.name == "list GET":
        name = "offered-under-another-name"
        entry = {
            "name": f'"{name}"',
            "launcher_entry.enabled": "true",
            "launcher_entry.title": f'"{name}"',
            "launcher_entry.path_info": f'"{name}/"',
            "launcher_entry.category": '"Notebook"',
            "new_browser_tab": "true",
        }
        more = [f"{name}: {key} = {value}" for key, value in entry.items()]
        record.facts = sorted([*record.facts, *more])
