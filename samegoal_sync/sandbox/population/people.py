"""Names, phones and e-mails: one Name a person, whatever roles the person plays."""

from __future__ import annotations

import polars as pl

from samegoal_sync.sandbox.population import name_pools
from samegoal_sync.sandbox.population.district_plan import Plan
from samegoal_sync.sandbox.population.draws import Draws
from samegoal_sync.sandbox.population.student_body import date_text

_RACES = {
    "white": "White",
    "hispanic": "Hispanic/Latino",
    "black": "Black or African American",
    "asian": "Asian",
    "native": "American Indian or Alaska Native",
    "islander": "Native Hawaiian or Other Pacific Islander",
    "two": "Two or More Races",
}
_GENDERS = {"F": "Female", "M": "Male", "X": "Nonbinary"}


def student_names(students: pl.DataFrame) -> pl.DataFrame:
    """Demographics/Name rows of students: legal names kept apart where school uses a short one."""
    origin, nickname = pl.col("origin"), pl.col("nickname")
    separate = nickname.is_not_null()
    legal = separate | (pl.col("s") % 3 == 0)
    return students.select(
        "NameID",
        LastName="last",
        FirstName=pl.coalesce("nickname", "first"),
        MiddleName="middle",
        LastNameLegal=pl.when(legal).then("last"),
        FirstNameLegal=pl.when(legal).then("first"),
        MiddleNameLegal=pl.when(legal).then("middle"),
        SpecifySeparateLegalName=separate,
        NameSuffixID="suffix",
        NameSuffixIDLegal=pl.when(legal).then("suffix"),
        BirthDate=date_text(pl.col("birth")),
        **_gender(pl.col("gender")),
        Ethnicity=pl.when(origin == "hispanic")
        .then(pl.lit("Hispanic/Latino"))
        .otherwise(pl.lit("Not Hispanic/Latino")),
        EthnicityAndRace=origin.replace_strict(_RACES),
        IsHispanic=origin == "hispanic",
        IsWhite=origin.is_in(["white", "two"]) | ((origin == "hispanic") & (pl.col("f") % 4 > 0)),
        IsBlack=(origin == "black") | ((origin == "two") & (pl.col("f") % 2 == 0)),
        IsAsian=(origin == "asian") | ((origin == "two") & (pl.col("f") % 2 == 1)),
        IsAlaskan=origin == "native",
        IsHawaiian=origin == "islander",
        IsStudentName=pl.lit(True),
        IsCurrentStudent=pl.col("standing") == "active",
        IsGuardianName=pl.lit(False),
        IsStaffName=pl.lit(False),
        NameKey=(pl.col("last").str.slice(0, 4) + pl.col("number")).str.to_uppercase(),
    )


def guardian_names(plan: Plan, guardians: pl.DataFrame) -> pl.DataFrame:
    """Demographics/Name rows of guardians; some are teachers of the district as well."""
    draws = Draws(plan.seed, "person", "guardian name")
    born = pl.date(plan.numeric_year - 45, 1, 1) + pl.duration(days=draws.whole("born", 7_000))
    return guardians.filter("own").select(
        "NameID",
        LastName="last",
        FirstName=pl.when("woman")
        .then(draws.pick("her name", name_pools.GIRLS))
        .otherwise(draws.pick("his name", name_pools.BOYS)),
        MiddleName=pl.when(draws.chance("middle", 0.3)).then(
            draws.pick("initial", tuple("ABCDEJLMRST"))
        ),
        BirthDate=pl.when(draws.chance("birth", 0.25)).then(date_text(born)),
        NameSuffixID=pl.when(~pl.col("woman") & draws.chance("suffix", 0.03)).then(2),
        **_gender(pl.when("woman").then(pl.lit("F")).otherwise(pl.lit("M"))),
        IsStudentName=pl.lit(False),
        IsCurrentStudent=pl.lit(False),
        IsGuardianName=pl.lit(True),
        IsStaffName="staff",
        IsEmployeeName="staff",
    )


def _gender(code: pl.Expr) -> dict[str, pl.Expr]:
    word = code.replace_strict(_GENDERS)
    return {"Gender": word, "GenderCode": code, "GenderDescription": word}


def phones(plan: Plan, guardians: pl.DataFrame) -> pl.DataFrame:
    """Demographics/NamePhone of guardians: none to four, ranks that tie, confidential ones."""
    draws = Draws(plan.seed, "p", "phone")
    person = Draws(plan.seed, "person", "phones")
    counts = {0: 0.04, 1: 0.42, 2: 0.36, 3: 0.15, 4: 0.03}
    owned = (
        guardians.filter("own")
        .select("NameID", "person", position=pl.int_ranges(0, person.weighted("count", counts)))
        .explode("position")
        .drop_nulls("position")
        .with_columns(p=pl.col("person") * 4 + pl.col("position"))
    )
    return owned.select(
        "NameID",
        NamePhoneID=pl.col("p") + 1,
        PhoneNumber=phone_number(draws),
        PhoneTypeID=pl.when(pl.col("position") == 0)
        .then(draws.weighted("first type", {2: 0.8, 1: 0.2}))
        .otherwise(draws.weighted("type", {1: 0.35, 3: 0.4, 2: 0.15, 4: 0.03, 5: 0.07})),
        Extension=pl.when(draws.chance("extension", 0.03)).then(pl.lit("204")),
        IsConfidential=draws.chance("confidential", 0.02),
        IsInternational=pl.lit(False),
        Rank=pl.when(draws.chance("tie", 0.01))
        .then(1)
        .when(draws.chance("no rank", 0.005))
        .then(None)
        .otherwise(pl.col("position") + 1),
    ).with_columns(IsFax=pl.col("PhoneTypeID") == 4)


def phone_number(draws: Draws, name: str = "number") -> pl.Expr:
    """Ten digits: a real area code and a number kept free for fiction."""
    line = draws.whole(f"{name} line", 100).cast(pl.String).str.zfill(2)
    return draws.pick(f"{name} area", name_pools.AREA_CODES) + pl.lit("55501") + line


def emails(plan: Plan, guardians: pl.DataFrame, names: pl.DataFrame) -> pl.DataFrame:
    """Demographics/NameEmail of guardians: most have one, some two, some none."""
    draws = Draws(plan.seed, "e", "email")
    person = Draws(plan.seed, "person", "emails")
    owned = (
        guardians.filter("own")
        .select(
            "NameID",
            "person",
            "last",
            position=pl.int_ranges(0, person.weighted("count", {0: 0.12, 1: 0.76, 2: 0.12})),
        )
        .explode("position")
        .drop_nulls("position")
        .with_columns(e=pl.col("person") * 4 + pl.col("position"))
        .join(names.select("NameID", "FirstName"), on="NameID", maintain_order="left")
    )
    return owned.select(
        "NameID",
        NameEmailID=pl.col("e") + 1,
        EmailAddress=_mailbox(pl.col("FirstName"))
        + "."
        + _mailbox(pl.col("last"))
        + pl.col("e").cast(pl.String)
        + "@"
        + draws.pick("domain", name_pools.MAIL_DOMAINS),
        EmailTypeID=pl.col("position") + 1,
        Rank=pl.when(draws.chance("tie", 0.01)).then(1).otherwise(pl.col("position") + 1),
    )


def _mailbox(name: pl.Expr) -> pl.Expr:
    """The ASCII letters of a name; a name without any is called parent."""
    plain = name.str.normalize("NFKD").str.to_lowercase().str.replace_all(r"[^a-z]", "")
    return pl.when(plain == "").then(pl.lit("parent")).otherwise(plain)
