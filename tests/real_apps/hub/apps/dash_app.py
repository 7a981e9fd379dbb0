"""A Dash page: what is typed is worked on in Python."""

from dash import Dash, Input, Output, dcc, html

app = Dash()
app.layout = html.Div([dcc.Input(id="typed", value="abc"), html.Div(id="said")])
server = app.server


@app.callback(Output("said", "children"), Input("typed", "value"))
def answer(typed: str) -> str:
    return f"Python says {typed[::-1].upper()}"
