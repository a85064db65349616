"""Tanfeng (碳峰): audited energy and CO2 accounts for a city's industry.

The rooms of the package and their order, top to bottom::

    cli, console, demo  ->  reports, sheets  ->  accounting, plan  ->  standards  ->  leaf modules

Arrows point down only; ``tests/contracts/test_layers.py`` says so. An engine imports no Django,
opens no socket, reads no clock and no environment variable.
"""

__version__ = "0.1.0"
