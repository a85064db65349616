"""What is stated of inputs, and the interval of an account that follows from it.

The steelworks of ``test_method_accounts``: 1 000 t of bituminous coal give 1741.7496 t of CO2 and
500 t of limestone 220 t. Coal weighed to 2 % and the factor of limestone known to 4 %:

    coal        1741.7496 x 2 %  = 34.834992
    limestone    220      x 4 %  =  8.8
    together    sqrt(34.834992^2 + 8.8^2) = 35.929341
"""

from __future__ import annotations

import math
from io import BytesIO

import docx
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from openpyxl import load_workbook

from method_books import MethodBook
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import method_services, uncertainty, uncertainty_services
from tanfeng.console.accounting.models import InputUncertainty
from tanfeng.console.core.models import AuditEvent
from tanfeng.errors import ModelError

KEY = "gb_t_32151_5_2015"
COAL_T = 1000 * 19.57 * 0.0261 * 0.93 * 44 / 12
COAL = "row|fuel|bituminous|used_qty"
FACTOR = "factor|process_factors/pf_steel_limestone"


@pytest.fixture
def run(firm_b, org_b):
    book = MethodBook(METHODS[KEY])
    common = {
        "period": "2023", "credit_code": org_b.credit_code, "org_name": "演示乙钢铁有限公司",
    }  # fmt: skip
    book.add("fuel", item="烟煤", used_qty=1000, data_source="计量", **common)
    book.add("flux", item="石灰石", used_qty=500, **common)
    return method_services.account(
        firm_b, org_b, book.content(), "乙钢.xlsx", method_key=KEY, year=2023
    )


def stated(user, run, key=COAL, pct=2.0, **more):
    words = {
        "distribution": "normal", "together": True, "group": "", "grounds": "检定证书", **more,
    }  # fmt: skip
    return uncertainty_services.state(user, run, key, relative_pct=pct, **words)


def test_nothing_is_assumed_of_an_input_without_a_statement(run):
    panel = uncertainty.panel(run)
    assert panel["stated"] == 0
    assert len(panel["without"]) == panel["inputs"] > 4
    assert panel["chart"] is None
    assert panel["result"].drawn is None
    by_key = {row["key"]: row for row in panel["rows"]}
    # One percent more coal moves the total by one percent of what coal gives.
    assert by_key[COAL]["moves"] == pytest.approx(0.01 * COAL_T)
    assert by_key[FACTOR]["moves"] == pytest.approx(2.2)


def test_two_statements_give_the_interval_by_hand(firm_b, run):
    stated(firm_b, run)
    stated(firm_b, run, FACTOR, 4.0)
    panel = uncertainty.panel(run)
    half = math.hypot(0.02 * COAL_T, 8.8)
    low, high = panel["result"].propagated.interval_tco2e
    assert (high - low) / 2 == pytest.approx(half, rel=1e-9)
    assert (low + high) / 2 == pytest.approx(run.emission_total_tco2e)
    shares = {row["key"]: row["share"] for row in panel["rows"] if row["stated"]}
    assert shares == pytest.approx({COAL: (0.02 * COAL_T / half) ** 2, FACTOR: (8.8 / half) ** 2})
    # A sum of two normal variables is normal: both ways agree within what 10 000 draws can tell.
    drawn = panel["result"].drawn
    assert drawn.relative_pct == pytest.approx(panel["result"].propagated.relative_pct, rel=0.03)
    assert (panel["draws"], panel["seed"]) == (10_000, run.number)
    assert panel["chart"]["horizontal"]
    assert [one["is_factor"] for one in panel["groups"]] == [True]


def test_one_scale_of_two_inputs_is_a_named_group(firm_b, run):
    stated(firm_b, run, group="一号地磅")
    stated(firm_b, run, "row|flux|limestone|used_qty", 2.0, group="一号地磅")
    panel = uncertainty.panel(run)
    (group,) = panel["groups"]
    assert group["name"] == "一号地磅"
    assert len(group["inputs"]) == 2
    low, high = panel["result"].propagated.interval_tco2e
    assert (high - low) / 2 == pytest.approx(0.02 * (COAL_T + 220.0), rel=1e-9)


def test_a_changed_statement_withdraws_the_one_before(firm_b, run):
    first = stated(firm_b, run)
    stated(firm_b, run, pct=3.0)
    first.refresh_from_db()
    assert first.withdrawn_at is not None
    assert uncertainty.stated(run)[COAL].relative_pct == 3.0
    assert AuditEvent.objects.filter(action="uncertainty.state").first().detail["before"] == "2"
    uncertainty_services.withdraw(firm_b, run, COAL)
    assert uncertainty.stated(run) == {}
    assert InputUncertainty.objects.count() == 2, "nothing is deleted"
    with pytest.raises(ModelError):
        uncertainty_services.withdraw(firm_b, run, COAL)


