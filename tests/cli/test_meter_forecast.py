"""``tanfeng meter forecast``: the night's work from the shell."""

from __future__ import annotations

import shutil

from cli_process import run_each


def test_a_home_without_meters_has_nothing_to_forecast(tmp_path, boss_home):
    home = str(shutil.copytree(boss_home, tmp_path / "home"))
    zh, en = run_each(
        ("meter", "forecast", "--home", home),
        ("meter", "forecast", "--home", home, "--day", "2026-03-01", "--lang", "en"),
    )
    assert zh.returncode == 0, zh.stderr
    assert "已预测 0 个用能序列" in zh.stdout
    assert "0 series forecast, 0 with too little history" in en.stdout


def test_a_home_without_a_database_is_refused(tmp_path):
    (done,) = run_each(("meter", "forecast", "--home", str(tmp_path / "none"), "--lang", "en"))
    assert done.returncode == 1
    assert "holds no database" in done.stderr
