"""The program checks itself: numbered declarations, each with cause and remedy.

``registry`` holds the checks and runs them, ``program`` examines what was installed (tables,
browser files, fonts, catalogues), ``console`` a home folder with its settings, database, rights
and audit log. A number is never given out twice; ``TF-E`` stops the house, ``TF-W`` wants a
person to look, ``TF-I`` is told only.
"""

from tanfeng.cli.checks import console, program
from tanfeng.cli.checks.registry import CHECKS, Check, run

__all__ = ["CHECKS", "Check", "console", "program", "run"]
