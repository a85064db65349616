"""The forms of a sector method: one per stream, and one for laboratory values.

They are built in memory from the declaration of the method, so that template, reader, marked file
and report say the same words: a stream's sheet is an ordinary :class:`~tanfeng.sheets.Form`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from tanfeng.sheets._book import sheet_name
from tanfeng.sheets._headings import half_width
from tanfeng.sheets._numbers import show
from tanfeng.sheets.forms import Column, Form

if TYPE_CHECKING:
    from tanfeng.accounting.methods import Input, Item, Kind, Method, Stream

#: Sheets of a workbook beside those of the streams, Chinese and English.
GUIDE_SHEET = ("填报说明", "Guide")
CANDIDATE_SHEET = ("参数检测", "Laboratory values")
LIST_SHEET = ("下拉列表", "Lists")
UNIT_SHEET = ("机组生产数据", "Output of the units")
#: Where a value of the sheet of laboratory values comes from -> tier of the engine.
SOURCES: Mapping[str, str] = MappingProxyType(
    {"实测": "measured", "计算": "calculated", "供应商": "supplier"}
)
DATA_SOURCES = ("计量", "填报", "估算")
ITEM_UNIT = "item unit"
#: Behind what nobody has checked against the document.
UNVERIFIED = ("（待核实）", " (待核实, unverified)")
_UNIT_WORDS = ("物料单位", "unit of the material")
SURE = frozenset({"confirmed", "override"})
_EXAMPLE_YEAR, _EXAMPLE_AMOUNT = "2024", "1000"

_forms: dict[tuple[str, str, str], tuple[object, Form]] = {}


def sheet_names(method: Method, lang: str = "zh") -> dict[str, str]:
    """Return the name of the sheet of every stream, in the order of the report."""
    english = lang == "en"
    taken: set[str] = set()
    for pair in (GUIDE_SHEET, CANDIDATE_SHEET, LIST_SHEET, UNIT_SHEET):
        sheet_name(pair[english], taken)
    return {
        stream.key: sheet_name(stream.name_en if english else stream.name_zh, taken)
        for stream in method.streams
    }


def inputs_of(stream: Stream) -> dict[str, tuple[Input, ...]]:
    """Return the inputs of a stream by column, each as the kinds that have it declare it."""
    found: dict[str, tuple[Input, ...]] = {}
    for kind in stream.kinds:
        for column, one in kind.inputs.items():
            found[column] = (*found.get(column, ()), one)
    return found


def label(one: Input, lang: str = "zh") -> str:
    """Return name and symbol of an input, as headings and lists print it."""
    return f"{one.name_en if lang == 'en' else one.name_zh} {one.symbol.replace('_', '')}"


def units(stream: Stream) -> tuple[str, ...]:
    """Return the units of the materials of a stream."""
    return tuple(dict.fromkeys(item.unit for item in stream.items))


def stream_form(method: Method, stream: Stream, lang: str = "zh") -> Form:
    """Return the form of a stream.

    Parameters
    ----------
    method : Method
        The method.
    stream : Stream
        One of its streams.
    lang : {"zh", "en"}
        Language of materials and ways of computing in the lists; headings have both.
    """
    key = (method.key, stream.key, lang)
    if key not in _forms or _forms[key][0] is not stream:
        _forms[key] = (stream, _stream_form(method, stream, lang))
    return _forms[key][1]


def candidate_form(method: Method, lang: str = "zh") -> Form:
    """Return the form of values that were tested, calculated or told by a supplier."""
    key = (method.key, "", lang)
    if key not in _forms or _forms[key][0] is not method:
        _forms[key] = (method, _candidate_form(method, lang))
    return _forms[key][1]


def named(things: Iterable[Item | Kind | Stream], lang: str) -> tuple[str, ...]:
    """Return the names of materials, kinds or streams in a language, each once."""
    return tuple(dict.fromkeys(one.name_en if lang == "en" else one.name_zh for one in things))


# ------------------------------------------------------------------------------ a stream


def _stream_form(method: Method, stream: Stream, lang: str) -> Form:
    several = len(units(stream)) > 1
    columns = [*whose(), _item_column(stream, lang)]
    if len(stream.kinds) > 1:
        columns.append(_kind_column(stream, lang))
    if several:
        columns.append(_unit_column(stream))
    columns += [_input_column(stream, held) for held in inputs_of(stream).values()]
    columns += _last()
    unit_by_item = {
        name: item.unit for item in stream.items for name in (item.name_zh, item.name_en)
    }
    return Form(
        key=f"{method.key}.{stream.key}",
        name_zh=stream.name_zh,
        name_en=stream.name_en,
        columns=tuple(columns),
        key_fields=(),
        basis=_where(method, stream),
        note_zh="每个核算单元、每期、每种物料一行；没有数据请留空，0 表示确实为零。",
        note_en="One row per part of the enterprise, period and material; leave a cell empty when "
        "there is no data; 0 means zero.",
        fill_down=frozenset({"credit_code", "org_name"}),
        item_units=MappingProxyType(unit_by_item if several else {}),
    )


def whose() -> list[Column]:
    """Return the columns that say whose a row is and of when."""
    return [
        Column(
            "credit_code",
            "credit_code",
            "统一社会信用代码",
            "Unified credit code",
            required="key",
            synonyms=("信用代码",),
            note_zh="18 位；下面各行相同时只填第一行",
            note_en="18 characters; rows below with the same code may stay empty",
            example="",
        ),
        Column("org_name", "text", "企业名称", "Enterprise", synonyms=("单位名称", "单位详细名称")),
        Column(
            "part",
            "text",
            "核算单元",
            "Part of the enterprise",
            synonyms=("机组", "生产线", "分厂"),
            note_zh="机组、生产线或分厂；全厂一起核算时留空",
            note_en="Generating unit, line or works; empty for the whole enterprise",
        ),
        Column(
            "period",
            "period",
            "期间",
            "Period",
            required="key",
            synonyms=("年份", "月份", "报告期", "时间"),
            note_zh="全年填 2024，月份填 2024-03；同一物料不要既填全年又填各月",
            note_en="2024 for the year, 2024-03 for a month; never both for one material",
            example=_EXAMPLE_YEAR,
        ),
    ]


def _last() -> list[Column]:
    return [
        Column(
            "data_source",
            "enum",
            "数据来源",
            "Data source",
            choices=DATA_SOURCES,
            note_zh="活动数据来自计量器具、填报或估算；留空按填报",
            note_en="Metered, reported or estimated; empty counts as reported",
        ),
        Column("remark", "text", "备注", "Remark"),
    ]


def _item_column(stream: Stream, lang: str) -> Column:
    names = named(stream.items, lang)
    return Column(
        "item",
        "enum",
        "物料",
        "Material",
        required="key" if len(names) > 1 else "no",
        choices=names,
        synonyms=("品种", "燃料品种", "物料名称", "气体"),
        note_zh=_with_unit(stream, "zh"),
        note_en=_with_unit(stream, "en"),
        example=named(_for_example(stream)[1:], lang)[0],
    )


def _with_unit(stream: Stream, lang: str) -> str:
    if len(units(stream)) == 1:
        return ""
    between = "; " if lang == "en" else "；"
    groups = [
        f"{unit}: " + ", ".join(named([i for i in stream.items if i.unit == unit], lang))
        for unit in units(stream)
    ]
    return between.join(groups)


def _for_example(stream: Stream) -> tuple[Kind, Item]:
    kind = stream.kinds[0]
    return kind, next(item for item in stream.items if kind.takes(item))


def _kind_column(stream: Stream, lang: str) -> Column:
    return Column(
        "kind",
        "enum",
        "计算方式",
        "Way of computing",
        choices=named(stream.kinds, lang),
        note_zh="留空时按已填的数值取第一种能算出的方式",
        note_en="When empty, the first way the filled-in values suffice for",
        example=named(stream.kinds[:1], lang)[0],
    )


def _unit_column(stream: Stream) -> Column:
    listed = "、".join(units(stream))
    return Column(
        "unit_zh",
        "text",
        "单位",
        "Unit",
        synonyms=("计量单位",),
        note_zh=f"物料数量的单位；留空即该物料的单位（{listed}），写别的单位会换算",
        note_en=f"Unit of the amounts; empty is the unit of the material ({listed}); others are "
        "converted",
    )


def _input_column(stream: Stream, held: Sequence[Input]) -> Column:
    """Lay an input out: percent as percent, what depends on the material by the material."""
    one = held[0]
    unit = _unit(stream, held)
    zh, en = label(one), label(one, "en")
    if unit == "per item unit":
        zh += f"（{_by_item(stream, held, _UNIT_WORDS[0])}）"
        en += f" ({_by_item(stream, held, _UNIT_WORDS[1])})"
    elif any(bracket in unit for bracket in "()"):
        zh, en, unit = f"{zh}（{unit}）", f"{en} ({unit})", ""
    example = ""
    if one.extensive and _needed(stream, one):
        example = _EXAMPLE_AMOUNT
    return Column(
        one.column,
        "decimal",
        zh,
        en,
        unit=unit,
        note_zh=_note(stream, held, "zh"),
        note_en=_note(stream, held, "en"),
        example=example,
    )


def _unit(stream: Stream, held: Sequence[Input]) -> str:
    stated = {one.unit for one in held}
    if len(units(stream)) == 1 and len(stated) == 1:
        return held[0].unit.replace(ITEM_UNIT, units(stream)[0])
    if stated == {ITEM_UNIT}:
        return ITEM_UNIT
    return "per item unit" if len(stated) > 1 or ITEM_UNIT in held[0].unit else held[0].unit


def _by_item(stream: Stream, held: Sequence[Input], word: str) -> str:
    """Return the unit of a property with a word for the unit of the material in it."""
    unit = held[0].unit
    if ITEM_UNIT in unit:
        return unit.replace(ITEM_UNIT, word)
    return f"{unit.partition('/')[0]}/{word}"


def _needed(stream: Stream, one: Input) -> bool:
    kind, _item = _for_example(stream)
    ends = {needed.column: needed for needed in kind.steps[-1].inputs}
    return one.column in ends and not one.empty_is_zero


def _note(stream: Stream, held: Sequence[Input], lang: str) -> str:
    """Say of an input whose it is, what an empty cell means, its range and its sampling."""
    english = lang == "en"
    one = held[0]
    parts = [*_way(stream, one, lang), *_when_empty(stream, one, english)]
    if one.column in stream.measured:
        parts.append("the text wants it measured" if english else "标准要求实测")
    if _unit(stream, held) == "per item unit":
        units_ = sorted({x.unit.replace(ITEM_UNIT, u) for x in held for u in units(stream)})
        parts.append(" / ".join(units_))
    if one.unit == "%":
        parts.append("in percent, 98 and not 0.98" if english else "以百分数填写，如 98，不填 0.98")
    if math.isfinite(one.low) or math.isfinite(one.high):
        low, high = (show(x) if math.isfinite(x) else "…" for x in (one.low, one.high))
        parts.append(f"{low} ~ {high}")
    parts += [
        (asked.rule_en if english else asked.rule_zh)
        + ("" if asked.confidence in SURE else UNVERIFIED[english])
        for asked in stream.sampling
        if asked.column == one.column and asked.rule_zh
    ]
    return ("; " if english else "；").join(parts)


def _way(stream: Stream, one: Input, lang: str) -> Iterator[str]:
    """Name the ways of computing an input is for, where it is not for all of them."""
    having = [kind for kind in stream.kinds if one.column in kind.inputs]
    if len(having) < len(stream.kinds):
        names = ", ".join(named(having, lang))
        yield f"for: {names}" if lang == "en" else f"用于：{names}"


def _when_empty(stream: Stream, one: Input, english: bool) -> Iterator[str]:
    if one.empty_is_zero:
        yield "empty counts as none" if english else "留空表示没有"
    if any(step.quantity == one.column for kind in stream.kinds for step in kind.steps[:-1]):
        yield "empty: computed from the other columns" if english else "留空时由其他列计算"
    if one.default:
        having = [item for item in stream.items if one.column in item.defaults]
        if len(having) == len(stream.items):
            yield "empty: the default" if english else "留空时用缺省值"
        elif having:
            yield "empty: the default, where there is one" if english else "留空时用缺省值（如有）"


def _where(method: Method, stream: Stream) -> str:
    """Return document, clause, equation and whether they are verified."""
    parts = [method.document, stream.clause, stream.equation and f"公式{stream.equation}"]
    sure = {stream.confidence, stream.clause_confidence} - {""} <= SURE
    return " ".join(filter(None, parts)) + ("" if sure else UNVERIFIED[0])


# ------------------------------------------------------------------------------ laboratory values


def parameters(stream: Stream, lang: str) -> dict[str, str]:
    """Return the parameters of a stream a laboratory may state: label -> column."""
    return {
        label(held[0], lang): column
        for column, held in inputs_of(stream).items()
        if not held[0].extensive
    }


def _candidate_form(method: Method, lang: str) -> Form:
    credit_code, org_name, part, period = whose()
    return Form(
        key=f"{method.key}.parameters",
        name_zh=CANDIDATE_SHEET[0],
        name_en=CANDIDATE_SHEET[1],
        columns=(
            credit_code,
            org_name,
            *_subject(method, lang),
            part,
            period,
            _parameter(method, lang),
            *_LABORATORY,
        ),
        key_fields=(),
        note_zh="每个检测、计算或供应商数值一行；系统按级别、日期和资质选用，落选的和理由都保留。",
        note_en="One row per value tested, calculated or told by a supplier; the best one that "
        "stands is used, the others are kept with the reason.",
        fill_down=frozenset({"credit_code", "org_name"}),
    )


def _subject(method: Method, lang: str) -> tuple[Column, Column]:
    """Return the columns that name stream and material."""
    streams = named(method.streams, lang)
    items = named((item for one in method.streams for item in one.items), lang)
    return (
        Column(
            "stream",
            "enum",
            "排放源",
            "Stream",
            required="key",
            choices=streams,
            example=streams[0],
        ),
        Column(
            "item",
            "enum",
            "物料",
            "Material",
            choices=items,
            note_zh="该排放源只有一种物料时可留空",
            note_en="May stay empty where the stream has one material",
            example=items[0],
        ),
    )


def _parameter(method: Method, lang: str) -> Column:
    labels = dict.fromkeys(name for one in method.streams for name in parameters(one, lang))
    return Column(
        "parameter",
        "enum",
        "参数",
        "Parameter",
        required="key",
        choices=tuple(labels),
        example=next(iter(labels), ""),
    )


_LABORATORY = (
    Column("value", "decimal", "数值", "Value", required="key"),
    Column(
        "unit_text",
        "text",
        "单位",
        "Unit",
        note_zh="须与排放源表中该参数的单位一致；留空即该单位",
        note_en="The unit of the parameter on the sheet of its stream; empty is that unit",
    ),
    Column(
        "source",
        "enum",
        "来源级别",
        "Kind of source",
        required="key",
        choices=tuple(SOURCES),
        example="实测",
    ),
    Column("sample_date", "date", "采样日期", "Sampled on", past=True, example="2024-03-05"),
    Column("test_date", "date", "检测日期", "Tested on", past=True, example="2024-03-12"),
    Column("laboratory", "text", "实验室", "Laboratory", synonyms=("检测机构",)),
    Column("accredited", "bool", "有无资质", "Accredited", synonyms=("CMA/CNAS",)),
    Column(
        "evidence",
        "text",
        "证据",
        "Evidence",
        note_zh="报告编号或文件名",
        note_en="Number of the report or name of the file",
    ),
)


def same_unit(text: str, unit: str) -> bool:
    """Tell whether a unit as written is the unit of a parameter, spelling apart."""

    def plain(spelled: str) -> str:
        bare = half_width(spelled).lower().replace("·", "").replace("³", "3").replace("₂", "2")
        for word, short in (
            ("万标准立方米", "1e4nm3"),
            ("万nm3", "1e4nm3"),
            ("万m3", "1e4nm3"),
            ("吨", "t"),
            ("℃", "°c"),
        ):
            bare = bare.replace(word, short)
        return bare

    return plain(text) == plain(unit)
