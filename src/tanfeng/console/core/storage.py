"""Uploaded files, kept under the SHA-256 of their content and readable by the console alone."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings


def keep(content: bytes) -> str:
    """Store content once and return its name; the same content again is the same file."""
    name = hashlib.sha256(content).hexdigest()
    path = _path(name)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written beside and renamed, so that a crash leaves no half file under a good name.
        handle, temporary = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(path)
    return name


def load(name: str) -> bytes:
    """Return stored content.

    Raises
    ------
    FileNotFoundError
        If nothing is stored under the name.
    """
    return _path(name).read_bytes()


def exists(name: str) -> bool:
    """Tell whether something is stored under the name."""
    return _is_name(name) and _path(name).is_file()


def forget(name: str) -> None:
    """Delete stored content, such as a file that was refused because of what it may hide."""
    _path(name).unlink(missing_ok=True)


def _is_name(name: str) -> bool:
    return len(name) == 64 and name.isalnum()


def _path(name: str) -> Path:
    if not _is_name(name):
        raise FileNotFoundError(name)
    return Path(settings.UPLOADS) / name[:2] / name
