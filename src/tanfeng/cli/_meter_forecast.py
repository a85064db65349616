"""``tanfeng meter forecast``: what the night does, now."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tanfeng.cli._database import migrate
from tanfeng.cli._home import open_home
from tanfeng.cli._lang import InLang, Lang, pick
from tanfeng.cli._meter_home import Home


def forecast(
    home: Home = Path("tanfeng-home"),
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of the forecast; today if not given."),
    ] = None,
    lang: InLang = Lang.ZH,
) -> None:
    """Forecast the month and tomorrow of every metered enterprise, and look for anomalies.

    The console's pages show what is kept here. A serving console does the same every night at 2.
    """
    open_home(home)
    migrate()
    from tanfeng.console.forecast import services

    done = services.compute_all(day.date() if day else None)
    typer.echo(
        pick(
            f"已预测 {done.forecasts} 个用能序列，历史不足 {done.short} 个，"
            f"近 7 日异常 {done.anomalies} 处",
            f"{done.forecasts} series forecast, {done.short} with too little history, "
            f"{done.anomalies} anomalies in 7 days",
        )
    )
