"""What a form is: one declaration gives its template, its reader, its writer and its checks.

The columns come from tables (``tables/*.csv``): the official forms as the shared tables print
them, our own forms and the additions met in practice in ``own_forms.csv``. What a table cannot
say (which columns are the key, which may be summed) stands in :mod:`tanfeng.sheets._form_specs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

import polars as pl

from tanfeng.errors import ModelError
from tanfeng.sheets._form_specs import SPECS, Spec
from tanfeng.sheets._tables import rows

Kind = Literal[
    "text",
    "code",
    "int",
    "decimal",
    "percent",
    "bool",
    "enum",
    "date",
    "period",
    "credit_code",
    "industry_code",
    "place_code",
    "item",
]
Need = Literal["key", "wanted", "no"]

NUMERIC: frozenset[str] = frozenset({"int", "decimal", "percent"})

#: Canonical unit -> how a heading prints it, Chinese and English.
UNIT_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "t": ("吨", "t"),
        "1e4 m3": ("万立方米", "1e4 m³"),
        "1e4 Nm3": ("万标准立方米", "1e4 Nm³"),
        "1e4 kWh": ("万千瓦时", "1e4 kWh"),
        "GJ": ("百万千焦", "GJ"),
        "tce": ("吨标准煤", "tce"),
        "tCO2": ("吨", "tCO₂"),
        "tCO2e": ("tCO₂e", "tCO₂e"),
        "1e3 CNY": ("千元", "1e3 CNY"),
        "1e4 CNY": ("万元", "1e4 CNY"),
        "kW": ("kW", "kW"),
        "h": ("小时", "h"),
        "%": ("%", "%"),
        "C": ("℃", "°C"),
        "fraction": ("小数", "fraction"),
        "deg": ("°", "deg"),
        "set": ("台", "set"),
    }
)
#: Units that say "as the row states it"; a heading shows nothing for them.
ROW_UNITS: frozenset[str] = frozenset(
    {
        "item unit",
        "row unit",
        "per item unit",
        "tce per item unit",
        "capacity unit",
        "unit energy unit",
        "indicator unit",
        "numerator unit",
        "denominator unit",
    }
)

_DTYPES: Mapping[str, pl.DataType] = MappingProxyType(
    {"int": pl.Int64(), "decimal": pl.Float64(), "percent": pl.Float64(), "bool": pl.Boolean()}
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a form.

    Parameters
    ----------
    key : str
        Field name, ending in its unit.
    kind : str
        How the cells are read.
    heading_zh, heading_en : str
        Heading without its unit.
    unit : str
        Unit of the values in the frame; ``item unit`` is the unit of the row's energy item.
    required : {"key", "wanted", "no"}
        ``key``: a row without it is refused; ``wanted``: its absence is told.
    choices : tuple of str
        Allowed values of a list, empty when free.
    synonyms : tuple of str
        Other headings met in files.
    group_zh : str
        Upper cell of a merged heading.
    note_zh, note_en : str
        What to write here, for the template.
    low, high : float or None
        Bounds of the value in ``unit``.
    past : bool
        True when the date cannot lie after today.
    example : str
        Value of the example row of the template.
    confidence : str
        ``own``, or the confidence of the shared table.
    """

    key: str
    kind: Kind
    heading_zh: str
    heading_en: str
    unit: str = ""
    required: Need = "no"
    choices: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    group_zh: str = ""
    note_zh: str = ""
    note_en: str = ""
    low: float | None = None
    high: float | None = None
    past: bool = False
    example: str = ""
    confidence: str = "own"

    @property
    def numeric(self) -> bool:
        """True for columns of numbers."""
        return self.kind in NUMERIC

    @property
    def dtype(self) -> pl.DataType:
        """Type of the column in the frame."""
        return _DTYPES.get(self.kind, pl.String())

    def heading(self, lang: str = "zh") -> str:
        """Return the heading with its unit, as the template prints it."""
        text = self.heading_en if lang == "en" else self.heading_zh
        unit = UNIT_NAMES.get(self.unit, (self.unit, self.unit))[lang == "en"]
        if not self.unit or self.unit in ROW_UNITS or ("(" in text and lang != "en"):
            return text
        return f"{text} ({unit})" if lang == "en" else f"{text}({unit})"


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A form: its columns, its key and what a table of columns cannot say.

    Parameters
    ----------
    key, name_zh, name_en : str
        Identifier and names.
    columns : tuple of Column
        In the order of the template.
    key_fields : tuple of str
        Fields that make a row unique; ``item_key`` is derived from the energy item.
    layout : {"table", "grid"}
        ``grid`` prints one row per energy item.
    basis : str
        Document behind the form.
    note_zh, note_en : str
        What the sheet 填报说明 says at its top.
    head : mapping
        Label above or below the table -> field of the head block.
    sums : mapping
        Fields whose total rows are compared -> field that weighs them, or empty.
    splits : mapping
        Number field -> text field that takes the unit written behind the number.
    fill_down : frozenset of str
        Fields that take the value above when empty.
    cumulative : bool
        True when figures run from January to the month.
    item_units : mapping
        Value of the field ``item`` -> unit of its amounts, for forms of materials that are no
        energy items.
    """

    key: str
    name_zh: str
    name_en: str
    columns: tuple[Column, ...]
    key_fields: tuple[str, ...]
    layout: Literal["table", "grid"] = "table"
    basis: str = ""
    note_zh: str = ""
    note_en: str = ""
    head: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    fill_down: frozenset[str] = frozenset()
    cumulative: bool = False
    item_units: Mapping[str, str] = field(default_factory=dict)

    def name(self, lang: str = "zh") -> str:
        """Return the name in the language asked for."""
        return self.name_en if lang == "en" else self.name_zh

    def column(self, key: str) -> Column:
        """Return the column of a field.

        Raises
        ------
        ModelError
            If the form has no such field.
        """
        for column in self.columns:
            if column.key == key:
                return column
        raise ModelError(f"form {self.key} has no field {key!r}; it has {', '.join(self.fields)}")

    @property
    def fields(self) -> tuple[str, ...]:
        """Keys of the columns in order."""
        return tuple(column.key for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Fields without which a row is refused."""
        return tuple(column.key for column in self.columns if column.required == "key")

    @property
    def has_items(self) -> bool:
        """True when the rows speak of energy items."""
        return any(column.kind == "item" for column in self.columns)

    def schema(self) -> dict[str, pl.DataType]:
        """Return the columns of the frame with their types, derived ones last."""
        schema: dict[str, pl.DataType] = {"source_row": pl.Int64()}
        schema.update({column.key: column.dtype for column in self.columns})
        if self.has_items:
            schema["item_key"] = pl.String()
        if "unit_zh" in schema:
            schema["unit"] = pl.String()
        if self.has_items:
            schema |= {"is_part": pl.Boolean(), "is_counted": pl.Boolean()}
        if "period" in schema:
            schema["year"] = pl.Int32()
            schema["month"] = pl.Int8()
        if "data_source" in schema:
            schema["tier"] = pl.String()
        return schema


