"""Which files are taken as evidence: documents and photographs, told by their first bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from django.conf import settings

from tanfeng.errors import DataError, Problem

_ZIP = b"PK\x03\x04"
#: Ending -> what such a file begins with.
KINDS: Mapping[str, bytes] = {
    ".pdf": b"%PDF-",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".xlsx": _ZIP,
    ".docx": _ZIP,
    ".ofd": _ZIP,
}
PICTURES = frozenset({".jpg", ".jpeg", ".png"})


def ending(file_name: str) -> str:
    """Return the ending of a file name in small letters."""
    return PurePath(file_name).suffix.lower()


def examine(content: bytes, file_name: str) -> None:
    """Refuse what is empty, too large or not what its name says.

    Raises
    ------
    DataError
        With the reason.
    """
    zh = en = ""
    if not content:
        zh, en = "文件是空的", "The file is empty"
    elif len(content) > settings.UPLOAD_LIMIT_BYTES:
        limit = settings.UPLOAD_LIMIT_BYTES // 2**20
        zh, en = f"文件超过 {limit} MB", f"The file is larger than {limit} MB"
    elif ending(file_name) not in KINDS:
        known = " ".join(KINDS)
        zh, en = f"只接收 {known}", f"Only {known} are taken"
    elif not content.startswith(KINDS[ending(file_name)]):
        zh, en = "文件内容与扩展名不符", "The content is not what the name says"
    if zh:
        raise DataError([Problem("W003", "error", zh, en, heading="file", value=file_name)])
