"""What a table of columns cannot say of a form: its key, its layout, what may be summed.

The columns themselves stand in ``tables/*.csv``; :mod:`tanfeng.sheets.forms` puts both together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tanfeng.sheets.forms import Kind


@dataclass(frozen=True, slots=True)
class Spec:
    """One form, but for its columns."""

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


#: In the order a person is offered them.
SPECS: tuple[Spec, ...] = (
    Spec(
        "enterprise_archive",
        "own_forms.csv",
        "企业基本情况(一企一档)",
        "Enterprise archive",
        ("credit_code",),
        note_zh="每家法人单位一行。分支机构填在所属法人单位名下。",
        note_en="One row per legal person; branches belong to their legal person.",
    ),
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
        "equip_motor",
        "equipment.csv",
        "电动机台账",
        "Motors",
        ("equipment_no",),
        hard=("equipment_no",),
        basis="GB 18613-2020",
        sums={"rated_power_kw": "quantity", "quantity": ""},
    ),
    Spec(
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
    Spec(
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
    Spec(
        "official_list",
        "own_forms.csv",
        "官方名单",
        "Official list",
        ("list_name", "org_name", "valid_from"),
        hard=("list_name",),
        note_zh="每家企业一行; 名单名称、公布文件、批次每行都填。",
        note_en="One row per enterprise; give list, notice and lot in every row.",
    ),
    Spec(
        "enterprise_sites",
        "own_forms.csv",
        "企业生产场所",
        "Sites of enterprises",
        ("credit_code", "site_name"),
        hard=("site_name",),
        note_zh="每个厂区或分支机构一行, 填在所属法人单位名下。",
        note_en="One row per works or branch, under its legal person.",
    ),
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
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
    Spec(
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
