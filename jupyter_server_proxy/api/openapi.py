"""`GET api/openapi.json`: the description of this API (OpenAPI 3.1), in `openapi.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jupyter_server.utils import url_path_join

from .view import ApiView

_FILE = Path(__file__).with_name("openapi.json")


class OpenApiView(ApiView):
    """The document, with the address of this server in it."""

    def get(self) -> None:
        """Answer it."""
        url = url_path_join(self.api.addresses.base_url, "server-proxy/api")
        self.answer({**document(), "servers": [{"url": url}]})

    head = get


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The description, without any address."""
    described: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return described
