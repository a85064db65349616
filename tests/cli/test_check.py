"""``tanfeng check``: every number is found where it is provoked, and nothing where all is well."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from django.conf import settings
from django.core import checks as django_checks
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.test.utils import override_settings
from django.urls import path as address
from typer import Typer
from typer.testing import CliRunner

from cli_process import run as process
from tanfeng import standards
from tanfeng.cli import command
from tanfeng.cli.check import check as check_command
from tanfeng.cli.checks import CHECKS, Check, console, program, run
from tanfeng.cli.checks.registry import check
from tanfeng.console.core import alive, append_only, audit, rights
from tanfeng.console.core.models import Job, Role, User
from tanfeng.standards import Finding

SECRET = "k" * 30 + "0123456789abcdefghijklmnopqrst"


def _found(number, home):
    return list(CHECKS[number].examine(home))


# The list -----------------------------------------------------------------------------------------


def test_numbers_are_in_order_and_every_text_is_there():
    assert list(CHECKS) == sorted(CHECKS, key=lambda number: number[4:])
    assert len({number[4:] for number in CHECKS}) == len(CHECKS), "a number is used once"
    for one in CHECKS.values():
        assert isinstance(one, Check)
        assert all((one.about_zh, one.about_en, one.remedy_zh, one.remedy_en))
        assert one.severity == {"E": "error", "W": "warning", "I": "info"}[one.number[3]]


def test_a_number_is_given_out_once():
    with pytest.raises(ValueError, match="TF-E001 is given out twice"):
        check("TF-E001", "program", ("甲", "a"), ("乙", "b"))(lambda _home: ())


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(monkeypatch, tmp_path):
    def broken(_home):
        raise OSError("gone")

    one = CHECKS["TF-E011"]
    spoilt = Check(one.number, one.place, "甲", "a", "乙", "b", broken)
    monkeypatch.setitem(CHECKS, "TF-E011", spoilt)
    found = run("program", tmp_path)
    (said,) = [p for p in found if p.rule == "TF-E001"]
    assert said.message_en == "TF-E011 could not be carried out: OSError: gone"
    assert said.message_zh == "检查 TF-E011 未能进行：OSError: gone"
    assert "TF-I014" in {p.rule for p in found}


# What was installed -------------------------------------------------------------------------------


def test_the_shipped_program_has_no_errors(tmp_path):
    assert [p for p in run("program", tmp_path) if p.severity == "error"] == []


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a copy of a few files of the package that the checks look at."""
    source = Path(str(files("tanfeng")))
    for name in ("plan/tables", "cli/checks/assets.csv", "cli/checks/assets.toml"):
        target = tmp_path / "tanfeng" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / name).is_dir() else shutil.copyfile)(source / name, target)
    for asset in program._assets():
        target = tmp_path / "tanfeng" / asset["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source / asset["file"])
    monkeypatch.setattr(program, "PACKAGE", tmp_path / "tanfeng")
    return tmp_path / "tanfeng"


def test_a_changed_digit_and_a_table_without_sidecar(package):
    assert _found("TF-E011", package) == []
    with (package / "plan/tables/tasks.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    (package / "plan/tables/own.csv").write_text("a\n1\n")
    own, tasks = _found("TF-E011", package)
    assert own == (
        "plan/tables/own.csv 没有登记 SHA-256",
        "plan/tables/own.csv has no recorded SHA-256",
    )
    assert tasks[1].startswith("SHA-256 of plan/tables/tasks.csv is ")


def test_a_sidecar_that_keeps_things_to_itself(package):
    assert _found("TF-E012", package) == []
    (package / "standards").mkdir()
    (package / "standards/x.csv").write_text("a\n1\n")
    (package / "standards/x.toml").write_text(
        'edition = "2020"\npublisher_en = "x"\nlicence_en = "x"\n'
    )
    (package / "y.csv").write_text("a\n1\n")
    assert [en for _zh, en in _found("TF-E012", package)] == [
        "the sidecar of standards/x.csv lacks publisher_zh, checked_zh, checked_en",
        "the sidecar of y.csv lacks licence",
    ]


def test_what_the_standards_room_finds_is_passed_on(monkeypatch, tmp_path):
    texts = ("甲", "wrong", "乙", "mend")
    findings = (
        Finding("TF-S003", "error", "fuels", *texts, ("a",)),
        Finding("TF-S005", "info", "fuels", *texts, ("a",)),
    )
    monkeypatch.setattr(standards, "check", lambda: findings)
    assert _found("TF-E013", tmp_path) == [("TF-S003 fuels：甲", "TF-S003 fuels: wrong")]


def test_rows_without_clause_and_rows_to_be_verified_are_counted(tmp_path, monkeypatch):
    tables = [
        SimpleNamespace(name="a", single=2, recalled=1),
        SimpleNamespace(name="b", single=0, recalled=0),
    ]
    clauses = {"a": ["", "1.2", ""], "b": ["3"]}
    monkeypatch.setattr(standards, "tables", lambda: tables)
    monkeypatch.setattr(
        standards, "load", lambda name: pl.DataFrame({"clause_text": clauses[name]})
    )
    # 2 of the 3 rows of a have none; 2 single + 1 recalled = 3 to be verified.
    assert _found("TF-I014", tmp_path) == [
        ("1 张表的 2 行没有条款", "2 rows of 1 tables name no clause")
    ]
    assert _found("TF-I015", tmp_path)[0][1] == "3 rows of 1 tables are to be verified"
    monkeypatch.setattr(standards, "tables", lambda: tables[1:])
    assert _found("TF-I014", tmp_path) == _found("TF-I015", tmp_path) == []


def test_a_missing_and_a_changed_file_of_the_build(package):
    assert _found("TF-E021", package) == _found("TF-E022", package) == []
    chart = package / "console/static/vendor/echarts.min.js"
    chart.unlink()
    (message,) = _found("TF-E021", package)
    assert message[1].startswith("console/static/vendor/echarts.min.js is missing (echarts ")
    assert _found("TF-E022", package) == []
    chart.write_text("alert(1)")
    (message,) = _found("TF-E022", package)
    assert "is not the file of echarts" in message[1]


def test_the_list_of_build_files_is_that_of_the_build():
    root = Path(__file__).resolve().parents[2]
    hook = (root / "hatch_build.py").read_text(encoding="utf-8")
    locked = json.loads((root / "package-lock.json").read_text())["packages"]
    assets = program._assets()
    assert hook.count('": f"{STATIC}/') + hook.count('": f"{FONTS}/') == len(assets)
    for asset in assets:
        assert Path(asset["file"]).name in hook
        assert locked[f"node_modules/{asset['package']}"]["version"] == asset["version"]


def test_catalogues_that_were_not_compiled_or_are_old(package):
    folder = package / "console/locale/zh_Hans/LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "django.po"
    source.write_text("")
    name = "console/locale/zh_Hans/LC_MESSAGES/django.po"
    assert _found("TF-E023", package) == [(f"{name} 未编译", f"{name} is not compiled")]
    assert _found("TF-W024", package) == []
    compiled = folder / "django.mo"
    compiled.write_bytes(b"")
    os.utime(compiled, (1, 1))
    assert _found("TF-E023", package) == []
    assert _found("TF-W024", package)[0][1] == f"{name} is newer than its compiled form"
    os.utime(source, (1, 1))
    assert _found("TF-W024", package) == []


# A home folder ------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, db):
    tmp_path.chmod(0o700)
    (tmp_path / "secret.key").write_text(SECRET)
    (tmp_path / "secret.key").chmod(0o600)
    with override_settings(
        SECRET_KEY=SECRET, ALLOWED_HOSTS=["127.0.0.1"], WORKERS=tmp_path / "workers"
    ):
        yield tmp_path


def test_a_home_in_order_has_no_errors(home):
    found = run("home", home)
    assert [p.line("en") for p in found if p.severity == "error"] == []
    assert {p.rule for p in found} <= {"TF-W073", "TF-W076"}


def test_debug(home):
    assert _found("TF-E031", home) == []
    with override_settings(DEBUG=True):
        assert _found("TF-E031", home) == [("调试模式（DEBUG）开启", "debug mode is on")]


def test_a_short_or_open_secret(home):
    assert _found("TF-E032", home) == []
    (home / "secret.key").chmod(0o640)
    with override_settings(SECRET_KEY="short"):
        short, shared = _found("TF-E032", home)
    assert short[1] == "the secret is too short or too simple"
    assert shared[1] == "others on this machine may read secret.key"


def test_host_names_and_cookies(home):
    assert _found("TF-E033", home) == _found("TF-W034", home) == []
    with override_settings(ALLOWED_HOSTS=["*"]):
        assert _found("TF-E033", home)[0][1] == "TANFENG_ALLOWED_HOSTS holds *"
    with override_settings(ALLOWED_HOSTS=["127.0.0.1", "carbon.example"]):
        assert _found("TF-E033", home) == []
        assert _found("TF-W034", home)[0][1] == "cookies for carbon.example are not kept to HTTPS"
        with override_settings(SESSION_COOKIE_SECURE=True, CSRF_COOKIE_SECURE=True):
            assert _found("TF-W034", home) == []


def test_what_django_says_is_passed_on(home, monkeypatch):
    said = [
        django_checks.Error("broken", hint="mend it", id="fields.E001"),
        django_checks.Warning("odd", id="models.W001"),
        django_checks.Warning("taken", id="security.W004"),
        django_checks.Info("told", id="models.I001"),
    ]
    monkeypatch.setattr(console, "_django", lambda: said)
    assert _found("TF-E035", home) == [("fields.E001: broken mend it",) * 2]
    assert _found("TF-W036", home) == [("models.W001: odd",) * 2]


def test_a_database_that_is_not_there_or_does_not_answer(home, monkeypatch):
    assert _found("TF-E041", home) == []
    fake = SimpleNamespace(vendor="sqlite", settings_dict={"NAME": home / "none.sqlite3"})
    monkeypatch.setattr("django.db.connection", fake)
    assert _found("TF-E041", home) == [(f"{home} 中没有数据库", f"{home} holds no database")]

    def refuse():
        raise Error("connection refused\n")

    fake.vendor, fake.ensure_connection = "postgresql", refuse
    assert _found("TF-E041", home)[0][1] == "the database cannot be reached: connection refused"


def test_a_pending_migration(home, monkeypatch):
    assert _found("TF-E042", home) == []
    plan = [(SimpleNamespace(app_label="core", name="0009_x"), False)]
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda self, leaves: plan)
    assert _found("TF-E042", home)[0][1] == "1 migration to be run: core.0009_x"


def test_a_model_without_a_migration(home, monkeypatch):
    field = Job._meta.get_field("title")
    monkeypatch.setattr(field, "max_length", 7)
    assert _found("TF-E043", home) == [
        ("应用 core 的模型与迁移不符", "models and migrations of core differ")
    ]


def test_a_model_without_a_rule(home, monkeypatch):
    known = [model for model in rights.registered_models() if model is not Job]
    monkeypatch.setattr(rights, "registered_models", lambda: tuple(known))
    assert _found("TF-E051", home) == [("模型 core.Job 没有规则", "the model core.Job has no rule")]


def test_an_address_that_opens_without_a_sign_in(home, monkeypatch):
    assert _found("TF-E052", home) == []
    without = [one for one in settings.MIDDLEWARE if not one.endswith("sign_in_required")]
    with override_settings(MIDDLEWARE=without):
        found = [en for _zh, en in _found("TF-E052", home)]
    assert any(said.startswith("/jobs/ answers ") for said in found)
    assert not any(said.startswith("/healthz") for said in found), "open on purpose"


def test_arguments_are_made_for_every_pattern():
    patterns = [
        address("a/<uuid:x>/<int:n>/<slug:s>/", lambda request: None, name="one"),
    ]
    ((name, sample),) = console._addresses(patterns, "space:")
    assert name == "space:one"
    assert sample == {"x": uuid.UUID(int=0), "n": 1, "s": "x"}


def test_a_missing_trigger(home):
    assert _found("TF-E061", home) == []
    append_only.remove(connection)
    try:
        found = {en for _zh, en in _found("TF-E061", home)}
    finally:
        append_only.install(connection)
    assert (
        "the trigger core_auditevent_no_update is missing" in found or connection.vendor != "sqlite"
    )
    assert found


def test_a_broken_chain(home):
    first, second = audit.record("a"), audit.record("b")
    assert _found("TF-E062", home) == []
    append_only.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {append_only.TABLE} SET action = 'x' WHERE id = %s", [first.pk])
        change = f"UPDATE {append_only.TABLE} SET previous_hash = %s WHERE id = %s"
        cursor.execute(change, ["1" * 64, second.pk])
    append_only.install(connection)
    found = [en for _zh, en in _found("TF-E062", home)]
    # The second is changed as well: its hash covers the hash before it.
    assert found == [
        f"event {first.pk} was changed",
        f"event {second.pk} does not follow the one before",
        f"event {second.pk} was changed",
    ]


def test_a_home_others_may_read(home):
    assert _found("TF-W071", home) == []
    home.chmod(0o755)
    assert _found("TF-W071", home)[0][1] == f"{home} has the rights drwxr-xr-x"


def test_a_folder_that_cannot_be_written_to(home, monkeypatch):
    assert _found("TF-E072", home) == []
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != home)
    assert _found("TF-E072", home) == [(f"{home} 不可写", f"{home} cannot be written to")]


