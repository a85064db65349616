"""Screenshots from the shell: ``python -m tests.browser.shoot / /inventory/ --user city``.

Reads the demonstration accounts from the home folder, signs in, and saves one picture per page
and size under ``tests/browser/shots/``; whatever the browser complained about is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser.watch import WIDTHS, launch, window


def main() -> int:
    """Take the pictures; exit code 1 when the browser complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", help="paths such as / or /enterprises/?page=2")
    parser.add_argument("--base", default="http://127.0.0.1:8000")
    parser.add_argument("--home", default="tanfeng-home", help="folder with demo-accounts.json")
    parser.add_argument("--user", default="", help="account or role to sign in as")
    parser.add_argument("--size", nargs="+", default=["desk"], choices=sorted(WIDTHS))
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--lang", default="zh", choices=["zh", "en"])
    parser.add_argument("--out", default="", help="folder inside shots/ to save in")
    parser.add_argument("--fold", action="store_true", help="only what fits the window")
    options = parser.parse_args()
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for size in options.size:
            with window(browser, options.base, size=size, dark=options.dark) as watch:
                if options.user:
                    watch.sign_in(*_account(Path(options.home), options.user))
                watch.open(options.paths[0])
                watch.language(options.lang)
                for path in options.paths:
                    watch.open(path)
                    watch.inspect(lang=options.lang)
                    words = (options.user, path, size, "dark" * options.dark, options.lang)
                    name = "-".join(
                        filter(None, (re.sub(r"\W+", "_", w).strip("_") for w in words))
                    )
                    saved = watch.shot(f"{options.out}/{name}".lstrip("/"), full=not options.fold)
                    sys.stdout.write(f"{saved}\n")
                complaints += watch.faults
        browser.close()
    for complaint in complaints:
        sys.stdout.write(f"! {complaint}\n")
    return 1 if complaints else 0


def _account(home: Path, wanted: str) -> tuple[str, str]:
    accounts = json.loads((home / "demo-accounts.json").read_text(encoding="utf-8"))
    for account in accounts:
        if wanted in (account["username"], account["role"]):
            return account["username"], account["password"]
    names = ", ".join(account["username"] for account in accounts)
    raise SystemExit(f"no account {wanted!r}; there are {names}")


if __name__ == "__main__":
    raise SystemExit(main())
