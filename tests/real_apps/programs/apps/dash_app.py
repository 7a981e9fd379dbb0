"""A Dash page: what is typed is worked on in Python, over POST requests.

APP_PREFIX is where browsers see it, ROUTES_PREFIX where its requests come in.
"""

import os
import sys

from dash import Dash, Input, Output, dcc, html

app = Dash(
    requests_pathname_prefix=os.environ["APP_PREFIX"],
    routes_pathname_prefix=os.environ.get("ROUTES_PREFIX", "/"),
)
app.title = "Dash behind Jupyter"
app.layout = html.Div(
    [
        html.H1("Dash behind Jupyter"),
        dcc.Input(id="typed", value="abc"),
        html.Div(id="said"),
        dcc.Graph(id="graph", figure={"data": [{"y": [1, 3, 2]}]}, style={"height": "250px"}),
    ]
)
server = app.server


@app.callback(Output("said", "children"), Input("typed", "value"))
def answer(typed: str) -> str:
    """Called in Python whenever the text changes."""
    return f"Python says {typed[::-1].upper()}"


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(sys.argv[1]))
