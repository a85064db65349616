"""Documents out: one definition of blocks, printed as PDF and as Word.

``document`` holds the blocks, ``charts`` draws, ``pdf`` and ``word`` print, ``city_brief`` is the
yearly brief of the city, ``enterprise_file`` the file of one enterprise (一企一档). Nothing here
reads a clock, a database or the network.
"""

from tanfeng.reports.city_brief import CityBrief, city_brief
from tanfeng.reports.enterprise_file import EnterpriseFile, enterprise_file
from tanfeng.reports.pdf import to_pdf
from tanfeng.reports.word import to_word

__all__ = [
    "CityBrief",
    "EnterpriseFile",
    "city_brief",
    "enterprise_file",
    "to_pdf",
    "to_word",
]
