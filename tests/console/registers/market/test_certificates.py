"""One certificate has one claim: in the service, in a file, and in the database when two come."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import date

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from cli_process import environment
from form_files import workbook
from market_world import CCER, GREEN
from tanfeng.console.core import imports
from tanfeng.console.registers.market import certificates
from tanfeng.console.registers.market.models import Certificate, Claim
from tanfeng.errors import DataError

DAY = date(2025, 6, 1)


@pytest.fixture
def green(org_a, firm_a):
    return certificates.register(
        firm_a, org_a, {**GREEN, "valid_from": date(2025, 1, 1), "valid_to": date(2025, 12, 31)}
    )


def _rules(error) -> set[str]:
    return {one.rule for one in error.value.problems}


def test_a_second_claim_is_refused_naming_both(green, firm_a):
    claimed = certificates.claim(firm_a, green, "energy_deduction", "2025", DAY)
    with pytest.raises(DataError) as error:
        certificates.claim(firm_a, green, "footprint", "2025", DAY)
    (problem,) = error.value.problems
    assert problem.rule == "R023"
    assert "能耗扣除" in problem.message_zh
    assert "产品碳足迹" in problem.message_zh
    certificates.release(firm_a, claimed, "改用于产品")
    again = certificates.claim(firm_a, green, "footprint", "2025", DAY)
    assert [one.pk for one in green.claims.all()] == [again.pk, claimed.pk]
    with pytest.raises(DataError):
        certificates.release(firm_a, claimed, "再次")


def test_the_database_holds_one_open_claim(green, firm_a, org_a):
    certificates.claim(firm_a, green, "energy_deduction", "2025", DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(
            certificate=green, organisation=org_a, kind=green.kind, purpose="footprint",
            period="2025", date=DAY, entered_by=firm_a,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "purpose"),
    [("green_certificate", "ets_offset"), ("ccer", "energy_deduction"), ("ccer", "nonsense")],
)
def test_the_database_knows_what_a_kind_may_serve(green, firm_a, org_a, kind, purpose):
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(
            certificate=green, organisation=org_a, kind=kind, purpose=purpose, period="2025",
            date=DAY, entered_by=firm_a,
        )  # fmt: skip


_AT_ONCE = """
import json, os, sys, threading, traceback
from datetime import date
from pathlib import Path
from tanfeng.cli._home import open_home
from tanfeng.cli._database import migrate
os.environ["TANFENG_JOBS_IMMEDIATE"] = "1"
open_home(Path(sys.argv[1]), must_exist=False)
migrate()
from django.db import connections
from tanfeng.console.archive.models import Organisation, Place
from tanfeng.console.core.models import User
from tanfeng.console.registers.market import certificates
from tanfeng.console.registers.market.models import Claim
from tanfeng.errors import DataError
place = Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)
firm = Organisation.objects.create(
    credit_code="91359999MADEM00015", name="演示甲", industry_code="3041", place=place
)
user = User.objects.create_user("city", role="city")
held = [
    certificates.register(
        user, firm, {"kind": "green_certificate", "number": f"G{n}", "amount": 1.0}
    )
    for n in range(5)
]
gate, said = threading.Barrier(4), []
def claim(purpose):
    for one in held:
        gate.wait()
        try:
            certificates.claim(user, one, purpose, "2025", date(2025, 6, 1))
            said.append("claimed")
        except DataError as error:
            said.append(error.problems[0].rule)
        except Exception:
            said.append(traceback.format_exc())
    connections.close_all()
