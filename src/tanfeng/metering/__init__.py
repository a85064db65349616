"""From readings to energy: what meters say, made right, with how much of it is measured.

``frames`` names the tables. ``store`` keeps readings with the time they happened and the time they
became known; ``intake`` takes them in so that nothing acknowledged is lost; ``register`` says what
hangs where. ``derive`` turns readings into amounts of a quarter hour, ``energy`` into those of any
period, ``refresh`` derives again what new readings touch; ``virtual`` computes meters nobody hung;
``rollup`` sums along the tree, ``balance`` holds main meters against those below, ``time_of_use``
splits by tariff. ``quality`` judges, ``judged`` keeps what was judged, ``alerts`` says what to do,
``forecast`` looks ahead. No Django, no socket, no clock: the time is an argument.
"""
