"""``guardian_demographics``: one row a student and guardian, from the raw objects of one district.

Every pair that Qmlativ sent ends in the account exactly once. Who may not see the student is
*withheld*: removed from what is published that same night. Whose data can't be right is
*rejected*: what is published of them stays.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.columns.column_forms import TEXT_RULES, is_no_name, text_faults
from samegoal_sync.demographics.columns.curated_frames import (
    DENIED_COLUMNS,
    GUARDIAN_ACCOUNT,
    GUARDIAN_COLUMNS,
    KEEP,
    KEPT_AWAY_COLUMNS,
    PAIR_ID_COLUMNS,
    Curated,
    Noted,
)
from samegoal_sync.demographics.columns.guardian_columns import GUARDIAN_TABLE
from samegoal_sync.demographics.guardians.guardian_choice import beyond_choice
from samegoal_sync.demographics.guardians.guardian_order import ordered_pairs
from samegoal_sync.demographics.guardians.restrictions.active_restrictions import (
    restriction_sources,
    restrictions_of_nobody,
    restrictions_without_pair,
)
from samegoal_sync.demographics.guardians.restrictions.who_may_see import (
    PEER,
    RESEMBLES,
    RESTRICTED,
    WhoMaySee,
    who_may_see,
)
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.rejects.reject_rows import gathered, rejected, with_keep
from samegoal_sync.demographics.rejects.reject_rules import RESTRICTION_WITHOUT_PAIR
from samegoal_sync.demographics.rejects.spoilt_names import spoilt_names
from samegoal_sync.demographics.values.emails import emails
from samegoal_sync.demographics.values.languages import languages
from samegoal_sync.demographics.values.legal_names import person_names
from samegoal_sync.demographics.values.phones import PHONE_TYPES, phones
from samegoal_sync.demographics.values.postal_addresses import person_addresses, written_addresses
from samegoal_sync.district import DistrictSettings, GuardianChoice
from samegoal_sync.qmlativ.raw_objects import RawObjects

_PAIR, _ACCESS = "Family/StudentGuardian", "Family/StudentGuardianRestrictedAccess"
#: Without these fields it can't be known who a student's guardians are.
_ESSENTIAL = {
    _PAIR: ("StudentGuardianID", "StudentID", "NameIDGuardian"),
    "Demographics/Name": ("NameID", "LastName", "FirstName"),
}
_CUSTODIAL = "IsCustodialGuardian"


def curate_guardians(
    raw: RawObjects, students: Curated, settings: DistrictSettings, today: date
) -> Curated:
    """Curate the guardians of the students that are curated tonight.

    Args:
        raw: the entities, students and guardians raw assets merged.
        students: what ``curate_students`` gave for the same night.
        settings: guardian choice and ``publish_restricted``.
        today: the district's local date of the night.

    Returns:
        ``frame`` in ``GUARDIAN_COLUMNS`` plus ``keep``, sorted by student and priority, where
        withheld guardians leave their number empty. ``complete`` is false when publishing it would
        lose guardians: no pair at all, or a field that says who they are (or, where the district
        publishes two custodial ones, who is custodial) was not shared.
    """
    ordered = ordered_pairs(raw, today)
    rule = who_may_see(raw, ordered, students, settings, today)
    pairs = _with_outcome(raw, ordered.drop("restricted"), students, settings, rule)
    curated = rule.judged_values(
        _described(raw, pairs.filter(pl.col("outcome") == "curated"), settings)
    )
    conditions = _invalid(text_faults(curated, GUARDIAN_COLUMNS))
    absent = GUARDIAN_TABLE.absent(raw)
    frame = _frame(curated, conditions, GUARDIAN_TABLE.partly_absent(raw), absent)
    left_alone = _without_guardian(students, frame)
    without_pair = restrictions_without_pair(raw, today)
    rejects = [
        *_row_rejects(raw, pairs),
        *_of_nobody(raw, today, without_pair),
        *_value_rejects(curated, conditions, absent),
        _without_own_contacts(curated),
        left_alone,
        spoilt_names(curated, "NameIDGuardian"),
    ]
    findings = _findings(raw, pairs, curated) | {
        "students_without_guardian": left_alone.height,
        "publish_restricted": int(settings.publish_restricted),
        RESTRICTION_WITHOUT_PAIR: without_pair.len(),
        "restrictions_lost_allowed": settings.guards.restrictions_lost,
    }
    return Curated(
        frame,
        gathered(rejects),
        _account(raw, pairs, students),
        absent,
        complete=_is_complete(raw, students, settings.guardians),
        findings=findings,
        denied=_denied(curated),
        kept_away=_kept_away(pairs, rule, settings),
        pair_ids=_pair_ids(raw, without_pair, settings),
    )


def _with_outcome(
    raw: RawObjects,
    pairs: pl.DataFrame,
    students: Curated,
    settings: DistrictSettings,
    rule: WhoMaySee,
) -> pl.DataFrame:
    """Each pair with its person's name, ``outcome`` and ``reason``; the first reason counts.

    Who may not see the student is withheld even when the student is rejected tonight, or left
    long ago: what is published of the student stays, the guardian goes.
    """
    where = students.account.select(
        pl.col("sis_internal_id").alias("StudentID"),
        "student_id",
        pl.col("outcome").alias("student_outcome"),
    ).filter(pl.col("StudentID").is_not_null())
    names = person_names(raw, pairs.get_column("NameIDGuardian").unique())
    named = (
        pairs.join(where, on="StudentID", how="left")
        .join(names, left_on="NameIDGuardian", right_on="NameID", how="left")
        .join(rule.pairs, on="StudentGuardianID", how="left")
    )
    withheld = not settings.publish_restricted
    reasons = {
        "student_unknown": ("out_of_scope", pl.col("student_outcome").is_null()),
        RESTRICTED: ("withheld", pl.col("restricted") & withheld),
        RESEMBLES: ("withheld", pl.col("resembles") & withheld),
        PEER: ("withheld", pl.col("peer")),
        "student_out_of_scope": ("out_of_scope", pl.col("student_outcome") == "out_of_scope"),
        "student_rejected": ("out_of_scope", pl.col("student_outcome") == "rejected"),
        "guardian_name_invalid": ("rejected", is_no_name("last_name")),
    }
    judged = named.with_columns(
        *_first(reasons), restricted=pl.col("restricted") | pl.col("resembles")
    )
    beyond = beyond_choice(judged, settings.guardians)
    return judged.join(beyond, on="StudentGuardianID", how="left").with_columns(
        outcome=pl.when("beyond").then(pl.lit("withheld")).otherwise("outcome"),
        reason=pl.when("beyond").then(pl.lit("beyond_choice")).otherwise("reason"),
    )


def _first(reasons: dict[str, tuple[str, pl.Expr]]) -> list[pl.Expr]:
    outcome, reason = pl.lit("curated"), pl.lit(None, pl.String)
    for name, (where, condition) in reversed(reasons.items()):
        outcome = pl.when(condition).then(pl.lit(where)).otherwise(outcome)
        reason = pl.when(condition).then(pl.lit(name)).otherwise(reason)
    return [outcome.alias("outcome"), reason.alias("reason")]


def _is_present() -> pl.Expr:
    return pl.col("district_enrollment").is_in(["ENROLLED", "PRE_ENROLLED"])


def _described(raw: RawObjects, pairs: pl.DataFrame, settings: DistrictSettings) -> pl.DataFrame:
    """The pairs that will be published, with address, phones, e-mail and language."""
    people = pairs.get_column("NameIDGuardian").unique()
    addresses = person_addresses(raw, people)
    written = written_addresses(raw, addresses.get_column("AddressID").unique())
    contacts = (
        people.to_frame("NameID")
        .join(addresses.join(written, on="AddressID", how="left"), on="NameID", how="left")
        .join(phones(raw, people), on="NameID", how="left")
        .join(emails(raw, people), on="NameID", how="left")
    )
    return pairs.join(contacts, left_on="NameIDGuardian", right_on="NameID", how="left").join(
        languages(raw, settings.languages), on="LanguageID", how="left"
    )


def _invalid(
    faults: dict[str, list[tuple[str, pl.Expr]]],
) -> dict[str, list[tuple[str, pl.Expr, pl.Expr]]]:
    """Curated column -> (rule, when the value is rejected, when the published one stays).

    A published phone may be the very one that is confidential now, and an e-mail goes out by
    mail: what could disclose is not kept. So neither is kept of a student who has a restricted
    guardian: the published one may be theirs.
    """
    conditions: dict[str, list[tuple[str, pl.Expr, pl.Expr]]] = {}
    open_to_all = ~pl.col("is_guarded")
    for column, rules in faults.items():
        stays = open_to_all if column in GUARDIAN_TABLE.contacts else pl.lit(True)
        conditions[column] = [(rule, hit, hit & stays) for rule, hit in rules]
    for column in PHONE_TYPES:
        invalid = pl.col(f"{column}_invalid").fill_null(False)
        none = pl.col(column).is_null() & ~pl.col(f"{column}_confidential").fill_null(False)
        conditions.setdefault(column, []).append(
            ("phone_invalid", invalid, invalid & none & open_to_all)
        )
    for column, rule in (
        ("email_invalid", "email_invalid"),
        ("email_several", "email_two_addresses"),
        ("zip_invalid", "zip_invalid"),
        ("country_invalid", "country_unknown"),
        ("language_invalid", "language_unknown"),
    ):
        flag = pl.col(column).fill_null(False)
        kept = flag & open_to_all if column.startswith("email") else flag
        conditions.setdefault(column.split("_")[0], []).append((rule, flag, kept))
    box = pl.col("box_invalid").fill_null(False)
    conditions.setdefault("address", []).append(("po_box_invalid", box, box))
    for column, kind in GUARDIAN_TABLE.contacts.items():
        anothers = pl.col(f"{column}_of_restricted") & ~pl.col("restricted")
        rule = f"{kind}_of_restricted"
        conditions.setdefault(column, []).append((rule, anothers, pl.lit(False)))
    conditions["email"].append(("email_not_own", pl.col("email_not_own"), pl.lit(False)))
    return conditions


def _not_theirs() -> dict[str, pl.Expr]:
    """Contact column -> whether its value belongs to somebody else, or to nobody."""
    found = {column: pl.col(f"{column}_of_restricted") for column in GUARDIAN_TABLE.contacts}
    return found | {"email": found["email"] | pl.col("email_not_own")}


def _frame(
    curated: pl.DataFrame,
    conditions: dict[str, list[tuple[str, pl.Expr, pl.Expr]]],
    partly: frozenset[str],
    absent: frozenset[str],
) -> pl.DataFrame:
    keep = {
        column: pl.any_horizontal(kept for _, _, kept in rules)
        for column, rules in conditions.items()
    }
    for column in partly:
        unknown = pl.col(column).is_null()
        unknown = unknown & ~pl.col("is_guarded") if column in _not_theirs() else unknown
        keep[column] = keep.get(column, pl.lit(False)) | unknown
    hidden = {column: [theirs] for column, theirs in _not_theirs().items()}
    for column, rules in conditions.items():
        broken = [condition for rule, condition, _ in rules if rule in TEXT_RULES]
        hidden.setdefault(column, []).extend(broken)
    blanked = [
        pl.when(~pl.any_horizontal(when)).then(column).alias(column)
        for column, when in hidden.items()
        if when
    ]
    not_known = [pl.lit(None).alias(column) for column in ("restricted",) if column in absent]
    kept = {name: when for name, when in keep.items() if name not in absent}
    return (
        with_keep(curated.rename({"NameIDGuardian": "guardian_id"}), kept)
        .with_columns(*blanked, *not_known)
        .select(*(pl.col(name).cast(kind) for name, kind in GUARDIAN_COLUMNS.items()), KEEP)
        .sort("student_id", "priority")
    )


def _denied(curated: pl.DataFrame) -> pl.DataFrame:
    """The contacts of curated pairs that are not theirs, in ``DENIED_COLUMNS``."""
    return pl.concat(
        curated.filter(theirs)
        .select("student_id", pl.col("NameIDGuardian").alias("guardian_id"), column=pl.lit(column))
        .match_to_schema(DENIED_COLUMNS)
        for column, theirs in _not_theirs().items()
    )


def _kept_away(pairs: pl.DataFrame, rule: WhoMaySee, settings: DistrictSettings) -> pl.DataFrame:
    """Who is kept from whom by the student's SIS Internal ID, in ``KEPT_AWAY_COLUMNS``.

    The account and ``denied`` go by the Student Id of a student who is curated: one whose number
    can't be read, or whose row is gone, would keep the guardian who was published.
    """
    withheld = not settings.publish_restricted
    reason = (
        pl.when(pl.col("restricted") & withheld)
        .then(pl.lit(RESTRICTED))
        .when(pl.col("resembles") & withheld)
        .then(pl.lit(RESEMBLES))
        .when("peer")
        .then(pl.lit(PEER))
    )
    people = pairs.select(
        pl.col("StudentID").alias("sis_internal_id"),
        pl.col("NameIDGuardian").alias("guardian_id"),
        reason.alias("reason"),
        pl.lit(None, pl.String).alias("contact"),
    ).filter(pl.col("reason").is_not_null())
    keys = [
        (student, None, None, key)
        for student, found in rule.values.items()
        for key in sorted(found)
        if withheld
    ]
    return pl.concat([people, pl.DataFrame(keys, schema=KEPT_AWAY_COLUMNS, orient="row")])


def _account(raw: RawObjects, pairs: pl.DataFrame, students: Curated) -> pl.DataFrame:
    """Every pair once, and every row that names no pair: it was sent all the same."""
    numbers = students.account.filter(pl.col("sis_internal_id").is_not_null())
    keyless = (
        _keyless(raw)
        .join(numbers, left_on="StudentID", right_on="sis_internal_id", how="left")
        .with_columns(outcome=pl.lit("rejected"), reason=pl.lit("guardian_key_blank"))
    )
    return pl.concat(
        rows.select(
            "student_id", pl.col("NameIDGuardian").alias("guardian_id"), "outcome", "reason"
        ).match_to_schema(GUARDIAN_ACCOUNT)
        for rows in (pairs, keyless)
    )


def _keyless(raw: RawObjects) -> pl.DataFrame:
    return lookup(raw, _PAIR).filter(
        pl.col("NameIDGuardian").is_null() | pl.col("StudentID").is_null()
    )


def _row_rejects(raw: RawObjects, pairs: pl.DataFrame) -> list[pl.DataFrame]:
    """Pairs that someone must fix; a restriction or the district's own choice is no fault."""
    reported = (RESEMBLES, PEER, "guardian_name_invalid")
    here = pairs.filter((pl.col("student_outcome") != "out_of_scope").fill_null(False))
    return [
        *(
            rejected(
                here, pl.col("reason") == rule, rule, object_name=_PAIR, key="StudentGuardianID"
            )
            for rule in reported
        ),
        rejected(
            here,
            (pl.col("outcome") == "curated") & (pl.col("doubtful") | pl.col("resembles")),
            "may_be_restricted",
            object_name=_PAIR,
            key="StudentGuardianID",
            notice=True,
        ),
        rejected(
            _keyless(raw).with_columns(student_id=pl.lit(None, pl.String)),
            pl.lit(True),
            "guardian_key_blank",
            object_name=_PAIR,
            key="StudentGuardianID",
        ),
    ]


