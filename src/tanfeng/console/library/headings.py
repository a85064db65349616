"""Short headings of the columns of the standards tables.

The sidecars explain every column in a sentence; a table head needs a word. A column that is not
listed here is headed by the start of its explanation.
"""

from __future__ import annotations

import re
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tanfeng.standards import ColumnInfo

SHORT: dict[str, Promise] = {
    "applicability": _("Applicability"),
    "available_from": _("Available from"),
    "basis": _("Basis of the factor"),
    "bound": _("Bound"),
    "capacity": _("Rated capacity"),
    "capacity_unit": _("Unit of capacity"),
    "category": _("Category"),
    "clause": _("Clause"),
    "code": _("Code"),
    "coef_confidence": _("Confidence"),
    "comparison": _("Direction"),
    "component": _("Component"),
    "condition": _("Condition"),
    "confidence": _("Confidence"),
    "core_material": _("Core material"),
    "cost_cny": _("Cost, CNY"),
    "cost_high": _("Cost, high"),
    "cost_low": _("Cost, low"),
    "cost_typical": _("Cost, typical"),
    "cost_unit": _("Unit of cost"),
    "currency": _("Currency"),
    "data_year": _("Data year"),
    "driver": _("Driver"),
    "edition": _("Edition"),
    "energy_group": _("Energy group"),
    "equipment": _("Kind of equipment"),
    "evidence": _("Evidence"),
    "feedstock_possible": _("Possible feedstock"),
    "field": _("Field"),
    "fuel_key": _("Fuel"),
    "fuel_key_note": _("Note on the fuel"),
    "fx_cny": _("Exchange rate"),
    "gbt4754": _("Industry code"),
    "grade": _("Grade"),
    "group": _("Group"),
    "guideline": _("Guideline"),
    "high": _("High"),
    "hour_from": _("From hour"),
    "hour_to": _("To hour"),
    "id": _("Row"),
    "ie_class": _("IE class"),
    "in_form": _("In the form"),
    "item": _("Item"),
    "item_key": _("Energy item"),
    "items": _("Energy items"),
    "kind": _("Kind"),
    "level": _("Level"),
    "lifetime_a": _("Lifetime"),
    "loss_type": _("Loss"),
    "low": _("Low"),
    "month_from": _("From month"),
    "month_to": _("To month"),
    "mutually_exclusive_with": _("Excludes"),
    "name_en": _("English name"),
    "name_zh": _("Chinese name"),
    "note": _("Note"),
    "other_codes": _("Other codes"),
    "overlaps_with": _("Overlaps with"),
    "parameter": _("Parameter"),
    "parent": _("Parent"),
    "parent_key": _("Parent item"),
    "per": _("Per unit of"),
    "period": _("Time of day"),
    "poles": _("Poles"),
    "price_year": _("Price year"),
    "product": _("Product"),
    "product_key": _("Product"),
    "rated_power_kw": _("Rated power, kW"),
    "reason_en": _("Reason, English"),
    "reason_zh": _("Reason, Chinese"),
    "ref_sce": _("Reference coefficient"),
    "ref_sce_high": _("Coefficient, high"),
    "ref_sce_low": _("Coefficient, low"),
    "ref_sce_unit": _("Unit of the coefficient"),
    "ref_standard": _("Related standard"),
    "region": _("Region"),
    "renewable": _("Renewable"),
    "replaces": _("Replaces"),
    "reporting_scope": _("Reporting scope"),
    "route": _("Route"),
    "rule_type": _("Kind of rule"),
    "saving_basis": _("Basis of the saving"),
    "saving_high": _("Saving, high"),
    "saving_low": _("Saving, low"),
    "scenario": _("Scenario"),
    "scheme": _("Scheme"),
    "secondary": _("Secondary energy"),
    "sector": _("Sector"),
    "source": _("Source"),
    "source_doc": _("Document and clause"),
    "standard": _("Standard"),
    "stock_possible": _("Can be stored"),
    "synonyms_zh": _("Other names"),
    "system": _("System"),
    "tech_year": _("Technology year"),
    "technology": _("Technology"),
    "trl": _("Readiness level"),
    "trl_basis": _("Basis of readiness"),
    "type": _("Type"),
    "unit": _("Unit"),
    "unit_cny": _("Unit in CNY"),
    "unit_zh": _("Unit, Chinese"),
    "valid_from": _("In force from"),
    "valid_to": _("In force until"),
    "value": _("Value"),
    "value_cny": _("Value in CNY"),
    "value_status": _("Status of the value"),
    "voltage": _("Voltage"),
    "year": _("Year"),
}


#: ``lte 不大于，gte 不小于`` and ``lte = at most, gte = at least`` in the explanation of a column.
_CODE = {
    "zh": re.compile(r"(?:^|[：，；、])\s*([A-Za-z]\w*)\s+([^，；。、（]+)", re.ASCII),
    "en": re.compile(r"(?:^|[:,;])\s*([A-Za-z]\w*) = ([^,;(]+)", re.ASCII),
}


@cache
def codes(column: ColumnInfo, lang: str) -> dict[str, str]:
    """Return what the codes of a column mean, as far as its explanation says."""
    explained = column.en if lang == "en" else column.zh
    return {
        code: words.strip()
        for code, words in _CODE[lang].findall(explained)
        if not words.startswith("或")
    }


def short(column: ColumnInfo, lang: str) -> str:
    """Return the heading of a column."""
    if column.name in SHORT:
        return str(SHORT[column.name])
    explained = column.en if lang == "en" else column.zh
    return re.split(r"[：:，,；;（(]", explained)[0].strip() or column.name
