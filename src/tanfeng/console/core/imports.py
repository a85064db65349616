"""Taking in forms: everything a page, a program or another app needs, in one name."""

from __future__ import annotations

from tanfeng.console.core.commits import (
    confirm,
    queue_confirm,
    queue_undo,
    take,
    take_frame,
    undo,
)
from tanfeng.console.core.examining import standing_fixes
from tanfeng.console.core.importer import (
    Checked,
    Columns,
    Importer,
    form_keys,
    importer_of,
    register,
    register_directory,
)
from tanfeng.console.core.row_importer import Examined, Found, Row, RowImporter
from tanfeng.console.core.uploads import (
    discard,
    examine,
    fix,
    fix_rule,
    leave_out,
    remap,
    unfix,
    upload,
)

__all__ = [
    "Checked",
    "Columns",
    "Examined",
    "Found",
    "Importer",
    "Row",
    "RowImporter",
    "confirm",
    "discard",
    "examine",
    "fix",
    "fix_rule",
    "form_keys",
    "importer_of",
    "leave_out",
    "queue_confirm",
    "queue_undo",
    "register",
    "register_directory",
    "remap",
    "standing_fixes",
    "take",
    "take_frame",
    "undo",
    "unfix",
    "upload",
]
