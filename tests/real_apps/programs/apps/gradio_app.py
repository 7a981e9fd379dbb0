"""A Gradio page: what is typed is worked on in Python, and the answer comes as server-sent events.

Listens at the port or unix socket in the first argument. The second is where browsers see it, and
with `absolute` after that also where its requests come in.
"""

import sys
from pathlib import Path

import fastapi
import gradio
import uvicorn


def answer(typed: str) -> str:
    """Called in Python when the button is pressed."""
    return f"Python says {typed[::-1].upper()}"


def count(upload: str) -> str:
    """Called in Python when a file has come."""
    return f"{Path(upload).stat().st_size} bytes"


with gradio.Blocks(title="Gradio behind Jupyter") as page:
    gradio.Markdown("# Gradio behind Jupyter")
    typed = gradio.Textbox(value="abc", label="Typed")
    said = gradio.Textbox(label="Said")
    gradio.Button("Ask").click(answer, typed, said)
    upload = gradio.File(label="Upload")
    upload.upload(count, upload, said)

place, prefix, *how = sys.argv[1:]
mounted = {"path": prefix} if how == ["absolute"] else {"path": "/", "root_path": prefix}
application = gradio.mount_gradio_app(fastapi.FastAPI(), page, **mounted)

if place.isdigit():
    uvicorn.run(application, host="127.0.0.1", port=int(place))
else:
    uvicorn.run(application, uds=place)
