"""The file of services that were added while Jupyter ran and are to be there again.

It is one of the folder from which Jupyter's own configuration comes, in a form that people can
read and change. It blocks on the disk, for the few milliseconds that a small file takes.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_dir

from ..errors import NotSaved

FOLDER, FILE = "jupyter_server_config.d", "jupyter_server_proxy_services.json"


def saved_file() -> Path:
    """Where the file is."""
    return Path(jupyter_config_dir()) / FOLDER / FILE


class Saved:
    """The services in the file `path`, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any]:
        """All of them; none where there is no file. Raises ValueError, naming the file, when
        it is not what it should be."""
        servers = self._whole().get("ServerProxy", {})
        servers = servers.get("servers", {}) if isinstance(servers, dict) else None
        if not isinstance(servers, dict):
            raise ValueError(f'{self.path}: "ServerProxy" must be {{"servers": {{...}}}}')
        return servers

    def put(self, name: str, settings: Mapping[str, Any]) -> None:
        """Save one. Raises NotSaved."""
        with self._explained():
            servers = {**self.read(), name: dict(settings)}
            self._write(servers)

    def remove(self, name: str) -> None:
        """Forget one, if it is there. Raises NotSaved."""
        with self._explained():
            servers = self.read()
            if servers.pop(name, None) is not None:
                self._write(servers)

    def _whole(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise ValueError(f"{self.path}: {error.strerror}") from error
        except ValueError as error:
            raise ValueError(f"{self.path} is no JSON: {error}") from error
        if not isinstance(content, dict):
            raise ValueError(f"{self.path}: must hold a JSON object")
        return content

    def _write(self, servers: Mapping[str, Any]) -> None:
        whole = self._whole()
        whole["ServerProxy"] = {**whole.get("ServerProxy", {}), "servers": servers}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Only for the person's own eyes: environments hold secrets.
        handle, draft = tempfile.mkstemp(dir=self.path.parent, prefix=".services-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(whole, file, indent=2, ensure_ascii=False)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(draft)
            raise

    @contextlib.contextmanager
    def _explained(self) -> Any:
        try:
            yield
        except OSError as error:
            raise NotSaved(f"{self.path}: {error.strerror or error}") from error
        except ValueError as error:
            raise NotSaved(str(error)) from error
