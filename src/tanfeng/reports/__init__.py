"""Documents out: one definition of blocks, printed as PDF and as Word.

``document`` holds the blocks, ``charts`` draws, ``pdf`` and ``word`` print, ``city_brief`` is the
yearly brief of the city. Nothing here reads a clock, a database or the network.
"""

from tanfeng.reports.city_brief import CityBrief, city_brief
from tanfeng.reports.pdf import to_pdf
from tanfeng.reports.word import to_word

__all__ = ["CityBrief", "city_brief", "to_pdf", "to_word"]
