"""``tanfeng pathway``: the least-cost way of a model folder.

Files in, files out; no home is needed. Exit codes: 0 fine; 1 the input has errors or the model has
no solution, which is told; 2 wrong use.
"""

from __future__ import annotations

import typer

from tanfeng.cli import _pathway_solve

app = typer.Typer(
    help="Solve a least-cost model folder.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def pathway() -> None:
    """Solve a least-cost model folder."""


app.command("solve")(_pathway_solve.solve)
