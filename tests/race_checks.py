"""What must stand after several people were at one method account at once."""

from __future__ import annotations

import json
from pathlib import Path

PROGRAM = Path(__file__).with_name("method_race.py")


def whole(printed: str) -> None:
    """Assert that what ``method_race.py`` printed is what one after the other would have left."""
    found = json.loads(printed.splitlines()[-1])
    # Twelve of one enterprise, then twelve of two; twelve statements; twelve months.
    assert found["said"] == {"accounted 0": 24, "stated": 12, "filed": 12}
    assert found["numbers"] == list(range(1, 25))
    assert found["unbranched"] == [True, True]
    assert found["broken"] == []
    assert found["amounts"] == [1000.0 + n for n in (*range(12), *range(100, 112))]
    assert found["statements"] == [12, 1]
    assert found["tally"] == [True, 12, 12]
    assert found["log"] == 0