def _of_nobody(raw: RawObjects, today: date, without_pair: pl.Series) -> list[pl.DataFrame]:
    """Restrictions that name nobody, and one notice for all whose pair was not sent: of some
    districts these are many, and as old as the pairs. Where no pair was sent at all, nobody can
    say so."""
    none_sent = lookup(raw, _PAIR).is_empty() or not raw.shares(_PAIR, "StudentGuardianID")
    blank = restrictions_of_nobody(raw, today).with_columns(student_id=pl.lit(None, pl.String))
    gone = pl.DataFrame([(None, None)], {"key": pl.Int64, "student_id": pl.String}, orient="row")
    return [
        rejected(
            blank,
            pl.lit(True),
            "restriction_key_blank",
            object_name=_ACCESS,
            key="StudentGuardianRestrictedAccessID",
            notice=True,
        ),
        rejected(
            gone,
            pl.lit(not (none_sent or without_pair.is_empty())),
            RESTRICTION_WITHOUT_PAIR,
            object_name=_ACCESS,
            key="key",
            notice=True,
        ),
    ]


def _pair_ids(raw: RawObjects, without_pair: pl.Series, settings: DistrictSettings) -> pl.DataFrame:
    sent = lookup(raw, _PAIR).select(
        pl.col("StudentGuardianID").alias("student_guardian_id"),
        pl.col("StudentID").alias("sis_internal_id"),
        pl.col("NameIDGuardian").alias("guardian_id"),
    )
    gone = without_pair.to_frame("student_guardian_id").match_to_schema(
        PAIR_ID_COLUMNS, missing_columns="insert"
    )
    return pl.concat([sent.drop_nulls(), gone.clear() if settings.publish_restricted else gone])


