"""``tanfeng pathway``: what drove emissions, whether they peaked, what this year will come to.

Files in, files out; no home is needed. Exit codes: 0 fine; 1 the input has errors, which are told;
2 wrong use.
"""

from __future__ import annotations

import typer

from tanfeng.cli import _pathway_nowcast, _pathway_peak

app = typer.Typer(
    help="Say what drove emissions, whether they peaked, and what this year will come to.",
    no_args_is_help=True,
    add_completion=False,
)
app.command("decompose")(_pathway_peak.decompose)
app.command("verdict")(_pathway_peak.verdict)
app.command("nowcast")(_pathway_nowcast.nowcast)
