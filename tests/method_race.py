"""Several people at one method account at once; run as a process: ``method_race.py HOME``.

Prints as JSON what came of it. The home is migrated and filled here, so that the same script runs
on SQLite and, with ``DATABASE_URL``, on PostgreSQL.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections import Counter
from pathlib import Path

PEOPLE, TURNS = 4, 3
KEY = "gb_t_32151_5_2015"
COAL = "row|fuel|bituminous|used_qty"


def main() -> None:
    """Fill a home, let the people run, and print what stands."""
    from tanfeng.cli._database import migrate
    from tanfeng.cli._home import open_home

    os.environ["TANFENG_JOBS_IMMEDIATE"] = "1"
    open_home(Path(sys.argv[1]), must_exist=False)
    migrate()
    from tanfeng.console.accounting.models import MethodRun
    from tanfeng.console.archive.models import Organisation, Place

    place = Place.objects.create(code="350181", name_zh="福清市", name_en="Fuqing", order=1)
    firms = [
        Organisation.objects.create(credit_code=code, name=name, industry_code="3120", place=place)
        for code, name in (("91359999MADEM00015", "演示甲"), ("91359999MADEM00028", "演示乙"))
    ]
    said = _at_once(lambda user, n: _account(user, firms[0], n))
    # Each with an enterprise of its own: they share nothing but the next number.
    said += _at_once(lambda user, n: _account(user, firms[n % 2], 100 + n))
    last = MethodRun.objects.filter(organisation=firms[0]).order_by("-number")[0]
    said += _at_once(lambda user, n: _state(user, last, n))
    said += _at_once(lambda user, n: _file(user, firms[0], n))
    sys.stdout.write(json.dumps({"said": Counter(said), **_stands(firms, last)}) + "\n")


def _at_once(deed) -> list[str]:
    """Let everybody do something ``TURNS`` times, all at the same moment; return what was said."""
    from django.db import connections

    from tanfeng.console.core.models import User

    gate, said = threading.Barrier(PEOPLE), []

    def person(n: int) -> None:
        user = User.objects.get_or_create(username=f"city-{n}", defaults={"role": "city"})[0]
        for turn in range(TURNS):
            gate.wait()
            try:
                said.append(deed(user, n + PEOPLE * turn))
            except Exception:
                said.append(traceback.format_exc())
        connections.close_all()

    threads = [threading.Thread(target=person, args=(n,)) for n in range(PEOPLE)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return said


def _account(user, firm, n: int) -> str:
    """Hand in a workbook of ``1000 + n`` tonnes of coal."""
    from method_books import MethodBook
    from tanfeng.accounting.methods import METHODS
    from tanfeng.console.accounting import method_services

    book = MethodBook(METHODS[KEY])
    book.add(
        "fuel", period="2023", item="烟煤", used_qty=1000 + n, credit_code=firm.credit_code,
        org_name=firm.name, data_source="计量",
    )  # fmt: skip
    run = method_services.account(
        user, firm, book.content(), f"{n}.xlsx", method_key=KEY, year=2023
    )
    return f"accounted {run.missing_rows}"


def _state(user, run, n: int) -> str:
    from tanfeng.console.accounting import uncertainty_services

    uncertainty_services.state(
        user, run, COAL, relative_pct=1.0 + n, distribution="normal", together=True, group="",
        grounds="检定证书",
    )  # fmt: skip
    return "stated"


def _file(user, firm, n: int) -> str:
    """File twelve months of a carbon year, one each."""
    from tanfeng.console.registers.mrv import services

    report = services.open_year(user, firm, 2024)
    services.file_month(user, report, n + 1, "coal_use_t", {"value": 1.0 + n, "unit": "t"})
    return "filed"


def _stands(firms, last) -> dict[str, object]:
    from tanfeng.console.accounting import method_files
    from tanfeng.console.accounting.models import InputUncertainty, MethodRun
    from tanfeng.console.core import audit
    from tanfeng.console.registers.mrv.models import Tally

    runs = list(MethodRun.objects.order_by("number"))
    chains = [
        [one.replaces.number if one.replaces else None for one in runs if one.organisation == firm]
        for firm in firms
    ]
    numbers = [[one.number for one in runs if one.organisation == firm] for firm in firms]
    tally = Tally.objects.get()
    return {
        "numbers": [one.number for one in runs],
        # Each replaces the one before it of the same enterprise, the first none.
        "unbranched": [
            chain == [None, *own[:-1]] for chain, own in zip(chains, numbers, strict=True)
        ],
        "broken": [name for one in runs for name in method_files.broken_files(one)],
        "amounts": sorted(
            {method_files.opened(one).lines[0]["inputs"][0]["value"] for one in runs}
        ),
        "statements": [
            InputUncertainty.objects.count(),
            InputUncertainty.objects.filter(withdrawn_at=None).count(),
        ],
        "tally": [tally.basis != "", tally.filed, tally.to_review],
        "log": len(audit.verify().breaks),
    }


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
