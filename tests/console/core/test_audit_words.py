"""Events in words an officer reads."""

from __future__ import annotations

import pytest
from django.utils import translation

from tanfeng import sheets
from tanfeng.console.core import audit, audit_words


def test_actions_have_words_and_unknown_ones_are_shown_as_recorded():
    with translation.override("en"):
        assert audit_words.action("sign-in.failed") == "Wrong password"
        assert audit_words.action("export.enterprises") == "List exported"
        assert audit_words.action("gateway.push") == "gateway.push"
    with translation.override("zh-hans"):
        assert audit_words.action("import.commit") == "确认导入"


def test_facts_are_a_sentence_not_a_program():
    detail = {
        "sha256": "ab" * 32,
        "outcome": {"added": 3, "replaced": 0},
        "changes": {"display_name": [None, "李"]},
        "rules": ["U005"],
        "form": "product_output",
        "cells": [],
        "filters": {},
        "reason": "",
    }
    name = sheets.form("product_output").name("en")
    with translation.override("en"):
        assert audit_words.facts(detail) == (
            f"digest abababababab…; outcome added 3, replaced 0; "
            f"changes display name —, 李; rules U005; form {name}; cells —; filters —; reason —"
        )


@pytest.mark.parametrize("kind", sorted(audit.BREAKS))
def test_a_break_of_the_chain_is_a_sentence_in_both_languages(kind):
    with translation.override("zh-hans"):
        (zh,) = audit_words.breaks([(7, kind)])
    with translation.override("en"):
        (en,) = audit_words.breaks([(7, kind)])
    assert zh.startswith("第 7 号事件")
    assert en.startswith("event 7 ")
    assert kind not in {zh, en}


def test_what_a_verification_found_is_told_in_words_and_its_hash_in_full():
    with translation.override("en"):
        told = dict(
            audit_words.outcome(
                {"events": 3, "intact": False, "last_hash": "a" * 64, "breaks": [[2, "content"]]}
            )
        )
    assert told == {
        "events": "3",
        "chain whole": "no",
        "last hash": "a" * 64,
        "breaks": "event 2 was changed",
    }