def _value_rejects(
    curated: pl.DataFrame,
    conditions: dict[str, list[tuple[str, pl.Expr, pl.Expr]]],
    absent: frozenset[str],
) -> list[pl.DataFrame]:
    return [
        rejected(curated, where, rule, object_name=_PAIR, key="StudentGuardianID", column=column)
        for column, rules in conditions.items()
        if column not in absent
        for rule, where, _ in rules
    ]


def _without_own_contacts(curated: pl.DataFrame) -> pl.DataFrame:
    """A notice for each restricted guardian whom the district publishes without their contacts."""
    withheld = [pl.col(f"{column}_of_restricted") for column in GUARDIAN_TABLE.contacts]
    return rejected(
        curated,
        pl.col("restricted") & pl.any_horizontal(withheld),
        "restricted_without_contacts",
        object_name=_PAIR,
        key="StudentGuardianID",
        notice=True,
    )


def _without_guardian(students: Curated, frame: pl.DataFrame) -> pl.DataFrame:
    """A notice for each present student who would have no guardian in SameGoal."""
    present = students.frame.filter(_is_present())
    return rejected(
        present.join(frame.select("student_id"), on="student_id", how="anti"),
        pl.lit(True),
        "no_guardian",
        object_name="Student/Student",
        key="sis_internal_id",
        notice=True,
    )


