"""What hangs at what, read again only when the register changed: every page asks several times."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from tanfeng.console.metering import engine


@dataclass(frozen=True, slots=True)
class Tree:
    """The engine's register at one state of it.

    Parameters
    ----------
    points, nodes, edges : polars.DataFrame
        As :class:`tanfeng.metering.register.Register` has them.
    names : frozenset of str
        Keys of the nodes.
    """

    points: pl.DataFrame
    nodes: pl.DataFrame
    edges: pl.DataFrame
    names: frozenset[str]

    def below(self, node: str) -> list[str]:
        """Return the nodes one step below a node."""
        return sorted(self.edges.filter(pl.col("parent") == node)["child"])


def tree() -> Tree:
    """Return the tree as it is now."""
    return _tree(str(engine.folder()), engine.register().number())


@lru_cache(maxsize=2)
def _tree(_folder: str, _number: int) -> Tree:
    known = engine.known()
    return Tree(known.points, known.nodes, known.edges, frozenset(known.nodes["node"]))
