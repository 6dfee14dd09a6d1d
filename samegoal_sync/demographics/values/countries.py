"""Countries as two-letter ISO 3166-1 codes, from a code or a name as districts write them."""

from __future__ import annotations

import re
import unicodedata
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
    "U S": "US",
    "U S A": "US",
    "AMERICA": "US",
    "ESTADOS UNIDOS": "US",
    "EE UU": "US",
    "EEUU": "US",
    "UK": "GB",
    "GREAT BRITAIN": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "NORTHERN IRELAND": "GB",
    "RUSSIA": "RU",
    "IVORY COAST": "CI",
    "BURMA": "MM",
    "BRASIL": "BR",
    "BRUNEI": "BN",
    "ESPANA": "ES",
    "MACAU": "MO",
    "REPUBLICA DOMINICANA": "DO",
    "TRINIDAD": "TT",
    "TURKEY": "TR",
    "VATICAN CITY": "VA",
    "MICRONESIA": "FM",
    "KOREA": "KR",
    "REPUBLIC OF KOREA": "KR",
    "KOREA SOUTH": "KR",
    "MACEDONIA": "MK",
    "SWAZILAND": "SZ",
    "CAPE VERDE": "CV",
    "EAST TIMOR": "TL",
    "PALESTINE": "PS",
    "THE NETHERLANDS": "NL",
    "HOLLAND": "NL",
    "THE BAHAMAS": "BS",
    "THE GAMBIA": "GM",
    "THE PHILIPPINES": "PH",
    "CZECH REPUBLIC": "CZ",
    "DEMOCRATIC REPUBLIC OF THE CONGO": "CD",
    "DR CONGO": "CD",
    "MEJICO": "MX",
    "ST LUCIA": "LC",
    "ST KITTS AND NEVIS": "KN",
    "ST VINCENT AND THE GRENADINES": "VC",
    "ST VINCENT": "VC",
}
#: What is written where nobody says a country.
_NOT_SAID = ("N/A", "NONE", "NULL", "UNKNOWN", "NOT SPECIFIED", "0", "00", "000", "-", "?")


def country_code(field: str) -> pl.Expr:
    """The two-letter code of a country, this one included; null for none and for no country.

    Args:
        field: Qmlativ's field: ``CA``, ``can``, ``Canada``; letter case and dots don't matter.
    """
    return _written(field).replace_strict(_codes(), default=None, return_dtype=pl.String)


def names_country(field: str) -> pl.Expr:
    """Whether a country is said at all, rightly or not."""
    written = _written(field)
    return (written.is_not_null() & ~written.is_in(_NOT_SAID)).fill_null(False)


def _written(field: str) -> pl.Expr:
    """Without letter case, dots and accents."""
    plain = cleaned(field).str.normalize("NFD").str.replace_all(r"\p{M}|\.", "")
    return plain.str.to_uppercase()


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFD", name)
    return re.sub(r"\.", "", "".join(c for c in letters if not unicodedata.combining(c))).upper()


def country_name(code: str) -> str:
    """A country's common name; of no country's code the code itself."""
    found = pycountry.countries.get(alpha_2=code)
    return getattr(found, "common_name", found.name) if found else code


@cache
def _codes() -> dict[str, str]:
    """Every way of writing a country, in capitals -> its two-letter code."""
    return _COMMON | {
        _folded(written): country.alpha_2
        for country in pycountry.countries
        for written in (
            country.alpha_2,
            country.alpha_3,
            country.numeric,
            country.name,
            getattr(country, "official_name", country.name),
            getattr(country, "common_name", country.name),
        )
    }
