"""Print a document as PDF, and a drawing as PNG, through typst with our own font."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from tanfeng.errors import ModelError
from tanfeng.reports.document import Document

FONTS = files("tanfeng.reports") / "fonts"


def to_pdf(document: Document) -> bytes:
    """Return the document as PDF; the font is embedded and cut to the glyphs used.

    Raises
    ------
    ModelError
        If the report font is not installed with the package.
    """
    text = (files("tanfeng.reports") / "report.typ").read_text(encoding="utf-8")
    return _compile(text, {"document": json.dumps(_plain(document), ensure_ascii=False)}, "pdf")


def svg_to_png(svg: str, *, ppi: float = 220.0) -> bytes:
    """Return a drawing as PNG, for writers that cannot embed SVG."""
    text = (
        "#set page(width: auto, height: auto, margin: 0pt)\n"
        '#set text(font: "Noto Sans SC")\n'
        '#image(bytes(sys.inputs.svg), format: "svg")'
    )
    return _compile(text, {"svg": svg}, "png", ppi)


def _plain(document: Document) -> dict[str, object]:
    plain = dataclasses.asdict(document)
    plain["blocks"] = [
        {"kind": type(block).__name__, **dataclasses.asdict(block)} for block in document.blocks
    ]
    return plain


def _compile(
    text: str, inputs: dict[str, str], form: Literal["pdf", "png"], ppi: float = 144.0
) -> bytes:
    import typst

    with as_file(FONTS) as fonts, tempfile.TemporaryDirectory() as folder:
        if not (fonts / "NotoSansSC-Regular.ttf").is_file():
            raise ModelError("the report font is missing; install the package again")
        source = Path(folder) / "report.typ"
        source.write_text(text, encoding="utf-8")
        return typst.compile(
            str(source),
            root=folder,
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
            format=form,
            ppi=ppi,
            sys_inputs=inputs,
        )
