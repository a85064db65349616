"""When does it peak, why, and what is the cheapest way there.

``series`` lays accounts out as an inventory over the years and ``nowcast`` adds the running one;
``lmdi`` says what drove a change (``identity`` has the ready-made factors), ``verdict`` whether it
has peaked. ``drivers``, ``scenario``, ``scenario_files`` and ``uncertain`` read what people
assume, ``projection`` computes it, ``ensemble`` draws it many times, ``backtest`` holds the way of
looking ahead against years that are known. ``lp``, ``solver`` and ``soft`` are the least-cost
core; ``osemosys`` solves model folders on it and ``plants`` finds what each plant changes to.
``curve`` says what each of its choices avoids and costs, ``attribution`` what each of several
overlapping measures adds. ``iamc`` is how other teams write results.

The room reads tables other rooms make (an inventory, drivers, plants, options) and gives tables
back; it knows no database, opens no socket and reads no clock.
"""
