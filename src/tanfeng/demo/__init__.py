"""The demonstration city: invented enterprises on real counties, drawn from a seed.

Everything invented is named 演示 and marked so wherever it is shown. The pure part (``city`` and
what it calls) needs no Django; ``build`` writes a city into a home folder through the console's
services.
"""
