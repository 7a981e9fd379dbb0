"""A marimo notebook; the demo opens a copy of it in marimo's editor."""

# A cell may import, and what it ends with is what it shows.
# ruff: noqa: B018, PLC0415

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo

    return (mo,)


@app.cell
def _(mo):
    mo.md("# marimo behind Jupyter")


@app.cell
def _(mo):
    number = mo.ui.slider(1, 12, value=7, label="number")
    number
    return (number,)


@app.cell
def _(mo, number):
    mo.md(f"{number.value} squared is **{number.value**2}**")


if __name__ == "__main__":
    app.run()