_SHARED_KINDS: Mapping[str, Kind] = {"month": "date", "year": "date", "datetime": "date"}


def _bounds(rule: str) -> tuple[float | None, float | None]:
    span = re.fullmatch(r"(-?[\d.]+)\.\.(-?[\d.]+)", rule.split(";")[0].strip())
    if span:
        return float(span[1]), float(span[2])
    least = re.match(r">=? (-?[\d.]+)\b", rule)
    return (float(least[1]) if least else None), None


def _column(row: Mapping[str, str], spec: Spec) -> Column:
    rule = row["rule"]
    choices = tuple(rule[3:].strip().split("/")) if rule.startswith("in:") else ()
    kind = spec.kinds.get(row["field_key"]) or _SHARED_KINDS.get(row["type"], row["type"])  # type: ignore[arg-type]
    if row["field_key"] == "credit_code":
        kind = "credit_code"
    if kind == "enum" and not choices:
        kind = "text"
    if kind == "enum" and all(choice.isdigit() for choice in choices):
        kind = "int"
    need = row["required"]
    if spec.table != "own_forms.csv" and need in {"yes", "no"}:
        need = "key" if row["field_key"] in spec.hard else {"yes": "wanted"}.get(need, "no")
    low, high = _bounds(rule)
    return Column(
        key=row["field_key"],
        kind=kind,  # type: ignore[arg-type]
        heading_zh=row["heading_zh"],
        heading_en=row["heading_en"],
        unit=row["unit"],
        required=need,  # type: ignore[arg-type]
        choices=() if kind == "bool" else choices,
        synonyms=tuple(filter(None, row["synonyms_zh"].split(";"))),
        group_zh="" if row.get("group_zh") in {"公共", "电动机"} else row.get("group_zh", ""),
        note_zh=row.get("note_zh", "") or ("栏目待核实" if spec.unverified else ""),
        note_en=row.get("note_en", "") or ("Column unverified" if spec.unverified else ""),
        low=low,
        high=high,
        past="<= today" in rule,
        example=row.get("example", ""),
        confidence=row.get("confidence") or "own",
    )


def _build(spec: Spec) -> Form:
    columns: dict[str, Column] = {}
    head = dict(spec.head)
    sources = [spec.table] if spec.table == "own_forms.csv" else [spec.table, "own_forms.csv"]
    for row in (row for name in sources for row in rows(name) if row["form_key"] == spec.key):
        key = row["field_key"]
        if row["column_no"].startswith("H"):
            head.setdefault(row["heading_zh"], key)
        elif not row["heading_zh"]:
            more = tuple(row["synonyms_zh"].split(";"))
            columns[key] = replace(columns[key], synonyms=columns[key].synonyms + more)
        else:
            columns[key] = _column(row, spec)
    return Form(
        key=spec.key,
        name_zh=spec.name_zh,
        name_en=spec.name_en,
        columns=tuple(columns.values()),
        key_fields=spec.key_fields,
        layout=spec.layout,
        basis=spec.basis,
        note_zh=spec.note_zh,
        note_en=spec.note_en,
        head=MappingProxyType(head),
        sums=MappingProxyType(dict(spec.sums)),
        splits=MappingProxyType(dict(spec.splits)),
        fill_down=spec.fill_down,
        cumulative=spec.cumulative,
    )


@lru_cache(maxsize=1)
def forms() -> Mapping[str, Form]:
    """Return every form by key, in the order a person is offered them."""
    return MappingProxyType({spec.key: _build(spec) for spec in SPECS})


def form(key: str) -> Form:
    """Return one form.

    Raises
    ------
    ModelError
        If there is no such form; the message lists the known ones.
    """
    found = forms().get(key)
    if found is None:
        raise ModelError(f"there is no form {key!r}; known: {', '.join(forms())}")
    return found
