"""`python -m jupyter_server_proxy.standalone`."""

from __future__ import annotations

from . import main

main()
