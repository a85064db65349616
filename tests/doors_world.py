"""The two firms of the doors, written into the database: B keeps secrets, A is another's."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime

from django.conf import settings
from django.utils import timezone

from budget_world import quota_of
from closing_world import closed_month
from doors_kit import World
from forecast_world import forecast_of
from form_files import energy, workbook
from market_world import market_of
from metering_world import metering_of
from method_books import MethodBook
from mrv_world import carbon_year
from tanfeng.accounting.methods import METHODS
from tanfeng.console.accounting import lines, method_services
from tanfeng.console.accounting import services as accounting
from tanfeng.console.accounting.models import EnergyRecord, OutputRecord, Total
from tanfeng.console.archive.models import (
    Assignment,
    Membership,
    OfficialList,
    Organisation,
    OrganisationVersion,
    Park,
    Place,
)
from tanfeng.console.core import audit, storage
from tanfeng.console.core.models import Batch, Job, OpenSession, Role, Subject, User
from tanfeng.console.library.models import Document, FactorOverride
from tanfeng.console.plan import services as plan
from tanfeng.errors import Problem

CODE_A, CODE_B = "91359999MADEM00015", "91359999MADEM00028"
NAME_B = "机密乙钢铁有限公司"
KNOWN = datetime(2025, 2, 1, 4, 0, tzinfo=UTC)
#: What firm B uses every month; the sums of it must not show either. [1e4 kWh]
MONTHLY_B, MONTHLY_A = 7654.321, 1000.0


def _batch(user, code, name):
    batch = Batch.objects.create(
        form_key="monthly_energy",
        file_name=name,
        sha256=storage.keep(workbook("monthly_energy", [energy(code, "2024-03", MONTHLY_B)])),
        size_bytes=10,
        columns={"consumption_total_qty": "K"},
        status=Batch.Status.COMMITTED,
        rows_read=12,
        rows_good=12,
        outcome={"added": 12, "replaced": 0, "unchanged": 0},
        uploaded_by=user,
        scope=user.scope_key,
        committed_by=user,
        committed_at=KNOWN,
        problems=[
            asdict(Problem("E020", "warning", f"{code} 机密问题", f"{code} secret finding", row=3))
        ],
        warnings=1,
    )
    Subject.objects.create(batch=batch, org_code=code)
    return batch


def _records(batch, organisation, monthly, remark):
    EnergyRecord.objects.bulk_create(
        EnergyRecord(
            organisation=organisation,
            year=year,
            month=month,
            item_key="electricity",
            purchase_qty=monthly,
            consumption_total_qty=monthly,
            tier="measured",
            remark=remark,
            batch=batch,
            source_row=2 + month,
            known_from=KNOWN,
        )
        for year in (2023, 2024)
        for month in range(1, 13)
    )
    OutputRecord.objects.create(
        organisation=organisation,
        year=2024,
        month=3,
        product_name=f"{remark}产品",
        unit="吨",
        output_qty=monthly * 3,
        batch=batch,
        source_row=3,
        known_from=KNOWN,
    )


def _people(place_a, place_b, park_a):
    def user(name, role, **scope):
        return User.objects.create_user(name, password="correct horse 1", role=role, **scope)

    return {
        "city": user("city", Role.CITY),
        "admin": user("admin", Role.ADMIN),
        "county_a": user("county-a", Role.COUNTY, place_code=place_a.code),
        "county_b": user("county-b", Role.COUNTY, place_code=place_b.code),
        "park_a": user("park-a", Role.PARK, park_code=park_a.code),
        "firm_a": user("firm-a", Role.ENTERPRISE, org_code=CODE_A),
        "firm_b": user("firm-b", Role.ENTERPRISE, org_code=CODE_B),
        "verifier_a": user("verifier-a", Role.VERIFIER),
        "anonymous": None,
    }


def _firms(place_a, place_b, park_a):
    common = {"is_demo": True, "legal_person": "某"}
    first = Organisation.objects.create(
        credit_code=CODE_A, name="公开甲玻璃有限公司", industry_code="3041", sector="building",
        place=place_a, park=park_a, **common,
    )  # fmt: skip
    second = Organisation.objects.create(
        credit_code=CODE_B, name=NAME_B, industry_code="3120", sector="steel", place=place_b,
        address="机密路一号", permit_no="机密许可证", **common,
    )  # fmt: skip
    return first, second


def two_firms() -> World:
    """Write the two firms with everything the console keeps about them."""
    place_a = Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)
    place_b = Place.objects.create(
        code="350112", name_zh="长乐区", name_en="Changle", order=2, tile_x=1
    )
    park_a = Park.objects.create(code="park-a", name_zh="甲园区", place=place_a)
    users = _people(place_a, place_b, park_a)
    org_a, org_b = _firms(place_a, place_b, park_a)
    city, firm_b = users["city"], users["firm_b"]
    Assignment.objects.create(
        verifier=users["verifier_a"], organisation=org_a, valid_from=date(2024, 1, 1)
    )
    lists = OfficialList.objects.create(key="key-users", name_zh="重点用能单位", name_en="Key")
    Membership.objects.create(official_list=lists, organisation=org_b, valid_from=date(2024, 1, 1))
    OrganisationVersion.objects.create(
        organisation=org_b, changes={"permit_no": ["机密旧证", "机密许可证"]}, changed_by=city
    )
    batch_a = _batch(users["firm_a"], CODE_A, "公开甲.xlsx")
    batch_b = _batch(firm_b, CODE_B, "机密乙.xlsx")
    _records(batch_a, org_a, MONTHLY_A, "公开")
    _records(batch_b, org_b, MONTHLY_B, "机密备注")
    run = accounting.compute_run(city, years=(2023, 2024), title="Run", as_of=KNOWN)
    run = accounting.publish_run(city, run)
    job_b = Job.objects.create(
        kind="core.export", title="机密任务", user=firm_b, scope=firm_b.scope_key,
        status=Job.Status.DONE, result={"name": NAME_B}, result_name="机密结果.xlsx",
        codes=[CODE_B],
    )  # fmt: skip
    (folder := settings.RESULTS / str(job_b.pk)).mkdir(parents=True, exist_ok=True)
    (folder / "result").write_text(NAME_B)
    job_b.result_file = f"{job_b.pk}/result"
    job_b.save()
    audit.record("organisation.read", user=city, thing=org_b)
    method_b = _method_account(firm_b, org_b)
    plan.load_plan()
    return World(
        users=users,
        code_a=CODE_A,
        code_b=CODE_B,
        place_b=place_b.code,
        secrets=_secrets(org_a, org_b, run, method_b),
        things={
            "org_b": org_b,
            "batch_b": batch_b,
            "job_b": job_b,
            "run": run,
            "method_b": method_b,
            "record_b": EnergyRecord.objects.filter(organisation=org_b).first(),
            "line_b": _line_of(run, city),
            "document": _document(),
            "session_b": OpenSession.objects.create(
                # A session that is open: an old one would be swept when somebody signs in.
                session_key="b" * 32,
                user=firm_b,
                started_at=timezone.now(),
                seen_at=timezone.now(),
            ),
            "override": _override(city),
            **quota_of(org_b, city, MONTHLY_B),
            **carbon_year(org_b, firm_b, city, f"{NAME_B}机密", MONTHLY_B),
            **market_of(org_b, firm_b, city, f"{NAME_B}机密", MONTHLY_B),
            **metering_of(org_b, firm_b, "机密"),
            **closed_month(org_b, firm_b, batch_b, f"{NAME_B}机密", MONTHLY_B),
            **forecast_of(org_b, MONTHLY_B, "机密"),
        },
    )


def _method_account(user, organisation):
    """Account 7 654.321 t of limestone of B by the method of steel."""
    book = MethodBook(METHODS["gb_t_32151_5_2015"])
    book.add(
        "flux", period="2023", item="石灰石", used_qty=MONTHLY_B, credit_code=CODE_B,
        org_name=NAME_B,
    )  # fmt: skip
    return method_services.account(
        user, organisation, book.content(), "机密工作簿.xlsx", method_key=book.method.key, year=2023
    )


def _secrets(org_a, org_b, run, method_b):
    """Return names, codes and remarks of B, its monthly and yearly numbers, and sums with A's."""
    words = {CODE_B, NAME_B, "机密", "secret finding", "7654.3", "7654"}
    words.add(f"{method_b.emission_total_tco2e:.1f}")
    numbers = set()
    for field in Total._meta.concrete_fields:
        if not field.name.endswith(("_tce", "_tco2")):
            continue
        for month in (0, 3):
            of = {
                total.organisation_id: getattr(total, field.name) or 0.0
                for total in Total.objects.filter(run=run, year=2024, month=month)
            }
            numbers |= {of.get(org_b.pk, 0.0), of.get(org_a.pk, 0.0) + of.get(org_b.pk, 0.0)}
    # Five digits and more cannot be there by chance.
    return frozenset(words | {f"{number:.0f}" for number in numbers if number >= 10_000})


def _line_of(run, city):
    for number in range(1, run.line_count + 1):
        if lines.one(city, run, number).organisation.credit_code == CODE_B:
            return number
    raise AssertionError("firm B has no line")


def _document():
    return Document.objects.first() or Document.objects.create(number="GB/T 1", title_zh="文件")


def _override(city):
    return FactorOverride.objects.create(
        table="energy_items",
        row_id="electricity",
        value=1.229,
        unit="tce/1e4 kWh",
        document="x",
        verified_on=date(2024, 1, 1),
        created_by=city,
    )
