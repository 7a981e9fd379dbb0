# ruff: noqa: F821, PLW0108
"""The services of every server that is compared; `start_jupyter` says what is defined here."""

import functools
import os
import re
from pathlib import Path

MAIN = PORTS["main"]
APP = os.environ["APP"]
os.environ["MAIN"] = str(MAIN)  # for the packages
SOCKET = FOLDER + "/app.sock"
TCP = [sys.executable, "-I", APP, "--port", "{port}"]
UNIX = [sys.executable, "-I", APP, "--unix", "{unix_socket}"]

c.ServerApp.allow_remote_access = True  # some requests are for other hosts
c.ServerProxy.servers = servers = {}


def service(name, **settings):
    servers[name] = settings


# --- addresses ---

service("named", port=MAIN)
service("absolute", port=MAIN, absolute_url=True)
service("unix", unix_socket=SOCKET)
service("unix-absolute", unix_socket=SOCKET, absolute_url=True)
service("dead", unix_socket=FOLDER + "/nobody.sock")
service("nowhere")
service("under_score", port=MAIN)
service("dotted.name", port=MAIN)

# --- mappath ---


def add_query(path):
    return path + "?from=mappath"


def elsewhere(path):
    return "/else where/å" + path


service("map-dict", port=MAIN, mappath={"/a": "/b", "/a b": "/c d", "/": "/index.html"})
service("map-call", port=MAIN, mappath=elsewhere)
service("map-lambda", port=MAIN, mappath=lambda path: path.replace("/x/", "/y/"))
service("map-query", port=MAIN, mappath=add_query)
service("map-relative", port=MAIN, mappath=lambda path: path.lstrip("/"))
service("map-absolute", port=MAIN, absolute_url=True, mappath={"/a": "/b"})

# --- request_headers_override ---


def from_port(port, base_url):
    return {"X-Port": f"{port}", "X-Base": base_url}


service(
    "headers",
    port=MAIN,
    request_headers_override={
        "Host": "127.0.0.1:{port}",
        "Origin": "http://127.0.0.1:{port}",
        "Authorization": "Basic bm9ib2R5",
        "X-Api-Key": "key",
        "x-lower-case": "{base_url}",
        "X-{port}": "in the name",
        "X-Braces": "{{}}",
    },
)
service("headers-prefix", port=MAIN, request_headers_override={"X-Forwarded-Prefix": ""})
service("headers-call", port=MAIN, request_headers_override=from_port)
service("headers-accept", port=MAIN, request_headers_override={"Accept": "text/event-stream"})
service("headers-agent", port=MAIN, request_headers_override={"user-agent": "overridden"})
service("headers-unix", unix_socket=SOCKET, request_headers_override={"Host": "{unix_socket}"})

# --- rewrite_response ---


def shout(response):
    response.body = response.body.upper()


def count_words(response):
    response.headers["X-Words"] = str(len(response.body.split()))


def teapot(response):
    response.code = 418


def own_reason(response):
    response.code, response.reason = 299, "Quite Fine"


def same_code_class(response):
    response.code = 201


def no_cookies(response):
    del response.headers["Set-Cookie"]


def many_headers(response):
    response.headers.add("X-Many", "1")
    response.headers.add("X-Many", "2")
    response.headers["X-All"] = ",".join(response.headers.get_list("Set-Cookie"))
    response.headers["X-Pairs"] = str(len(list(response.headers.get_all())))


def tell_arguments(response, request, host, port, path, orig_response):
    told = [request.method, request.path, request.query, host, port, path]
    told += [orig_response.code, orig_response.reason, orig_response.body]
    response.body = repr(told).encode()


def request_first(request, response):
    response.headers["X-Path"] = request.path


def see_location(response):
    response.headers["X-Location"] = response.headers.get("Location", "none")


def set_location(response):
    response.code = 302
    response.headers["Location"] = "/rewritten?x=1"


def empty(response):
    response.body = b""


def new_headers(response):
    response.headers = {"X-Only": "this"}


def fails(response):
    raise RuntimeError("no")


def wants_more(response, nonsense):
    pass


class Rewriter:
    @staticmethod
    def static(response):
        response.body += b" static"


for function in (
    shout, teapot, own_reason, same_code_class, no_cookies, many_headers, tell_arguments,
    request_first, see_location, set_location, empty, new_headers, fails, wants_more,
):  # fmt: skip
    service(f"rewrite-{function.__name__}", port=MAIN, rewrite_response=function)
service("rewrite-list", port=MAIN, rewrite_response=[shout, count_words])
service("rewrite-static", port=MAIN, rewrite_response=Rewriter.static)
service("rewrite-lambda", port=MAIN, rewrite_response=lambda response: shout(response))
service("rewrite-absolute", port=MAIN, rewrite_response=see_location, absolute_url=True)


def mark_ports(response, host, port, path):
    response.headers["X-From"] = f"{host} {port} {path}"


if os.environ.get("WITH_OPTIONS"):
    c.ServerProxy.non_service_rewrite_response = [mark_ports]