def test_what_cannot_be_stated(subtests, firm_b, run):
    for key, more in (
        ("row|fuel|coal|no_such", {}),
        (COAL, {"pct": -1.0}),
        (COAL, {"pct": float("nan")}),
        (COAL, {"distribution": "cauchy"}),
        (COAL, {"grounds": "  "}),
    ):
        with subtests.test(key, **more):
            with pytest.raises(ModelError):
                stated(firm_b, run, key, **more)
            assert not InputUncertainty.objects.exists()


def test_who_may_not_hand_in_forms_states_nothing(subtests, request, run):
    for who in ("verifier", "park_user", "county_officer_a", "firm_a"):
        with subtests.test(who), pytest.raises(PermissionDenied):
            stated(request.getfixturevalue(who), run)


def test_the_page_takes_a_statement_and_the_account_shows_it(client_for, firm_b, run):
    client, url = client_for(firm_b), reverse("method-uncertainty", args=[run.number])
    account = reverse("method-run", args=[run.number])
    assert 'id="uncertainty-shares"' not in client.get(account).content.decode()
    fields = {
        "input": COAL, "relative_pct": "2", "distribution": "normal", "together": "on",
        "grounds": "检定证书 JD-1",
    }  # fmt: skip
    refused = client.post(url, {**fields, "grounds": ""})
    assert refused.status_code == 400
    assert client.post(url, fields)["Location"] == url
    page = client.get(url).content.decode()
    assert "检定证书 JD-1" in page
    shown = client.get(account).content.decode()
    assert 'id="uncertainty-shares"' in shown
    assert f"{run.number}" in shown
    gone = client.post(url, {"input": COAL, "do": "withdraw"})
    assert gone.status_code == 302
    assert uncertainty.stated(run) == {}


def test_the_workbook_says_what_is_not_stated(client_for, firm_b, run):
    stated(firm_b, run)
    url = reverse("method-uncertainty", args=[run.number])
    answer = client_for(firm_b).get(url, {"export": "xlsx"})
    sheet = load_workbook(BytesIO(answer.content)).active
    text = "\n".join(str(cell) for row in sheet.values for cell in row if cell is not None)
    assert "烟煤" in text
    assert str(run.number) in text
    assert AuditEvent.objects.filter(action="export.uncertainty").count() == 1


def _report(client, run, kind):
    content = client.get(reverse("method-run", args=[run.number]), {"format": kind}).content
    if kind == "xlsx":
        book = load_workbook(BytesIO(content))
        return {sheet.title: [list(row) for row in sheet.values] for sheet in book}
    document = docx.Document(BytesIO(content))
    return [p.text for p in document.paragraphs], [
        [cell.text for cell in row.cells] for table in document.tables for row in table.rows
    ]


def test_the_reports_say_it_only_where_something_is_stated(client_for, firm_b, run):
    client = client_for(firm_b)
    assert "不确定度" not in _report(client, run, "xlsx")
    assert not any("不确定度" in text for text in _report(client, run, "docx")[0])
    stated(firm_b, run)
    stated(firm_b, run, FACTOR, 4.0)
    half = math.hypot(0.02 * COAL_T, 8.8)
    pct = 100 * half / run.emission_total_tco2e
    sheet = _report(client, run, "xlsx")["不确定度"]
    own = client.get(reverse("method-uncertainty", args=[run.number]), {"export": "xlsx"})
    alone = [list(row) for row in load_workbook(BytesIO(own.content)).active.values]
    head = next(n for n, row in enumerate(alone) if row[0] == "排放源、物料")
    later = next(n for n, row in enumerate(sheet) if row[0] == "排放源、物料")
    assert alone[head:] == sheet[later:], "one table, wherever it stands"
    assert any(f"±{pct:.2f} %" in str(row[0]) for row in sheet[:later])
    coal = next(row for row in sheet if row[4] == 2.0)
    assert coal[9] == pytest.approx((0.02 * COAL_T / half) ** 2)
    texts, rows = _report(client, run, "docx")
    assert "七、不确定度" in texts
    assert any(f"±{pct:.2f} %" in text for text in texts)
    assert sorted(row[2] for row in rows if row[2:3] and "±" in row[2]) == ["±2 %", "±4 %"]
