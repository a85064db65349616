"""The console as a process: starts, answers, does jobs, stops; and says clearly when it cannot."""

from __future__ import annotations

import http.cookiejar
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from cli_process import environment, run

START_S = 60


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory, boss_home):
    """Return a home with an administrator and the password of it."""
    folder = shutil.copytree(boss_home, tmp_path_factory.mktemp("home") / "city")
    said = boss_home.with_name("said").read_text(encoding="utf-8")
    return folder, re.search(r"boss: (\S+)", said)[1]


@pytest.fixture(scope="module")
def server(home):
    """Return the address of a running console."""
    folder, _password = home
    accounts = [{"username": "boss", "password": "shown", "display_name": "管理员"}]
    (folder / "demo-accounts.json").write_text(json.dumps(accounts), encoding="utf-8")
    port = _free_port()
    code = "from tanfeng.cli import main; main()"
    words = ["serve", "--home", str(folder), "--port", str(port), "--lang", "en"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    ) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url, process)
            yield url, port
        finally:
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=30)[0]
        assert f"The console is up: {url}/" in said
        assert "shown" in said, "the demonstration accounts are printed"
        assert "Traceback" not in said
        assert process.returncode == 0


def _wait_for(url, process):
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stdout.read()
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                assert json.load(answer) == {"status": "ok"}
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError("the console did not start")


class _Browser:
    """Just enough of a browser: cookies, redirects, forms with their token."""

    def __init__(self, url):
        self.url = url
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))

    def get(self, path):
        with self.opener.open(self.url + path, timeout=30) as answer:
            return answer.geturl(), answer.read().decode()

    def post(self, path, page, **fields):
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
        data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        with self.opener.open(self.url + path, data, timeout=30) as answer:
            return answer.geturl(), answer.read().decode()


def test_it_answers_signs_in_and_does_jobs(server, home):
    url, _port = server
    _folder, password = home
    browser = _Browser(url)
    where, page = browser.get("/jobs/")
    assert where.endswith("/sign-in/?next=/jobs/")
    where, page = browser.post("/sign-in/", page, username="boss", password=password)
    assert where.endswith("/password/")  # the first password is changed first
    new = "stone river lantern 9"
    fields = {"old_password": password, "new_password1": new, "new_password2": new}
    browser.post("/password/", page, **fields)
    _where, page = browser.get("/audit/")
    where, page = browser.post("/audit/verify/", page)
    deadline = time.monotonic() + 30
    while "链条完整</dt><dd>是</dd>" not in page:
        assert time.monotonic() < deadline, page
        time.sleep(0.3)
        _where, page = browser.get(where.removeprefix(url))
    with urllib.request.urlopen(f"{url}/static/css/base.css", timeout=10) as answer:
        assert answer.status == 200


def test_a_taken_port_is_said_in_words(server):
    _url, port = server
    done = run("serve", "--home", "unused", "--port", str(port), "--lang", "en")
    assert done.returncode == 1
    assert f"port {port} is taken" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_home_that_cannot_be_written_is_said_in_words(tmp_path):
    (tmp_path / "file").write_text("x")
    home, port = str(tmp_path / "file" / "home"), str(_free_port())
    done = run("serve", "--home", home, "--port", port, "--lang", "en")
    assert done.returncode == 1
    assert "cannot be used as home folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_of_another_machine_is_said_in_words(tmp_path):
    there = ("--host", "192.0.2.1", "--port", "8000")
    done = run("serve", "--home", str(tmp_path), *there, "--lang", "en")
    assert done.returncode == 1
    assert "cannot listen on 192.0.2.1:8000" in done.stderr


def test_work_needs_a_home_with_a_database(tmp_path):
    done = run("work", "--home", str(tmp_path / "nothing"), "--lang", "en")
    assert done.returncode == 1
    assert "holds no database" in done.stderr


def test_work_waits_for_jobs_and_stops(home):
    folder, _password = home
    code = "from tanfeng.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "work", "--home", str(folder), "--lang", "en"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    ) as process:
        assert "Waiting for background jobs" in process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def test_the_missing_part_for_postgresql_is_named(tmp_path):
    # As on a machine without the extra: the module cannot be found.
    code = "import sys; sys.modules['psycopg'] = None; from tanfeng.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "work", "--home", str(tmp_path)],
        capture_output=True,
        text=True,
        env={**environment(), "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
    )
    assert done.returncode == 1
    assert "pip install 'tanfeng[postgres]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_triggers_somebody_removed_are_noticed_and_put_back(home):
    import sqlite3

    folder, _password = home
    with sqlite3.connect(folder / "tanfeng.sqlite3") as database:
        database.execute("DROP TRIGGER core_auditevent_no_update")
    database.close()
    done = run("user", "add", "second", "--home", str(folder), "--lang", "en")
    assert done.returncode == 0
    assert "core_auditevent_no_update" in done.stderr
    assert "the database lacks its triggers" in done.stderr
    assert "lacks" not in run("user", "add", "third", "--home", str(folder), "--lang", "en").stderr
