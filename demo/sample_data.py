"""Everything the demo's applications show, made on the spot. Downloads nothing."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

_BOOKS = [
    ("Frankenstein", "Mary Shelley", 1818),
    ("Moby-Dick", "Herman Melville", 1851),
    ("Middlemarch", "George Eliot", 1871),
    ("The Time Machine", "H. G. Wells", 1895),
    ("Dubliners", "James Joyce", 1914),
    ("Mrs Dalloway", "Virginia Woolf", 1925),
]


def prepare(folder: Path, *, apps: Path) -> None:
    """Fill `folder` with what the applications need, keeping what a person has changed."""
    folder.mkdir(parents=True, exist_ok=True)
    _make_database(folder / "library.db")
    _make_training_log(folder / "training")
    notebook = folder / "marimo_app.py"
    if not notebook.exists():
        shutil.copyfile(apps / "marimo_app.py", notebook)


def _make_database(path: Path) -> None:
    """A table of books in SQLite, for Datasette."""
    if path.exists():
        return
    with sqlite3.connect(path) as database:
        database.execute("create table books (title text, author text, year integer)")
        database.executemany("insert into books values (?, ?, ?)", _BOOKS)
    database.close()


def _make_training_log(folder: Path) -> None:
    """Two runs of a pretended training, for TensorBoard."""
    if folder.exists():
        return
    # Imported here because it takes a second, and only the first start of the demo needs it.
    from tensorboard.summary import Writer  # noqa: PLC0415

    for run, rate in (("fast", 0.30), ("slow", 0.08)):
        writer = Writer(str(folder / run))
        for step in range(100):
            writer.add_scalar("loss", (1 - rate) ** step, step)
        writer.close()
