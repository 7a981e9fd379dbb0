"""Names that other packages import from here."""

from __future__ import annotations

from .handlers.raw import RawSocketHandler, SuperviseAndRawSocketHandler

__all__ = ["RawSocketHandler", "SuperviseAndRawSocketHandler"]
