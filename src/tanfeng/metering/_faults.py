"""What the store and the intake refuse, in one tree.

::

    ModelError
    └── StoreError                the readings store cannot do what it was asked
        ├── ReadingsRefused       the frame is not a table of readings
        ├── StoreBusy             others kept committing, or hold a lock; try again
        ├── ChangesForgotten      what changed since that version is no longer known
        ├── RetentionRefused      readings younger than the law allows would be dropped
        └── IntakeError           a batch was not acknowledged
            ├── IntakeFull        too much waits to be stored; come back later
            └── IntakeFailed      the disk said no
"""

from __future__ import annotations

from tanfeng.errors import ModelError


class StoreError(ModelError):
    """The readings store cannot do what it was asked; the message names path and remedy."""


class ReadingsRefused(StoreError):
    """The frame is not a table of readings; nothing of it was taken."""


class StoreBusy(StoreError):
    """Others kept committing or hold a lock longer than the caller wanted to wait."""


class ChangesForgotten(StoreError):
    """The log no longer reaches back to the version asked; derive everything anew."""


class RetentionRefused(StoreError):
    """Readings younger than the law allows would be dropped."""


class IntakeError(StoreError):
    """A batch was not acknowledged; the sender keeps it and sends it again."""


class IntakeFailed(IntakeError):
    """The disk refused to keep a batch."""


class IntakeFull(IntakeError):
    """Too many readings wait to be stored.

    Parameters
    ----------
    message_en, message_zh : str
        What to do.
    retry_after_s : int
        When to come back. [s]
    """

    def __init__(self, message_en: str, message_zh: str, *, retry_after_s: int) -> None:
        super().__init__(message_en, message_zh)
        self.retry_after_s = retry_after_s
