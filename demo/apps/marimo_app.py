"""A marimo notebook; the demo opens a copy of it in marimo's editor."""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo  # noqa: PLC0415  (a notebook's cell)

    return (mo,)


@app.cell
def _(mo):
    mo.md("# marimo behind Jupyter")


@app.cell
def _(mo):
    number = mo.ui.slider(1, 12, value=7, label="number")
    number  # noqa: B018  (what a cell ends with is what it shows)
    return (number,)


@app.cell
def _(mo, number):
    mo.md(f"{number.value} squared is **{number.value**2}**")


if __name__ == "__main__":
    app.run()
