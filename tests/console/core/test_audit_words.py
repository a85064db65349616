"""What the audit page prints of an event: words, not what Python calls nothing."""

from __future__ import annotations

from tanfeng.console.core import audit


def test_the_log_prints_words_for_nothing_lists_and_digests(city, client_for):
    audit.record(
        "override.set",
        user=city,
        before=None,
        rules=["U005", "U001"],
        outcome={"added": 2, "note": ""},
        sha256="ab" * 32,
    )
    page = client_for(city).get("/audit/").content.decode()
    assert (
        "before: —; rules: U005, U001; outcome: (added: 2; note: —); sha256: abababababab…" in page
    )
    assert "None" not in page
