"""The rule that splits a citation into document and clause."""

from __future__ import annotations

import pytest

from tanfeng import standards

CITED = [
    (
        "GB/T 2589-2020 综合能耗计算通则, 附录A 表A.1",
        "GB/T 2589-2020 综合能耗计算通则",
        "附录A 表A.1",
    ),
    ("GB 21256-2013 粗钢生产主要工序单位产品能源消耗限额, 表1-3", None, "表1-3"),
    ("GB 29449-2024 轮胎和炭黑单位产品能源消耗限额, 附录A表A.1", None, "附录A表A.1"),
    (
        "国家发展改革委等 工业重点领域能效标杆水平和基准水平（2023年版）, 发改产业〔2023〕723号, "
        "附件（原25领域）",
        "国家发展改革委等 工业重点领域能效标杆水平和基准水平（2023年版）, 发改产业〔2023〕723号",
        "附件（原25领域）",
    ),
    ("IPCC AR4 (2007) WG1 Table 2.14", "IPCC AR4 (2007) WG1", "Table 2.14"),
    ("IPCC AR6 (2021) WG1 Table 7.SM.7", "IPCC AR6 (2021) WG1", "Table 7.SM.7"),
    (
        "发改价格〔2026〕1077号 附件1 福建电网输配电价表（第四监管周期）",
        "发改价格〔2026〕1077号",
        "附件1 福建电网输配电价表（第四监管周期）",
    ),
    (
        "Danish Energy Agency technology catalogue, carbon capture sheet 401.c",
        "Danish Energy Agency technology catalogue",
        "carbon capture sheet 401.c",
    ),
    (
        "国家统计局 能源统计报表制度 205-1表 能源购进、消费与库存, 丁栏 参考折标系数",
        None,
        "丁栏 参考折标系数",
    ),
    ("某办法, 第三条", "某办法", "第三条"),
]
UNCLAUSED = [
    "MIIT 钢铁行业产能置换实施办法, 工信部原〔2021〕46号",
    "GB/T 32150-2025",
    "MIDDEN database (PBL/TNO, Netherlands), technology cards",
    "Danish Energy Agency technology catalogue sheet 103; PyPSA technology-data",
    "Mission Possible Partnership steel transition model (2022), input sheets",
    "GB 21343-2023 电石、乙酸乙烯酯、聚乙烯醇、1,4-丁二醇、双氰胺和单氰胺单位产品能源消耗限额",
    "",
]


@pytest.mark.parametrize(("cited", "document", "clause"), CITED)
def test_the_clause_is_taken_off(cited, document, clause):
    found = standards.split_document(cited)
    assert found[1] == clause
    assert found[0] == (document or cited.rpartition(", ")[0])


@pytest.mark.parametrize("cited", UNCLAUSED)
def test_what_names_no_clause_stays_whole(cited):
    assert standards.split_document(cited) == (cited, "")


def test_every_shipped_citation_keeps_all_its_words():
    for about in standards.tables():
        frame = standards.load(about.name)
        if "source_doc" not in frame.columns:
            continue
        for cited, document, clause in frame.select(
            "source_doc", "document", "clause_text"
        ).iter_rows():
            assert cited.replace(",", "").split() == (
                f"{document} {clause}".replace(",", "").split()
            )