purposes = ("energy_deduction", "footprint", "market_factor", "voluntary")
threads = [threading.Thread(target=claim, args=(purpose,)) for purpose in purposes]
[one.start() for one in threads]
[one.join() for one in threads]
print(json.dumps([sorted(said), Claim.objects.count()]))
"""


def test_four_people_claiming_at_once_get_one_claim(tmp_path, boss_home):
    """Five certificates, four people each, on a database of its own: five claims, fifteen told."""
    done = subprocess.run(
        [sys.executable, "-c", _AT_ONCE, str(shutil.copytree(boss_home, tmp_path / "home"))],
        capture_output=True,
        text=True,
        env={**environment(), "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [["R023"] * 15 + ["claimed"] * 5, 5]


def test_a_claim_that_slips_past_the_check_is_refused_by_the_database(green, firm_a, monkeypatch):
    """The other window commits between the check and the write."""
    certificates.claim(firm_a, green, "energy_deduction", "2025", DAY)
    monkeypatch.setattr(certificates, "claim_of", lambda _one: None)
    with pytest.raises(DataError) as error:
        certificates.claim(firm_a, green, "footprint", "2025", DAY)
    assert _rules(error) == {"R023"}
    assert Claim.objects.count() == 1


@pytest.mark.parametrize(
    ("purpose", "day", "rule"),
    [
        ("ets_offset", DAY, "R024"),
        ("energy_deduction", date(2024, 12, 31), "R024"),
        ("energy_deduction", date(2999, 1, 1), "K020"),
        ("nonsense", DAY, "K020"),
    ],
)
def test_claims_that_cannot_be(green, firm_a, purpose, day, rule):
    with pytest.raises(DataError) as error:
        certificates.claim(firm_a, green, purpose, "2025", day)
    assert _rules(error) == {rule}


def test_a_number_is_registered_once_by_whomever(green, org_b, firm_b):
    with pytest.raises(DataError) as error:
        certificates.register(firm_b, org_b, GREEN)
    (problem,) = error.value.problems
    assert problem.heading == "number"
    assert "演示甲" not in problem.message_zh
    certificates.register(firm_b, org_b, {**CCER, "number": GREEN["number"]})


def test_who_may(green, org_a, firm_b, county_officer_a, park_user, verifier, firm_a):
    claimed = certificates.claim(firm_a, green, "energy_deduction", "2025", DAY)
    for user in (firm_b, county_officer_a, park_user, verifier):
        for refused in (
            lambda user=user: certificates.register(user, org_a, CCER),
            lambda user=user: certificates.claim(user, green, "footprint", "2025", DAY),
            lambda user=user: certificates.release(user, claimed, "x"),
            lambda user=user: certificates.unregister(user, green, "x"),
        ):
            with pytest.raises(PermissionDenied):
                refused()


def test_withdrawn_by_mistake_frees_its_number(green, org_a, firm_a):
    claimed = certificates.claim(firm_a, green, "energy_deduction", "2025", DAY)
    with pytest.raises(DataError):
        certificates.unregister(firm_a, green, "误")
    certificates.release(firm_a, claimed, "误")
    with pytest.raises(DataError):
        certificates.unregister(firm_a, green, "")
    certificates.unregister(firm_a, green, "误")
    green.refresh_from_db()
    assert green.withdrawn_by == firm_a
    with pytest.raises(DataError):
        certificates.claim(firm_a, green, "footprint", "2025", DAY)
    certificates.register(firm_a, org_a, GREEN)


# The form


def _row(code, number="GEC-7", **changes):
    return {
        "credit_code": code, "kind": "绿证", "number": number, "amount": 100.0,
        "valid_from": "2025-01-01", "valid_to": "2025-12-31", **changes,
    }  # fmt: skip


def _upload(user, *rows):
    return imports.upload(
        user, workbook("market_certificate", list(rows)), "证书.xlsx",
        form_key="market_certificate",
    )  # fmt: skip


def test_a_file_registers_claims_and_is_taken_back(org_a, firm_a):
    used = {"purpose": "能耗扣除", "used_for": "2025", "used_on": "2025-06-01"}
    batch = _upload(firm_a, _row(org_a.credit_code, **used), _row(org_a.credit_code, "GEC-8"))
    assert (batch.errors, batch.warnings) == (0, 0)
    imports.confirm(firm_a, batch)
    assert Certificate.objects.count() == 2
    assert Claim.objects.get().certificate.number == "GEC-7"
    # The same file again changes nothing; a use added later is one claim.
    again = _upload(
        firm_a, _row(org_a.credit_code, **used), _row(org_a.credit_code, "GEC-8", **used)
    )
    assert again.errors == 0
    imports.confirm(firm_a, again)
    assert (Certificate.objects.count(), Claim.objects.count()) == (2, 2)
    imports.undo(firm_a, again)
    assert Claim.objects.filter(released_at__isnull=True).count() == 1
    imports.undo(firm_a, batch)
    assert not Certificate.objects.filter(withdrawn_at__isnull=True).exists()
    assert not Claim.objects.filter(released_at__isnull=True).exists()


def test_every_error_of_a_file_is_told_at_once(org_a, org_b, firm_a, green):
    certificates.claim(firm_a, green, "footprint", "2025", DAY)
    code = org_a.credit_code
    use = {"used_for": "2025", "used_on": "2025-06-01"}
    own = {"number": GREEN["number"], "amount": GREEN["amount"]}
    batch = _upload(
        firm_a,
        _row(org_b.credit_code),
        _row(code, "N-2", kind="CCER", purpose="能耗扣除", **use),
        _row(code, "N-3", purpose="能耗扣除"),
        _row(code, "N-4", kind="CCER", purpose="碳市场抵销", **use),
        _row(code, "N-5", purpose="能耗扣除", used_for="2024", used_on="2024-06-01"),
        _row(code, purpose="能耗扣除", **use, **own),
        _row(code, "N-6", valid_to="2024-01-01"),
    )
    told = {(one["row"], one["rule"]) for one in batch.problems if one["severity"] == "error"}
    assert [rule for _row_number, rule in sorted(told)] == [
        "D061", "D063", "D064", "D067", "D066", "D065", "D066",
    ]  # fmt: skip


def test_another_enterprises_number_is_refused_without_its_name(org_a, org_b, firm_b, green):
    batch = _upload(firm_b, _row(org_b.credit_code, GREEN["number"], amount=GREEN["amount"]))
    (problem,) = [one for one in batch.problems if one["severity"] == "error"]
    assert problem["rule"] == "D062"
    assert "演示甲" not in problem["message_zh"]