def _job(**fields):
    user, _made = User.objects.get_or_create(username="c", role=Role.CITY)
    return Job.objects.create(kind="core.export", title="清单", user=user, **fields)


def test_a_worker_is_seen_by_its_lock(home):
    _job(status=Job.Status.QUEUED)
    assert _found("TF-W073", home) == [
        ("没有后台进程，1 项任务在等", "nobody works; 1 job waiting")
    ]
    alive._own.clear()
    alive.own_name()
    try:
        assert _found("TF-W073", home) == []
    finally:
        alive._own.clear()


def test_a_job_whose_process_is_gone(home):
    _job(status=Job.Status.RUNNING, worker="gone")
    assert _found("TF-W074", home) == [("任务“清单”已无进程", 'the job "清单" has no process')]


@pytest.mark.parametrize(
    ("free_mib", "numbers"), [(100, ["TF-E075"]), (900, ["TF-W076"]), (9000, [])]
)
def test_space_on_the_disk(home, monkeypatch, free_mib, numbers):
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free_mib * 2**20))
    found = {number: _found(number, home) for number in ("TF-E075", "TF-W076")}
    assert [number for number, said in found.items() if said] == numbers
    for number in numbers:
        assert found[number][0][1] == f"{free_mib} MiB are left on the disk of the home"


