"""Trouble with values that stop an import or mislead it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from samegoal_sync.sandbox.population.trouble_kinds import TroubleKind
from samegoal_sync.sandbox.population.troubled_homes import (
    Home,
    Make,
    TroubledTables,
    born,
    only_phone,
    years_before,
)


def _address(tables: TroubledTables, home: Home, **values: Any) -> None:
    """A physical address of the student's own with these values, in place of those there are."""
    links = "Demographics/NameAddress"
    tables.remove(links, (pl.col("NameID") == home.name) & pl.col("IsPhysical"))
    values = {"ZipID": 1} | values
    address = tables.add_row("Demographics/Address", **values)
    tables.add_row(links, NameID=home.name, AddressID=address, IsPhysical=True, IsMailing=False)


def _box_without_number(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    _address(tables, homes[0], POBox="P.O. BOX #", AddressType="PO Box")
    return ()


def _other_box(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    _address(tables, homes[0], POBox="RR 2 Box 152", AddressType="PO Box")
    return ()


def _small_country(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    place = tables.add_row(
        "Demographics/Zip", ZipCode="75069", City="Fairview", CountryCode="us", StateID=1
    )
    line = {"StreetNumberAndNameIncludeSecondaryUnit": "12 Elm St"}
    _address(tables, homes[0], ZipID=place, ZipCodeAddOn="1234", **line)
    return ()


def _this_year(tables: TroubledTables, name: str, home: Home) -> pl.Expr:
    rows = tables.tables[name].filter(StudentID=home.student)
    return (pl.col("StudentID") == home.student) & (
        pl.col("SchoolYearID") == rows["SchoolYearID"].max()
    )


def _exit_code_words(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    (home,) = homes
    code = tables.add_row("Enrollment/WithdrawalCode", Code="DF", Description="Death in the family")
    spans, years = "Enrollment/EntryWithdrawal", "Enrollment/StudentEntityYear"
    yesterday = f"{date.fromordinal(tables.today.toordinal() - 1)}T00:00:00"
    tables.set(spans, _this_year(tables, spans, home), EndDate=yesterday, WithdrawalCodeID=code)
    tables.set(years, _this_year(tables, years, home), IsActive=False, WithdrawalDate=yesterday)
    return ()


def _open_end(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    spans = "Enrollment/EntryWithdrawal"
    tables.set(spans, _this_year(tables, spans, homes[0]), EndDate="01/01/1900")
    return ()


def _language_words(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    language = tables.add_row(
        "Demographics/Language", Code="CRE", Description="Creole (Cape Verde)"
    )
    families = tables.tables["Family/StudentFamily"].filter(StudentID=homes[0].student)
    theirs = pl.col("FamilyID").is_in(families["FamilyID"].to_list())
    tables.set("Family/Family", theirs, LanguageIDHome=language)
    return ()


def _old_student(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    born(tables, homes[0].name, years_before(tables.today, 26, days=1))
    return ()


def _spoilt_name(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    mine = pl.col("NameID") == homes[0].name
    tables.set("Demographics/Name", mine, LastName="O&#39;Brien", LastNameLegal="O&#39;Brien")
    return ()


def _phone_writings(tables: TroubledTables, homes: Sequence[Home]) -> tuple[int, ...]:
    mother, father = homes[0].guardians
    only_phone(tables, mother, "tel:+1-469-555-0123;ext=4")
    only_phone(tables, father, "(876) 555-0123", international=True)
    return mother, father


#: Kind -> how many homes it takes, and how it is made.
VALUE_TROUBLES: dict[TroubleKind, tuple[int, Make]] = {
    TroubleKind.BOX_WITHOUT_NUMBER: (1, _box_without_number),
    TroubleKind.OTHER_BOX: (1, _other_box),
    TroubleKind.EXIT_CODE_WORDS: (1, _exit_code_words),
    TroubleKind.LANGUAGE_WORDS: (1, _language_words),
    TroubleKind.OLD_STUDENT: (1, _old_student),
    TroubleKind.OPEN_END: (1, _open_end),
    TroubleKind.SPOILT_NAME: (1, _spoilt_name),
    TroubleKind.PHONE_WRITINGS: (1, _phone_writings),
    TroubleKind.SMALL_COUNTRY: (1, _small_country),
}
