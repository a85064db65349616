"""Any OSeMOSYS model folder: read, solved at least cost, written as otoole does.

Names of sets, parameters, equations and results are those of the standard formulation (Howells et
al., OSeMOSYS: The Open Source Energy Modeling System, Energy Policy 39 (2011) 5850-5870), see
``docs/methods/pathway_least_cost.md``. "No cap" is an absent row; an unmet demand is told, never
priced.
"""

from __future__ import annotations

from tanfeng.pathway.osemosys._case import Case, Table
from tanfeng.pathway.osemosys._folder import read_folder, write_folder
from tanfeng.pathway.osemosys._lacking import Lack
from tanfeng.pathway.osemosys._model import Model, Result, solve

__all__ = ["Case", "Lack", "Model", "Result", "Table", "read_folder", "solve", "write_folder"]
