"""``tanfeng pathway``: when does it peak, why, and what is the cheapest way there.

Files in, files out; no home is needed. Exit codes: 0 fine; 1 the input has errors, which are told;
2 wrong use.
"""

from __future__ import annotations

import typer

from tanfeng.cli import _pathway_scenario

app = typer.Typer(
    help="Say when emissions peak, why, and what the cheapest way there is.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def pathway() -> None:
    """Say when emissions peak, why, and what the cheapest way there is."""


app.command("scenario")(_pathway_scenario.scenario)
app.command("template")(_pathway_scenario.template)
