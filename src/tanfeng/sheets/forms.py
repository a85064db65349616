"""What a form is: one declaration gives its template, its reader, its writer and its checks.

The columns come from tables (``tables/*.csv``): the official forms as the shared tables print
them, our own forms and the additions met in practice in ``own_forms.csv``. What a table cannot
say (which columns are the key, which may be summed) stands in :data:`_SPECS`.
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


@dataclass(frozen=True, slots=True)
class _Spec:
    key: str
    table: str
    name_zh: str
    name_en: str
    key_fields: tuple[str, ...]
    hard: tuple[str, ...] = ()
    layout: Literal["table", "grid"] = "table"
    basis: str = ""
    note_zh: str = ""
    note_en: str = ""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    head: Mapping[str, str] = field(default_factory=dict)
    sums: Mapping[str, str] = field(default_factory=dict)
    splits: Mapping[str, str] = field(default_factory=dict)
    fill_down: frozenset[str] = frozenset()
    cumulative: bool = False
    #: Its columns rest on one source or on memory: the template says so at each of them.
    unverified: bool = False


def _plain(fields: str) -> dict[str, str]:
    return dict.fromkeys(fields.split(), "")


_SPECS = (
    _Spec(
        "enterprise_archive",
        "own_forms.csv",
        "企业基本情况(一企一档)",
        "Enterprise archive",
        ("credit_code",),
        note_zh="每家法人单位一行。分支机构填在所属法人单位名下。",
        note_en="One row per legal person; branches belong to their legal person.",
    ),
    _Spec(
        "monthly_energy",
        "own_forms.csv",
        "能源购进、消费与库存月报(平台表)",
        "Monthly energy",
        ("credit_code", "period", "item_key"),
        basis="按 205-1 表口径的平台明细行",
        note_zh="每家单位、每月、每个能源品种一行, 填当月数(不是累计数)。"
        "没有数据请留空, 0 表示确实为零。",
        note_en="One row per enterprise, month and energy item; the month's own figures, not "
        "cumulative. Leave a cell empty when there is no data; 0 means zero.",
        sums=_plain("purchase_amount_kcny green_power_1e4kwh"),
    ),
    _Spec(
        "product_output",
        "own_forms.csv",
        "主要产品产量与产值月报",
        "Product output",
        ("credit_code", "period", "product_name"),
        note_zh="每家单位、每月、每种产品一行; 产值只填在其中一行或按产品分列, 不要重复。",
        note_en="One row per enterprise, month and product; give output value once or split it "
        "by product, never twice.",
        sums=_plain("gross_output_kcny value_added_kcny"),
    ),
    _Spec(
        "monthly_wide",
        "own_forms.csv",
        "企业分月能耗统计表(宽表)",
        "Monthly energy, one row per month",
        ("credit_code", "period"),
        note_zh="企业自用的分月表: 每月一行, 每种能源一列。",
        note_en="A firm's own table: one row per month, one column per kind of energy.",
        sums=_plain(
            "electricity_1e4kwh self_use_pv_1e4kwh raw_coal_t natural_gas_1e4m3 steam_t heat_gj "
            "diesel_t gasoline_t lng_t lpg_t output_t gross_output_kcny electricity_cost_kcny "
            "gas_cost_kcny"
        ),
    ),
    _Spec(
        "stat_205_1",
        "stat_205_1.csv",
        "能源购进、消费与库存(205-1表)",
        "Energy purchase, consumption and stock (form 205-1)",
        ("item_key",),
        hard=("energy_name",),
        layout="grid",
        basis="国家统计局《能源统计报表制度》, 企业自留副本",
        note_zh="1—本月累计数; 年初库存量全年不变; 金额单位千元; 没有数据请留空。",
        note_en="Cumulative from January; the stock at the start of the year stays the same all "
        "year; amounts in thousand CNY; leave a cell empty when there is no data.",
        kinds={"energy_name": "item"},
        head={
            "单位负责人": "signed_head",
            "统计负责人": "signed_statistics",
            # Of the supplement below the table; the form prints the period behind the name.
            "综合能源消费量": "comprehensive_energy_tce",
            "综合能源消费量(本期)": "comprehensive_energy_tce",
        },
        cumulative=True,
    ),
    _Spec(
        "stat_205_2",
        "stat_205_2.csv",
        "能源加工转换与回收利用(205-2表)",
        "Energy conversion and recovery (form 205-2)",
        ("item_key",),
        hard=("energy_name",),
        layout="grid",
        basis="国家统计局《能源统计报表制度》, 企业自留副本",
        note_zh="1—本月累计数; 有加工转换或回收利用的单位填报; 没有数据请留空。栏目待核实。",
        note_en="Cumulative from January; for those who convert or recover energy; leave a cell "
        "empty when there is no data. The columns are unverified.",
        kinds={"energy_name": "item"},
        head={"单位负责人": "signed_head", "统计负责人": "signed_statistics"},
        cumulative=True,
        unverified=True,
    ),
    _Spec(
        "stat_205_3",
        "stat_205_3.csv",
        "单位产品能源消费情况(205-3表)",
        "Unit product energy use (form 205-3)",
        ("indicator_name",),
        hard=("indicator_name",),
        basis="国家统计局《能源统计报表制度》, 企业自留副本",
        note_zh="每项单耗指标一行; 指标和代码按各行业附录填写, 本表不预印。",
        note_en="One row per indicator; names and codes follow the annex of the sector and are "
        "not printed here.",
        head={"单位负责人": "signed_head", "统计负责人": "signed_statistics"},
        cumulative=True,
        unverified=True,
    ),
    _Spec(
        "stat_b204_1",
        "stat_b204_1.csv",
        "工业产销总值及主要产品产量(B204-1表)",
        "Gross output, sales and main product output (form B204-1)",
        ("indicator_name",),
        hard=("indicator_name",),
        basis="国家统计局《工业统计报表制度》, 企业自留副本",
        note_zh="先填产销总值(千元), 再每种主要产品一行; 产品代码按报表制度目录。栏目待核实。",
        note_en="Values first (thousand CNY), then one row per main product with the code of the "
        "reporting system. The columns are unverified.",
        head={"单位负责人": "signed_head", "统计负责人": "signed_statistics"},
        cumulative=True,
        unverified=True,
    ),
    _Spec(
        "equip_motor",
        "equipment.csv",
        "电动机台账",
        "Motors",
        ("equipment_no",),
        hard=("equipment_no",),
        basis="GB 18613-2020",
        sums={"rated_power_kw": "quantity", "quantity": ""},
    ),
    _Spec(
        "two_high_list",
        "two_high_projects.csv",
        "两高项目清单",
        "Register of two-high projects",
        ("project_name", "builder_name"),
        hard=("project_name",),
        basis="各地两高项目通知; 固定资产投资项目节能审查办法",
        sums=_plain(
            "investment_10kcny energy_equiv_tce energy_equal_tce coal_t electricity_1e4kwh co2_t "
            "replacement_tce"
        ),
        splits={"design_capacity": "capacity_unit", "unit_energy": "unit_energy_unit"},
    ),
    _Spec(
        "waste_t2",
        "solid_waste_ledger.csv",
        "一般工业固体废物流向汇总表(附表2)",
        "Industrial waste, monthly flow (annex 2)",
        ("period", "waste_code"),
        hard=("waste_code",),
        basis="生态环境部公告2021年第82号",
        head={"负责人": "signed_by", "填表日期": "filled_on"},
        sums=_plain("generated_t own_use_t out_use_t own_disposal_t out_disposal_t stored_t"),
        fill_down=frozenset({"period"}),
    ),
    _Spec(
        "official_list",
        "own_forms.csv",
        "官方名单",
        "Official list",
        ("list_name", "org_name", "valid_from"),
        hard=("list_name",),
        note_zh="每家企业一行; 名单名称、公布文件、批次每行都填。",
        note_en="One row per enterprise; give list, notice and lot in every row.",
    ),
    _Spec(
        "enterprise_sites",
        "own_forms.csv",
        "企业生产场所",
        "Sites of enterprises",
        ("credit_code", "site_name"),
        hard=("site_name",),
        note_zh="每个厂区或分支机构一行, 填在所属法人单位名下。",
        note_en="One row per works or branch, under its legal person.",
    ),
    _Spec(
        "enterprise_contacts",
        "own_forms.csv",
        "企业联系人",
        "Contacts of enterprises",
        ("credit_code", "contact_role", "contact_name"),
        hard=("contact_role",),
        note_zh="每位联系人一行; 同一企业可填多位。"
        "电话在页面上只对本企业和市、县工信部门完整显示。",
        note_en="One row per person; an enterprise may name several. Pages show a number whole to "
        "the enterprise itself and to the officers of city and county alone.",
    ),
    _Spec(
        "mrv_filing",
        "own_forms.csv",
        "企业碳数据月度存证",
        "Monthly filing of carbon data",
        ("credit_code", "period", "parameter"),
        hard=("parameter",),
        note_zh="每家企业、每月、每个参数一行; 参数名称和单位按数据质量控制方案填写。"
        "更正已存证的月份须在备注中说明原因。证据文件在页面上逐项上传。",
        note_en="One row per enterprise, month and parameter, named as in the data-quality plan. "
        "A correction says why in the remark. Documents are uploaded on the page.",
    ),
    _Spec(
        "energy_budget",
        "own_forms.csv",
        "企业能碳预算指标",
        "Energy and carbon quotas of enterprises",
        ("credit_code", "budget_year", "measure"),
        hard=("measure",),
        note_zh="每家企业、每年、每个口径一行; 口径须写明当量或等价以及是否扣除原料用能和绿电。"
        "由市级或县区导入。",
        note_en="One row per enterprise, year and figure; the figure says calorific or equivalent "
        "and what it is net of. Taken in by the city or a county.",
    ),
    _Spec(
        "market_certificate",
        "own_forms.csv",
        "绿证与减排量登记",
        "Register of certificates and reductions",
        ("kind", "number"),
        note_zh="每张证书一行。一张证书只能有一个用途: 未使用的把用途留空; "
        "用于碳市场抵销的在页面上登记, 因为要与应清缴量核对。",
        note_en="One row per certificate. A certificate has one use: leave it empty while unused. "
        "An offset in the carbon market is entered on the page, where it is held against what is "
        "due.",
    ),
    _Spec(
        "meter_list",
        "metering.csv",
        "能源计量器具一览表",
        "List of energy metering instruments",
        ("credit_code", "meter_no"),
        hard=("meter_no", "energy_name", "meter_level"),
        basis="GB 17167",
        note_zh="每台计量器具一行。26 至 33 栏供接入在线监测的计量点; 经互感器接入的须填倍率。",
        note_en="One row per instrument. Columns 26 to 33 are for points that are online; a meter "
        "behind a transformer needs its multiplier.",
    ),
)

_SHARED_KINDS: Mapping[str, Kind] = {"month": "date", "year": "date", "datetime": "date"}


def _bounds(rule: str) -> tuple[float | None, float | None]:
    span = re.fullmatch(r"(-?[\d.]+)\.\.(-?[\d.]+)", rule.split(";")[0].strip())
    if span:
        return float(span[1]), float(span[2])
    least = re.match(r">=? (-?[\d.]+)\b", rule)
    return (float(least[1]) if least else None), None


def _column(row: Mapping[str, str], spec: _Spec) -> Column:
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


def _build(spec: _Spec) -> Form:
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
    return MappingProxyType({spec.key: _build(spec) for spec in _SPECS})


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
