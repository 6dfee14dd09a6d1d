"""Which of a student's guardians a district publishes: all, the first two, two custodial ones."""

from __future__ import annotations

import polars as pl

from samegoal_sync.district import GuardianChoice


def beyond_choice(pairs: pl.DataFrame, choice: GuardianChoice) -> pl.DataFrame:
    """``StudentGuardianID, beyond`` of pairs that the district's choice leaves out.

    The first two are the first two of those who may be published. One whose data are rejected
    tonight holds their place, since what is published of them stays: else a third would come
    beside them. Custodial ones come family 1 before family 2; where none of a student's guardians
    is marked custodial, the first family's stand in (a missing flag never empties a student), and
    a non-custodial one of the second family never does.

    Args:
        pairs: ``StudentGuardianID, StudentID, outcome, priority, custodial, family_rank``.
    """
    published = pairs.filter(pl.col("outcome").is_in(["curated", "rejected"]))
    if choice is GuardianChoice.ALL:
        return published.clear().select("StudentGuardianID", beyond=pl.lit(True))
    eligible, order = published, ["priority"]
    if choice is GuardianChoice.FIRST_TWO_CUSTODIAL:
        custodial = pl.col("custodial").fill_null(False)
        first_family = pl.col("family_rank").fill_null(1) == 1
        stands_in = ~custodial.any().over("StudentID") & first_family
        eligible = eligible.filter(custodial | stands_in)
        order = ["family_rank", "priority"]
    chosen = (
        eligible.sort("StudentID", *order, nulls_last=True)
        .filter(pl.int_range(pl.len()).over("StudentID") < 2)
        .get_column("StudentGuardianID")
    )
    return published.filter(~pl.col("StudentGuardianID").is_in(chosen.implode())).select(
        "StudentGuardianID", beyond=pl.lit(True)
    )
