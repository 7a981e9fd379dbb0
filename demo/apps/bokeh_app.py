"""A Bokeh server application: the slider's value is worked on in Python."""

import math

from bokeh.layouts import column
from bokeh.models import ColumnDataSource, Div, Slider
from bokeh.plotting import curdoc, figure

POINTS = [step / 20 for step in range(201)]


def wave(frequency: float) -> dict[str, list[float]]:
    """Points of a sine wave with `frequency` periods per 2 pi."""
    return {"x": POINTS, "y": [math.sin(frequency * x) for x in POINTS]}


source = ColumnDataSource(wave(1))
plot = figure(height=320, width=640, title="Bokeh behind Jupyter, on a unix socket")
plot.line("x", "y", source=source, line_width=2)
slider = Slider(title="Frequency", start=1, end=10, step=1, value=1)
answer = Div(text="Python has drawn frequency 1")


def redraw(_attribute: str, _old: float, new: float) -> None:
    """Called in Python when the slider was moved in the browser."""
    source.data = wave(new)
    answer.text = f"Python has drawn frequency {new:g}"


slider.on_change("value", redraw)
curdoc().add_root(column(slider, answer, plot))
curdoc().title = "Bokeh behind Jupyter"
