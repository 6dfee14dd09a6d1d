"""Families and who is in them: households, guardians, children.

Families are rows of one frame with a running number ``f``; children and guardians are made of
it by joins, so that siblings share guardians, addresses and languages as in life.
"""

from __future__ import annotations

import polars as pl

from samegoal_sync.sandbox.population import name_pools
from samegoal_sync.sandbox.population.code_tables import LANGUAGE_IDS, RELATIONSHIP_IDS
from samegoal_sync.sandbox.population.district_plan import GRADES, Plan
from samegoal_sync.sandbox.population.draws import Draws

#: How families live, by share.
HOUSEHOLDS = {
    "couple": 0.60,
    "single": 0.145,
    "two_households": 0.19,
    "grandparents": 0.04,
    "foster": 0.015,
    "nobody": 0.01,
}
_CHILDREN = {1: 0.44, 2: 0.36, 3: 0.15, 4: 0.05}
_LANGUAGES = {
    "en": 0.72,
    "es": 0.19,
    "vi": 0.025,
    "zh": 0.015,
    "ar": 0.015,
    "hmn": 0.01,
    "so": 0.008,
    "ru": 0.008,
    "fr": 0.004,
    "ase": 0.002,
    "OT": 0.002,
    "pt": 0.001,
}
#: Ids of guardians' names start here, four a family; students' own start at 1,000,000.
FIRST_GUARDIAN_NAME = 50_000_000
FIRST_STUDENT_NAME = 1_000_000


def make_families(plan: Plan, first: int, count: int) -> pl.DataFrame:
    """Families ``first`` to ``first + count - 1`` of a district, one row each."""
    draws = Draws(plan.seed, "f", "family")
    languages = {LANGUAGE_IDS[code]: share for code, share in _LANGUAGES.items()}
    origin = {
        "white": 0.46,
        "hispanic": 0.30,
        "black": 0.13,
        "asian": 0.06,
        "native": 0.012,
        "islander": 0.005,
        "two": 0.033,
    }
    return (
        pl.DataFrame({"f": pl.int_range(first, first + count, eager=True)})
        .with_columns(
            household=draws.weighted("household", HOUSEHOLDS),
            last=draws.pick("last", name_pools.LAST_NAMES),
            other_last=draws.pick("other last", name_pools.LAST_NAMES),
            same_last=draws.chance("same last", 0.82),
            children=draws.weighted("children", _CHILDREN),
            language=draws.weighted("language", languages),
            origin=draws.weighted("origin", origin),
            town=draws.whole("town", len(name_pools.TOWNS)) + 1,
            zone=draws.whole("zone", 1_000),
            eldest_grade=draws.whole("grade", len(GRADES)),
            script=draws.chance("script", 0.004),
            step=draws.chance("step", 0.35),
            other_step=draws.chance("other step", 0.30),
            blended=draws.chance("blended", 0.5),
        )
        .with_columns(
            last=pl.when("script")
            .then(draws.pick("script last", name_pools.OTHER_SCRIPT_LAST))
            .otherwise("last")
        )
    )


def make_guardians(plan: Plan, families: pl.DataFrame) -> pl.DataFrame:
    """One row a guardian and family: ``f, g, NameID, code, house, rank`` and the last name.

    ``g`` 0 and 1 live in the first household, 2 and 3 in the second. A stepparent of the second
    household may be the first guardian of the family before: one person, two families.
    """
    draws = Draws(plan.seed, "person", "guardian")
    frames = [
        _first_household(families),
        _second_household(families),
    ]
    guardians = pl.concat(frames).with_columns(
        person=pl.col("f") * 4 + pl.col("g"),
        rank=pl.when(pl.col("g") % 2 == 0).then(1).otherwise(2),
        house=pl.col("g") // 2,
    )
    shared = (
        (pl.col("g") == 3) & pl.col("blended") & pl.col("f").sub(1).is_in(_whole_families(families))
    )
    return guardians.with_columns(
        NameID=FIRST_GUARDIAN_NAME
        + pl.when(shared).then((pl.col("f") - 1) * 4).otherwise("person"),
        own=~shared,
        woman=pl.col("code").is_in(["MO", "SM", "GM", "AU"])
        | (pl.col("code").is_in(["FP", "LG", "CW"]) & draws.chance("woman", 0.6)),
        staff=draws.chance("staff", 0.02),
    ).drop("blended")


