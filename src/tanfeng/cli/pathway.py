"""``tanfeng pathway``: when does it peak, why, and what is the cheapest way there.

Files in, files out; no home is needed. Exit codes: 0 fine; 1 the input has errors or a model has
no solution, which is told; 2 wrong use.
"""

from __future__ import annotations

import typer

from tanfeng.cli import (
    _pathway_nowcast,
    _pathway_peak,
    _pathway_plants,
    _pathway_scenario,
    _pathway_solve,
)

app = typer.Typer(
    help="Say when emissions peak, why, and what the cheapest way there is.",
    no_args_is_help=True,
    add_completion=False,
)
app.command("decompose")(_pathway_peak.decompose)
app.command("verdict")(_pathway_peak.verdict)
app.command("nowcast")(_pathway_nowcast.nowcast)
app.command("scenario")(_pathway_scenario.scenario)
app.command("template")(_pathway_scenario.template)
app.command("solve")(_pathway_solve.solve)
app.command("plants")(_pathway_plants.plants)
app.command("curve")(_pathway_plants.curve)
