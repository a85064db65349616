"""``tanfeng meter``: readings in, energy and quality out; the console is not needed.

Everything lies in ``metering/`` of the home folder; forecasts alone are kept for the console, in
its database. Exit codes: 0 fine; 1 findings in what was given, which are listed; 2 wrong use.
"""

from __future__ import annotations

import typer

from tanfeng.cli import (
    _meter_energy,
    _meter_forecast,
    _meter_import,
    _meter_listen,
    _meter_points,
    _meter_quality,
    _meter_readings,
    _meter_refresh,
    _meter_store,
)

app = typer.Typer(
    help="Bring readings in, register points and meters, get energy and quality out.",
    no_args_is_help=True,
    add_completion=False,
)
app.command("import")(_meter_import.import_files)
app.command("drop")(_meter_import.drop)
app.command("readings")(_meter_readings.readings)
app.command("simulate")(_meter_readings.simulate)
app.command("listen")(_meter_listen.listen)
app.command("compact")(_meter_store.compact)
app.command("retain")(_meter_store.retain)
app.command("energy")(_meter_energy.energy)
app.command("quality")(_meter_quality.quality)
app.command("refresh")(_meter_refresh.refresh)
app.command("forecast")(_meter_forecast.forecast)
app.add_typer(_meter_points.points, name="points")
app.add_typer(_meter_points.devices, name="devices")