def _whole_families(families: pl.DataFrame) -> pl.Series:
    """Families whose first guardian exists."""
    return families.filter(pl.col("household") != "nobody")["f"].implode()


def _first_household(families: pl.DataFrame) -> pl.DataFrame:
    kind = pl.col("household")
    first = families.filter(kind != "nobody").select(
        "f",
        "blended",
        g=pl.lit(0, pl.Int64),
        code=pl.when(kind == "grandparents")
        .then(pl.lit("GM"))
        .when(kind == "foster")
        .then(pl.lit("FP"))
        .when((kind == "single") & (pl.col("zone") < 180))
        .then(pl.lit("FA"))
        .otherwise(pl.lit("MO")),
        last=pl.when("same_last").then("last").otherwise("other_last"),
    )
    has_second = (
        (kind == "couple")
        | (kind == "grandparents")
        | ((kind == "two_households") & pl.col("step"))
    )
    second = families.filter(has_second).select(
        "f",
        "blended",
        g=pl.lit(1, pl.Int64),
        code=pl.when(kind == "grandparents")
        .then(pl.lit("GF"))
        .when(kind == "two_households")
        .then(pl.lit("SF"))
        .otherwise(pl.lit("FA")),
        last=pl.when(kind == "two_households").then("other_last").otherwise("last"),
    )
    return pl.concat([first, second])


def _second_household(families: pl.DataFrame) -> pl.DataFrame:
    apart = families.filter(pl.col("household") == "two_households")
    father = apart.select(
        "f", "blended", g=pl.lit(2, pl.Int64), code=pl.lit("FA"), last=pl.col("last")
    )
    stepmother = apart.filter("other_step").select(
        "f", "blended", g=pl.lit(3, pl.Int64), code=pl.lit("SM"), last=pl.col("last")
    )
    return pl.concat([father, stepmother])


def relationship_id(code: pl.Expr) -> pl.Expr:
    """The Relationship row of a code."""
    return code.replace_strict(RELATIONSHIP_IDS, return_dtype=pl.Int64)


def family_tables(
    families: pl.DataFrame, guardians: pl.DataFrame, students: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Family, StudentFamily and FamilyGuardian: household 1 is ``2f + 1``, household 2 the next."""
    houses = pl.concat(
        [
            families.select("f", "language", house=pl.lit(0, pl.Int64)),
            families.filter(pl.col("household") == "two_households").select(
                "f", "language", house=pl.lit(1, pl.Int64)
            ),
        ]
    ).with_columns(FamilyID=family_id())
    memberships = students.join(houses, on="f", maintain_order="left")
    return {
        "Family/Family": houses.select(
            "FamilyID", LanguageIDHome=pl.when(pl.col("f") % 97 != 5).then("language")
        ),
        "Family/StudentFamily": memberships.select(
            StudentFamilyID=pl.col("s") * 2 + pl.col("house") + 1,
            StudentID="StudentID",
            FamilyID="FamilyID",
            Rank=pl.when((pl.col("s") % 211 == 7) & pl.col("noise"))
            .then(1)
            .otherwise(pl.col("house") + 1),
        ),
        "Family/FamilyGuardian": guardians.with_columns(FamilyID=family_id()).select(
            FamilyGuardianID=pl.col("f") * 4 + pl.col("g") + 1,
            FamilyID="FamilyID",
            NameID="NameID",
            Rank="rank",
        ),
    }


def family_id() -> pl.Expr:
    """The FamilyID of a household (columns ``f`` and ``house``)."""
    return pl.col("f") * 2 + pl.col("house") + 1
