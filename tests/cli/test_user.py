"""Accounts from the command line."""

from __future__ import annotations

import json
import re

import pytest

from cli_process import run as _run


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home")
    assert _run("user", "add", "boss", "--home", str(folder)).returncode == 0
    return str(folder)


def _listed(home):
    done = _run("user", "list", "--json", "--home", home)
    assert done.returncode == 0, done.stderr
    return {row["username"]: row for row in json.loads(done.stdout)}


def test_the_first_account_makes_the_database(home):
    assert _listed(home)["boss"]["role"] == "admin"
    table = _run("user", "list", "--home", home)
    assert "boss" in table.stdout


def test_a_scope_that_is_missing_or_unknown_is_said_field_by_field(home):
    done = _run("user", "add", "zhang", "--role", "county", "--home", home)
    assert done.returncode == 2
    assert "place_code:" in done.stderr
    done = _run("user", "add", "zhang", "--role", "emperor", "--home", home)
    assert done.returncode == 2
    assert "role:" in done.stderr
    done = _run("user", "add", "boss", "--home", home)
    assert done.returncode == 2
    assert "username:" in done.stderr


def test_a_new_password_is_printed_once(home):
    first = _run("user", "password", "boss", "--home", home)
    second = _run("user", "password", "boss", "--home", home)
    passwords = {re.search(r"boss: (\S+)", done.stdout)[1] for done in (first, second)}
    assert len(passwords) == 2
    done = _run("user", "password", "nobody", "--home", home, "--lang", "en")
    assert done.returncode == 2
    assert "no account 'nobody'" in done.stderr


def test_a_home_without_a_database_has_no_accounts(tmp_path):
    assert _run("user", "list", "--home", str(tmp_path)).returncode == 1


def test_an_administrator_is_given_one_duty(home):
    done = _run("user", "add", "guard", "--duty", "security", "--home", home)
    assert done.returncode == 0, done.stderr
    done = _run("user", "add", "other", "--duty", "everything", "--home", home)
    assert done.returncode == 2
    assert "duty:" in done.stderr


def test_a_lost_device_is_reset(home):
    done = _run("user", "reset-factor", "boss", "--home", home)
    assert done.returncode == 0, done.stderr
    assert "boss" in done.stderr
    assert _run("user", "reset-factor", "nobody", "--home", home).returncode == 2
