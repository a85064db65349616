"""Split what a row cites into the document and the clause.

``source_doc`` names both in one cell, for example ``GB/T 2589-2020 综合能耗计算通则, 附录A 表A.1``.
The rule, in this order:

1. After a comma and a blank, a part that starts with a clause word (附录, 附件, 附表, 表,
   第…条, …栏, Table, Annex, clause, sheet) starts the clause, and all that follows belongs to it.
   Up to three words may stand before ``sheet``: ``carbon capture sheet 401.c``.
2. Without such a part, a clause word with a number after a blank starts the clause:
   ``IPCC AR4 (2007) WG1 Table 2.14``, ``发改价格〔2026〕1077号 附件1 福建电网输配电价表``.
3. Otherwise the row names no clause.

A number of a document (发改产业〔2023〕723号) is part of the document, never a clause.
"""

from __future__ import annotations

import re

_AFTER_COMMA = re.compile(
    r", (?P<clause>(?:附录|附件|附表|表|第[一二三四五六七八九十百\d]+[条章节款]|[甲乙丙丁\d]+栏|"
    r"Table\b|Annex\b|[Cc]lause\b|(?:[a-z]+ ){0,3}sheet \S*\d).*)$"
)
_AFTER_BLANK = re.compile(
    r"\s(?P<clause>(?:附录|附件|附表|表|Table |Annex |[Cc]lause |sheet )"
    r"[A-Z0-9一二三四五六七八九十][^;]*)$"
)


def split_document(source_doc: str) -> tuple[str, str]:
    """Return the document and the clause named in a cell.

    Parameters
    ----------
    source_doc : str
        What the row cites.

    Returns
    -------
    tuple of str
        Document, and clause or an empty text when none is named.
    """
    text = source_doc.strip()
    match = _AFTER_COMMA.search(text) or _AFTER_BLANK.search(text)
    if match is None:
        return text, ""
    return text[: match.start()].strip(), match["clause"].strip()
