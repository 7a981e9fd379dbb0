"""A trame page: its state is shared with Python over a websocket."""

from trame.app import get_server
from trame.ui.vuetify3 import SinglePageLayout
from trame.widgets import html, vuetify3

server = get_server(client_type="vue3")
server.state.update({"trame__title": "trame behind Jupyter", "clicks": 0, "said": "nothing yet"})


@server.state.change("clicks")
def answer(clicks: int, **_state: object) -> None:
    """Called in Python when the browser has changed the number."""
    server.state.said = f"Python has heard of {clicks} clicks"


with SinglePageLayout(server) as layout:
    layout.title.set_text("trame behind Jupyter")
    with layout.content:
        vuetify3.VBtn("Click", click="clicks += 1")
        html.Div("{{ said }}")

if __name__ == "__main__":
    server.start()
