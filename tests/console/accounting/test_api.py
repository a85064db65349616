"""The API gives the figures of the pages, as columns, and nothing outside the scope."""

from __future__ import annotations

import pytest

from tanfeng.console.accounting import figures
from tanfeng.console.core.models import AuditEvent


def _get(client, path):
    response = client.get(f"/api/v1/{path}")
    assert response.status_code == 200, (path, response.content)
    return response.json()


def test_nobody_reads_without_signing_in(client, run):
    for path in ("runs", "organisations", "totals", "factors", "openapi.json"):
        assert client.get(f"/api/v1/{path}").status_code == 401


def test_organisations_are_those_of_the_scope(client_for, run, city, firm_a, org_a, org_b):
    assert _get(client_for(city), "organisations")["count"] == 2
    own = _get(client_for(firm_a), "organisations")
    assert own["columns"]["credit_code"] == [org_a.credit_code]
    assert _get(client_for(city), "organisations?sector=steel")["columns"]["name"] == [org_b.name]
    assert _get(client_for(city), "organisations?place=none") == {
        "count": 0,
        "columns": {name: [] for name in own["columns"]},
    }


def test_one_organisation_with_its_totals(client_for, run, city, firm_a, org_a, org_b):
    found = _get(client_for(city), f"organisations/{org_a.credit_code}")
    assert [row["year"] for row in found["totals"]] == [2023, 2024]
    assert found["totals"][0]["emission_fuel_tco2"] is None
    assert client_for(firm_a).get(f"/api/v1/organisations/{org_b.credit_code}").status_code == 404


def test_totals_are_columns(client_for, run, city, firm_a):
    found = _get(client_for(city), "totals?year=2024")
    assert found["count"] == 2
    assert set(map(len, found["columns"].values())) == {2}
    assert _get(client_for(firm_a), "totals?year=2024")["count"] == 1
    months = _get(client_for(city), "totals?year=2024&month=6")
    assert months["count"] == 1  # firm B has no June
    assert AuditEvent.objects.filter(action="api.totals").count() == 3


def test_lines_hold_inputs_and_sources(client_for, run, city, firm_b, org_a):
    found = _get(client_for(city), f"lines?org={org_a.credit_code}&year=2024&item=diesel")
    assert found["count"] == 1
    number = found["columns"]["line"][0]
    line = _get(client_for(city), f"lines/1/{number}")
    assert line["redone"] == pytest.approx(line["value"], rel=1e-12)
    cells = [one["cell"] for one in line["inputs"] if one["cell"]]
    assert "H40" in [cell["cell"] for cell in cells]
    clauses = [one["factor"]["document"] for one in line["inputs"] if one["factor"]]
    assert all(clauses)
    client = client_for(firm_b)
    assert client.get(f"/api/v1/lines?org={org_a.credit_code}").status_code == 404
    assert client.get(f"/api/v1/lines/1/{number}").status_code == 404


def test_breakdown_and_chart_are_the_pages_figures(client_for, run, city, county_officer_a):
    found = _get(client_for(county_officer_a), "breakdown?by=sector&measure=energy_calorific_tce")
    assert found["scope"] == {"kind": "place", "name": "福清市"}
    overview = figures.overview_data(county_officer_a, year=2023)
    values = dict(zip(found["columns"]["year"], found["columns"]["value"], strict=True))
    assert values[2023] == pytest.approx(overview.headline["energy_calorific_tce"])
    chart = _get(client_for(city), "charts/sector")
    assert chart["x"] == ["2023", "2024"]
    steel = next(one for one in chart["series"] if one["key"] == "steel")
    assert steel["values"][0] is None  # no data is a gap


def test_wrong_questions_are_answered_with_the_rule(client_for, run, city):
    client = client_for(city)
    assert client.get("/api/v1/breakdown?measure=speed").status_code == 404
    assert client.get("/api/v1/breakdown?by=colour").status_code == 422
    assert client.get("/api/v1/totals?size=100000").status_code == 422
    assert client.get("/api/v1/factors?run=99").status_code == 404


def test_runs_and_factors(client_for, run, city, firm_a):
    assert _get(client_for(firm_a), "runs")["runs"][0]["number"] == 1
    factors = _get(client_for(firm_a), "factors")["columns"]
    assert len(set(map(len, factors.values()))) == 1
    assert all(factors["document"])


def test_the_description_is_served_here(client_for, city):
    client = client_for(city)
    assert "/api/v1/lines" in _get(client, "openapi.json")["paths"]
    page = client.get("/api/v1/docs/")
    assert page.status_code == 200
    assert b"https://" not in page.content
