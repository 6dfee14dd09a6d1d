"""Faults of typing, sprinkled over rows: what real offices leave in their systems.

Most of it is harmless once cleaned (blanks, other writings of a date, decomposed accents). A few
rows in ten thousand are beyond repair: no birth date, no number, no name.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.sandbox.population.draws import Draws

_TEXTS = ("LastName", "FirstName", "MiddleName")


def soil(seed: int, tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The tables with their noise; a row's own key decides what befalls it."""
    soiled = dict(tables)
    for name, change in (
        ("Demographics/Name", _names),
        ("Student/Student", _students),
        ("Demographics/NamePhone", _phones),
        ("Demographics/NameEmail", _emails),
        ("Demographics/Address", _addresses),
        ("Enrollment/EntryWithdrawal", _enrollments),
    ):
        soiled[name] = change(seed, tables[name])
    return soiled


def _names(seed: int, names: pl.DataFrame) -> pl.DataFrame:
    draws = Draws(seed, "NameID", "noisy name")
    texts = [
        pl.when(draws.chance(f"padded {text}", 0.02))
        .then(pl.lit("  ") + pl.col(text) + " ")
        .when(draws.chance("decomposed", 0.03))
        .then(pl.col(text).str.normalize("NFD"))
        .when(draws.chance("capitals", 0.01))
        .then(pl.col(text).str.to_uppercase())
        .otherwise(
            pl.when(pl.col(text).is_null() & draws.chance(f"empty {text}", 0.4))
            .then(pl.lit(""))
            .otherwise(text)
        )
        .alias(text)
        for text in _TEXTS
    ]
    student, birth = pl.col("IsStudentName"), pl.col("BirthDate")
    year, rest = birth.str.slice(0, 4), birth.str.slice(5, 5)
    american = rest.str.replace("-", "/", literal=True) + "/" + year
    return names.with_columns(*texts).with_columns(
        BirthDate=pl.when(draws.chance("plain date", 0.02))
        .then(birth.str.slice(0, 10))
        .when(draws.chance("american date", 0.01))
        .then(american)
        .when(student & draws.chance("no birth date", 0.0004))
        .then(None)
        .when(student & draws.chance("old birth date", 0.0004))
        .then(pl.lit("1900-01-01T00:00:00"))
        .otherwise("BirthDate"),
        FirstName=pl.when(
            student & pl.col("FirstNameLegal").is_null() & draws.chance("no name", 0.0003)
        )
        .then(pl.lit(" "))
        .otherwise("FirstName"),
    )


def _students(seed: int, students: pl.DataFrame) -> pl.DataFrame:
    draws = Draws(seed, "StudentID", "noisy student")
    number = pl.col("StudentNumber")
    return students.with_columns(
        StudentNumber=pl.when(draws.chance("no number", 0.0003))
        .then(pl.lit(""))
        .when(draws.chance("long number", 0.0002))
        .then(number + "-transferred-2019")
        .when(draws.chance("padded number", 0.01))
        .then(number + "  ")
        .otherwise(number)
    )


def _phones(seed: int, phones: pl.DataFrame) -> pl.DataFrame:
    draws = Draws(seed, "NamePhoneID", "noisy phone")
    digits = pl.col("PhoneNumber")
    area, middle, line = digits.str.slice(0, 3), digits.str.slice(3, 3), digits.str.slice(6)
    foreign = draws.chance("foreign", 0.004)
    return phones.with_columns(
        PhoneNumber=pl.when(foreign)
        .then(pl.lit("+52 614 555 01") + line.str.slice(2))
        .when(draws.chance("written", 0.05))
        .then(pl.lit("(") + area + ") " + middle + "-" + line)
        .when(draws.chance("dotted", 0.02))
        .then(area + "." + middle + "." + line)
        .when(draws.chance("with extension", 0.004))
        .then(area + "-" + middle + "-" + line + " ext. 12")
        .when(draws.chance("seven digits", 0.003))
        .then(middle + line)
        .when(draws.chance("zeros", 0.002))
        .then(pl.lit("0000000000"))
        .when(draws.chance("words", 0.001))
        .then(pl.lit("ask office"))
        .otherwise(digits),
        IsInternational=foreign,
    )


def _emails(seed: int, emails: pl.DataFrame) -> pl.DataFrame:
    draws = Draws(seed, "NameEmailID", "noisy e-mail")
    address = pl.col("EmailAddress")
    return emails.with_columns(
        EmailAddress=pl.when(draws.chance("no at", 0.002))
        .then(address.str.replace("@", "", literal=True))
        .when(draws.chance("two", 0.002))
        .then(address + ", second." + address)
        .when(draws.chance("padded", 0.01))
        .then(pl.lit(" ") + address)
        .when(draws.chance("capitals", 0.03))
        .then(address.str.to_uppercase())
        .when(draws.chance("none", 0.002))
        .then(pl.lit("none"))
        .otherwise(address)
    )


def _addresses(seed: int, addresses: pl.DataFrame) -> pl.DataFrame:
    draws = Draws(seed, "AddressID", "noisy address")
    line = "StreetNumberAndNameIncludeSecondaryUnit"
    return addresses.with_columns(
        pl.when(draws.chance("padded", 0.02))
        .then(pl.col(line) + "   ")
        .when(draws.chance("empty", 0.002))
        .then(pl.lit(""))
        .otherwise(line)
        .alias(line),
        POBox=pl.when(draws.chance("prefixed box", 0.2))
        .then(pl.lit("PO Box ") + pl.col("POBox"))
        .otherwise("POBox"),
        ZipCodeAddOn=pl.when(pl.col("ZipCodeAddOn").is_null() & draws.chance("empty add-on", 0.3))
        .then(pl.lit(""))
        .otherwise("ZipCodeAddOn"),
    )


def _enrollments(seed: int, spans: pl.DataFrame) -> pl.DataFrame:
    draws = Draws(seed, "EntryWithdrawalID", "noisy span")
    return spans.with_columns(
        StartDate=pl.when(draws.chance("plain date", 0.02))
        .then(pl.col("StartDate").str.slice(0, 10))
        .otherwise("StartDate")
    )
