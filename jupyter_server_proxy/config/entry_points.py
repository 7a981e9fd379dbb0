"""The functions by which installed packages offer services: finding and calling them.

They are other people's code, and so is what lists them: nothing here may rely on either. What
is done about one that fails is decided elsewhere.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points
from typing import Any

GROUP = "jupyter_serverproxy_servers"
# Jupyter does not answer before all of them have returned; a second each is already long.
LONG_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class OfferFunction:
    """One entry point, and the name of the distribution that it is from."""

    entry_point: EntryPoint
    package: str

    @property
    def name(self) -> str:
        """The service's, unless its settings say another."""
        return self.entry_point.name

    @property
    def target(self) -> str:
        """What is called, as the package writes it."""
        return self.entry_point.value

    def settings(self, log: logging.Logger) -> dict[Any, Any]:
        """What it returns. Raises TypeError when that is no dictionary, and whatever it raises."""
        start = time.perf_counter()
        try:
            settings = self.entry_point.load()()
        finally:
            self._report_long(time.perf_counter() - start, log)
        if not isinstance(settings, Mapping):
            raise TypeError(f"it must return a dictionary, not {type(settings).__name__}")
        return dict(settings)

    def _report_long(self, seconds: float, log: logging.Logger) -> None:
        if seconds > LONG_SECONDS:
            log.warning(
                "service %r of package %s: entry point: %s took %.1f s, by which Jupyter started "
                "later",
                self.name, self.package, self.target, seconds,
            )  # fmt: skip


def offer_functions(log: logging.Logger) -> list[OfferFunction]:
    """Those of all installed packages. One whose metadata cannot be read is logged."""
    try:
        found = list(entry_points(group=GROUP))
    except Exception as error:
        log.warning("the metadata of an installed package cannot be read: %s", error)
        found = [point for distribution in distributions() for point in _readable(distribution)]
    return [OfferFunction(entry_point, _package_of(entry_point)) for entry_point in found]


def _readable(distribution: Distribution) -> list[EntryPoint]:
    """Its entry points, none when it is damaged. (An older copy of it further down the import
    path is not told apart; what it offers as well is named twice in the log.)"""
    try:
        return list(distribution.entry_points.select(group=GROUP))
    except Exception:
        return []


def _package_of(entry_point: EntryPoint) -> str:
    distribution: Distribution | None = entry_point.dist
    try:
        name = distribution.metadata["Name"] if distribution is not None else None
    except Exception:
        name = None
    return name or "an unknown package"
