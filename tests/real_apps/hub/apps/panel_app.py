"""A Panel page: clicks travel to Python and back over a websocket."""

import panel as pn

pn.extension()

button = pn.widgets.Button(name="Count")
said = pn.bind(lambda clicks: f"Clicks counted in Python: {clicks}", button.param.clicks)
pn.Column("# Panel behind JupyterHub", button, said).servable(title="Panel")
