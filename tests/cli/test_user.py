"""Accounts from the command line."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from cli_process import run as _run
from cli_process import run_each


@pytest.fixture(scope="module")
def home(tmp_path_factory, boss_home):
    """Return a home whose database the command for its first account has made."""
    return str(shutil.copytree(boss_home, tmp_path_factory.mktemp("user") / "home"))


def _user(home, *commands):
    return run_each(*[("user", *words.split(), "--home", home) for words in commands])


def test_the_first_account_makes_the_database(home):
    as_json, table = _user(home, "list --json", "list")
    assert as_json.returncode == 0, as_json.stderr
    rows = {row["username"]: row for row in json.loads(as_json.stdout)}
    assert rows["boss"]["role"] == "admin"
    assert "boss" in table.stdout


def test_a_scope_that_is_missing_or_unknown_is_said_field_by_field(home):
    said = _user(home, "add zhang --role county", "add zhang --role emperor", "add boss")
    for done, field in zip(said, ("place_code:", "role:", "username:"), strict=True):
        assert done.returncode == 2
        assert field in done.stderr


def test_a_new_password_is_printed_once(home):
    first, second, nobody = _user(
        home, "password boss", "password boss", "password nobody --lang en"
    )
    passwords = {re.search(r"boss: (\S+)", done.stdout)[1] for done in (first, second)}
    assert len(passwords) == 2
    assert nobody.returncode == 2
    assert "no account 'nobody'" in nobody.stderr


def test_a_home_without_a_database_has_no_accounts(tmp_path):
    assert _run("user", "list", "--home", str(tmp_path)).returncode == 1


def test_an_administrator_is_given_one_duty(home):
    guard, other = _user(home, "add guard --duty security", "add other --duty everything")
    assert guard.returncode == 0, guard.stderr
    assert other.returncode == 2
    assert "duty:" in other.stderr


def test_a_lost_device_is_reset(home):
    done, nobody = _user(home, "reset-factor boss", "reset-factor nobody")
    assert done.returncode == 0, done.stderr
    assert "boss" in done.stderr
    assert nobody.returncode == 2