# The command --------------------------------------------------------------------------------------


def _run(*words):
    app = Typer()
    app.command()(check_command)
    return CliRunner().invoke(app, list(words))


def test_the_command_tells_in_the_language_asked_for():
    chinese, english = _run(), _run("--lang", "en")
    assert chinese.exit_code == english.exit_code == 0
    assert "0 项错误" in chinese.output
    assert "待核实" in chinese.output
    assert "0 errors" in english.output
    assert "to be verified" in english.output


def test_errors_end_with_1_and_warnings_only_when_strict(monkeypatch):
    def only(number):
        problem = CHECKS[number].found("甲", "found it")
        monkeypatch.setattr("tanfeng.cli.checks.run", lambda place, home: (problem,))

    only("TF-W024")
    assert _run().exit_code == 0
    assert _run("--strict").exit_code == 1
    only("TF-E011")
    assert _run().exit_code == 1
    (told,) = json.loads(_run("--json").output)
    assert told["rule"] == "TF-E011"
    assert told["message_en"] == "found it"
    assert told["remedy_zh"] == CHECKS["TF-E011"].remedy_zh


def test_wrong_use_ends_with_2(tmp_path):
    assert _run("--home", str(tmp_path / "none")).exit_code == 2
    assert command("check").context_settings["help_option_names"] == ["-h", "--help"]


def test_a_folder_without_database_is_told_and_left_as_it_is(tmp_path):
    done = process("check", "--home", str(tmp_path), "--json")
    assert done.returncode == 1, done.stderr
    assert "TF-E041" in {one["rule"] for one in json.loads(done.stdout)}
    assert list(tmp_path.iterdir()) == []


def test_a_home_is_checked_and_what_somebody_removed_is_found(tmp_path, boss_home):
    home = shutil.copytree(boss_home, tmp_path / "home")
    before = sorted(path.name for path in home.iterdir())
    done = process("check", "--home", str(home), "--lang", "en")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TF-W073" in done.stdout
    assert "TF-W071" not in done.stdout, "a new home is for its owner alone"
    with sqlite3.connect(home / "tanfeng.sqlite3") as database:
        database.execute("DROP TRIGGER core_auditevent_no_delete")
    database.close()
    done = process("check", "--home", str(home), "--json")
    assert done.returncode == 1
    found = {one["rule"]: one["message_en"] for one in json.loads(done.stdout)}
    assert found["TF-E061"] == "the trigger core_auditevent_no_delete is missing"
    assert {name for name in before if "-wal" not in name and "-shm" not in name} <= {
        path.name for path in home.iterdir()
    }