# --- host_allowlist ---

c.ServerProxy.host_allowlist = ["localhost", "127.0.0.1", "127.0.0.2"]
if os.environ.get("WITH_OPTIONS"):
    c.ServerProxy.host_allowlist = lambda handler, host: host.startswith("127.")

# --- activity ---

service("quiet", port=MAIN, update_last_activity=False)
service("asked", port=MAIN, update_last_activity=lambda handler: "busy" in handler.request.path)
service(
    "excluded",
    port=MAIN,
    exclude_last_activity_patterns=[r"/user/ann/excluded/poll", re.compile(r".*\.png$")],
)

# --- raw sockets ---

service("raw", port=MAIN, raw_socket_proxy=True)
service("raw-unix", unix_socket=SOCKET, raw_socket_proxy=True)

# --- children ---


def argv_port(port):
    return [sys.executable, "-I", APP, "--port", str(port)]


def argv_templates(port, unix_socket):
    return [*UNIX, repr(unix_socket.startswith("/")), str(port)]


def argv_default(port, base_url="/"):
    return [*TCP, base_url]


def environment_call(port, base_url):
    return {"TOLD_PORT": str(port), "TOLD_BASE": base_url, "TEMPLATE": "{port}"}


def nothing():
    return []


ENVIRONMENT = {"PLAIN": "text", "PORT": "{port}", "BASE": "{base_url}", "{port}": "in the name"}

service("child", command=TCP)
service("child-tuple", command=tuple(TCP))
service("child-words", command=[*TCP, "--url={base_url}/x:{port}", "{{doubled}}", "å b", ""])
service("child-unix", command=UNIX, unix_socket=True)
service("child-unix-path", command=UNIX, unix_socket=FOLDER + "/child.sock")
service("child-unix-words", command=[*UNIX, "{port}", "s={unix_socket}"], unix_socket=True)
service("child-no-port", command=[*TCP, "[{unix_socket}]"])
service("child-absolute", command=TCP, absolute_url=True)
service("child-call", command=argv_port)
service("child-call-templates", command=argv_templates, unix_socket=True)
service("child-call-default", command=argv_default)
service("child-lambda", command=lambda port: argv_port(port))
service("child-environment", command=TCP, environment=ENVIRONMENT)
service("child-environment-call", command=TCP, environment=environment_call)
service("child-environment-empty", command=TCP, environment={"EMPTY": "", "HOME": "/nowhere"})
service("child-int-timeout", command=TCP, timeout=30)
service("child-mapped", command=TCP, mappath={"/": "/mapped"}, timeout=30.5)
service("child-headers", command=TCP, request_headers_override={"X-Port": "{port}"})
service("child-unix-headers", command=UNIX, unix_socket=True,
        request_headers_override={"X-Socket": "{unix_socket}", "X-Port": "{port}"})  # fmt: skip
service("child-none", command=nothing, port=MAIN)
service("child-missing", command=["/nonexistent/program", "{port}"])
service("child-ends", command=[sys.executable, "-c", "import sys; sys.exit(3)"], timeout=4)
service("child-raises", command=lambda port: {}["nothing"])
service("child-partial", command=functools.partial(argv_default, base_url="/partial/"))
service("child-cwd", command=["sh", "-c", "cd / && exec " + " ".join(map(repr, TCP))])

# --- launchers ---

ICON = str(Path(APP).parent / "icon.svg")
service("look", port=MAIN, launcher_entry={"title": "Look", "icon_path": ICON})
service("look-path", port=MAIN, launcher_entry={"icon_path": Path(ICON)})
service("look-png", port=MAIN, launcher_entry={"icon_path": FOLDER + "/icon.png"})
service("look-gz", port=MAIN, launcher_entry={"icon_path": FOLDER + "/icon.svgz"})
service("look-missing", port=MAIN, launcher_entry={"icon_path": FOLDER + "/nothing.svg"})
service("look-no-icon", port=MAIN, launcher_entry={"icon_path": "No icon"})
service("look-off", port=MAIN, launcher_entry={"enabled": False, "icon_path": ICON})
service("look-empty", port=MAIN, launcher_entry={})
service("look-path-info", port=MAIN, launcher_entry={"path_info": "look/?tkn=1&b=2"})
service("look-path-info-bare", port=MAIN, launcher_entry={"path_info": "look"})
service("look-path-info-empty", port=MAIN, launcher_entry={"path_info": "", "title": ""})
service("look-category", port=MAIN, launcher_entry={"category": "Other", "title": "Ünï"})
service("look-in-lab", port=MAIN, new_browser_tab=False)
service("look-unknown", port=MAIN, launcher_entry={"timeout": 5})
service("unknown-keys", port=MAIN, path_info="x", new_browser_window=True, url="y")
Path(FOLDER, "icon.png").write_bytes(b"\x89PNG")
Path(FOLDER, "icon.svgz").write_bytes(b"\x1f\x8b")
