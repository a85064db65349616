"""When does it peak, why, and what is the cheapest way there.

The room reads tables other rooms make (an inventory, drivers, plants, options) and gives tables
back; it knows no database, opens no socket and reads no clock.
"""
