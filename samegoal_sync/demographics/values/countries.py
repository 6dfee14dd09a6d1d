"""Countries as two-letter ISO 3166-1 codes, from a code or a name as districts write them."""

from __future__ import annotations

from functools import cache

import polars as pl
import pycountry

from samegoal_sync.demographics.values.text import cleaned

#: The country that is not said: an address without one lies here.
HERE = "US"
#: Countries and territories that the United States Postal Service serves: they have ZIP codes.
WITH_ZIP_CODES = (HERE, "AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI")
#: Ways of writing that ISO's table does not list and people use.
_COMMON = {
    "UK": "GB",
    "GREAT BRITAIN": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "NORTHERN IRELAND": "GB",
    "RUSSIA": "RU",
    "IVORY COAST": "CI",
    "BURMA": "MM",
}


def country_code(field: str) -> pl.Expr:
    """The two-letter code of a country, this one included; null for none and for no country.

    Args:
        field: Qmlativ's field: ``CA``, ``can``, ``Canada``; letter case and dots don't matter.
    """
    written = cleaned(field).str.to_uppercase().str.replace_all(".", "", literal=True)
    return written.replace_strict(_codes(), default=None, return_dtype=pl.String)


def country_name(code: str) -> str:
    """A country's common name; of no country's code the code itself."""
    found = pycountry.countries.get(alpha_2=code)
    return getattr(found, "common_name", found.name) if found else code


@cache
def _codes() -> dict[str, str]:
    """Every way of writing a country, in capitals -> its two-letter code."""
    return _COMMON | {
        written.upper().replace(".", ""): country.alpha_2
        for country in pycountry.countries
        for written in (
            country.alpha_2,
            country.alpha_3,
            country.name,
            getattr(country, "official_name", country.name),
            getattr(country, "common_name", country.name),
        )
    }
