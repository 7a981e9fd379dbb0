"""Draws growth as SVG: a log-log panel per series and the line of linear growth. No I/O here."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .measure_growth import SERIES, Series
from .peers import JUPYTERS, TITLES
from .report import Results

_WIDTH, _HEIGHT, _MARGIN = 360, 260, 52
_COLOURS = {"new": "#0b6e99", "released": "#d1711a"}
Points = Sequence[tuple[float, float]]


def growth_svg(results: Results) -> str:
    """A picture of all series; panels without a measurement stay empty."""
    columns = 2
    rows = math.ceil(len(SERIES) / columns)
    panels = "".join(
        f'<g transform="translate({_WIDTH * (at % columns)},{_HEIGHT * (at // columns)})">'
        f"{_panel(results, series)}</g>"
        for at, series in enumerate(SERIES)
    )
    size = f'width="{_WIDTH * columns}" height="{_HEIGHT * rows}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">'
        f'<rect width="100%" height="100%" fill="white"/>{panels}</svg>\n'
    )


def _panel(results: Results, series: Series) -> str:
    curves = {peer: _points(results, series, peer) for peer in JUPYTERS}
    everything = [point for curve in curves.values() for point in curve]
    title = f'<text x="{_WIDTH / 2}" y="18" text-anchor="middle">{series.title}</text>'
    if not everything:
        return title
    low = min(y for _, y in everything)
    high = max(y for _, y in everything)
    scale = _Scale(series.sizes[0], series.sizes[-1], low / 1.5, high * 1.5)
    return (
        title
        + _axes(series, scale)
        + "".join(_curve(scale, peer, points) for peer, points in curves.items() if points)
    )


def _points(results: Results, series: Series, peer: str) -> Points:
    case = f"grow-{series.key}"
    found = [(size, results.median(case, peer, f"{case}-{size}")) for size in series.sizes]
    return [(size, max(cost, 1e-3)) for size, cost in found if cost is not None]


class _Scale:
    """Logarithmic on both axes, from values to pixels of one panel."""

    def __init__(self, left: float, right: float, bottom: float, top: float) -> None:
        self._x = (math.log10(left), math.log10(right))
        self._y = (math.log10(bottom), math.log10(top))

    def at(self, x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - self._x[0]) / (self._x[1] - self._x[0])
        up = (math.log10(y) - self._y[0]) / (self._y[1] - self._y[0])
        return (
            _MARGIN + across * (_WIDTH - 2 * _MARGIN),
            _HEIGHT - _MARGIN - up * (_HEIGHT - 2 * _MARGIN),
        )

    def bottom(self) -> float:
        return float(10 ** self._y[0])


def _axes(series: Series, scale: _Scale) -> str:
    left, right = _MARGIN, _WIDTH - _MARGIN
    top, bottom = _MARGIN, _HEIGHT - _MARGIN
    frame = (
        f'<path d="M{left},{top} V{bottom} H{right}" fill="none" stroke="#888"/>'
        f'<text x="{left}" y="{top - 8}">{series.unit}</text>'
    )
    return frame + "".join(
        f'<text x="{scale.at(size, scale.bottom())[0]:.1f}" y="{bottom + 16}" '
        f'text-anchor="middle">{size}</text>'
        for size in series.sizes
    )


def _curve(scale: _Scale, peer: str, points: Points) -> str:
    colour = _COLOURS[peer]
    path = _line([scale.at(x, y) for x, y in points])
    (x0, y0), (x1, y1) = points[0], points[-1]
    # Where the last point would be if cost had grown just like size.
    linear = [scale.at(x0, y0), scale.at(x1, y0 * x1 / x0)]
    labels = "".join(_label(scale.at(x, y), y, colour) for x, y in points)
    end = scale.at(x1, y1)
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f"{_inside(linear, colour)}{labels}"
        f'<text x="{end[0] + 6:.1f}" y="{end[1] + 4:.1f}" fill="{colour}">{TITLES[peer]}</text>'
    )


def _inside(points: Points, colour: str) -> str:
    """A dotted line, cut at the frame."""
    width, height = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    return (
        f'<svg x="{_MARGIN}" y="{_MARGIN}" width="{width}" height="{height}" '
        f'viewBox="{_MARGIN} {_MARGIN} {width} {height}"><path d="{_line(points)}" '
        f'stroke="{colour}" stroke-dasharray="3 4" opacity="0.6"/></svg>'
    )


def _label(at: tuple[float, float], value: float, colour: str) -> str:
    x, y = at
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
        f'<text x="{x:.1f}" y="{y - 7:.1f}" text-anchor="middle" fill="{colour}">'
        f"{_short(value)}</text>"
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _line(points: Points) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
