"""From readings to energy: what meters say, made right, with how much of it is measured.

``frames`` names the tables. ``store`` keeps readings with the time they happened and the time
they became known; ``intake`` takes them in so that nothing acknowledged is lost; ``register`` says
what hangs where; ``derive`` turns readings into slots of a quarter hour; ``virtual`` computes
meters nobody hung; ``rollup`` sums along the tree. No Django, no socket, no clock: the time is an
argument.
"""
