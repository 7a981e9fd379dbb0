"""The groups of cases, by name."""

from __future__ import annotations

from contextlib import nullcontext

from .corpus_answers import answers
from .corpus_credentials import credentials
from .corpus_info import infos
from .corpus_options import options, plain_http, raws
from .corpus_processes import processes
from .corpus_requests import requests
from .corpus_services import services
from .corpus_websockets import websockets
from .exchange import exchange
from .info_run import info
from .processes_run import start
from .raw_run import raw
from .run import Group
from .websockets_run import websocket

# Compared with `forward_credentials`, so that who gets which secret does not hide the rest.
FORWARDING = {
    "requests": Group(requests, exchange),
    "answers": Group(answers, exchange),
    "services": Group(services, exchange),
    "websockets": Group(websockets, websocket, nullcontext),
    "processes": Group(processes, start, nullcontext, at_once=4),
    "lists": Group(infos, info, nullcontext),
    "streams": Group(raws, raw),
    "plain HTTP": Group(plain_http, exchange),
}
# Compared with the options of the extension that are not for single services.
OPTIONS = {"options": Group(options, exchange)}
# Compared with this package as it is by default.
DEFAULT = {"credentials": Group(credentials, exchange)}