def _is_complete(raw: RawObjects, students: Curated, choice: GuardianChoice) -> bool:
    pairs = raw.frames.get(_PAIR)
    none_came = (pairs is None or pairs.height == 0) and students.frame.height > 0
    # Without the flag nobody is marked custodial, and who isn't would stand in.
    chosen = choice is not GuardianChoice.FIRST_TWO_CUSTODIAL or raw.shares(_PAIR, _CUSTODIAL)
    shared = all(raw.shares(name, *fields) for name, fields in _ESSENTIAL.items())
    return chosen and shared and not none_came


def _findings(raw: RawObjects, pairs: pl.DataFrame, curated: pl.DataFrame) -> dict[str, Noted]:
    outcomes = dict(pairs.get_column("outcome").value_counts().iter_rows())
    reasons = dict(pairs.get_column("reason").drop_nulls().value_counts().iter_rows())
    findings: dict[str, Noted] = {
        f"guardians_{name}": int(outcomes.get(name, 0))
        for name in ("curated", "rejected", "withheld", "out_of_scope")
    }
    people = curated.filter(pl.col("NameIDGuardian").is_first_distinct())
    height = max(curated.height, 1)
    no_phone = pl.all_horizontal(pl.col(*PHONE_TYPES).is_null())
    return findings | {
        "restrictions_shared": int(bool(restriction_sources(raw))),
        "restriction_sources": restriction_sources(raw),
        "guardians_restricted": int(reasons.get(RESTRICTED, 0)),
        "guardians_resembling_restricted": int(reasons.get(RESEMBLES, 0)),
        "contacts_of_restricted": sum(
            int(curated.get_column(f"{column}_of_restricted").sum()) for column in _not_theirs()
        ),
        "emails_not_own": int(people.get_column("email_not_own").sum()),
        "guardians_beyond_choice": int(reasons.get("beyond_choice", 0)),
        "confidential_phones_withheld": int(people.get_column("confidential_phones").sum() or 0),
        "phones_of_other_types": int(people.get_column("untyped_phones").sum() or 0),
        "share_without_guardian_phone": round(curated.filter(no_phone).height / height, 4),
        "share_without_guardian_email": round(curated.get_column("email").null_count() / height, 4),
    }
