"""``student_demographics``: one row a student, from the raw objects of one district.

Every student that Qmlativ sent ends in the account exactly once: curated, rejected with the
rule that says why, or out of scope with the reason.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from samegoal_sync.demographics.columns.column_forms import TEXT_RULES, is_no_name, text_faults
from samegoal_sync.demographics.columns.curated_frames import (
    KEEP,
    KEEP_HOW_LEFT,
    LEFT_STATUSES,
    STUDENT_ACCOUNT,
    STUDENT_COLUMNS,
    Curated,
    Noted,
)
from samegoal_sync.demographics.columns.student_columns import STUDENT_TABLE
from samegoal_sync.demographics.families import first_families
from samegoal_sync.demographics.joinable_frames import lookup
from samegoal_sync.demographics.rejects.reject_rows import (
    LONGEST_SHOWN,
    gathered,
    rejected,
    with_keep,
)
from samegoal_sync.demographics.rejects.spoilt_names import spoilt_names
from samegoal_sync.demographics.students.buildings import buildings
from samegoal_sync.demographics.students.duplicates import possible_duplicates
from samegoal_sync.demographics.students.enrollment import (
    DOUBTED_WITHOUT_CODES,
    counting_enrollments,
    entity_scope,
)
from samegoal_sync.demographics.students.school_years import district_entities, district_row
from samegoal_sync.demographics.values.dates import is_blank, parsed
from samegoal_sync.demographics.values.languages import languages
from samegoal_sync.demographics.values.legal_names import person_names
from samegoal_sync.demographics.values.postal_addresses import student_addresses, written_addresses
from samegoal_sync.demographics.values.race import race
from samegoal_sync.demographics.values.text import cleaned
from samegoal_sync.district import DistrictSettings
from samegoal_sync.qmlativ.raw_objects import RawObjects

#: Month in which a school year begins at the earliest.
_YEAR_BEGINS = 7
_LONGEST_WORD, _MOST_WORDS = 120, 500
#: Curated column -> its rules, each with the condition by which it rejects the value.
Conditions = dict[str, list[tuple[str, pl.Expr]]]
_STUDENT, _NAME = "Student/Student", "Demographics/Name"
_GENDERS = {"m": "Male", "male": "Male", "f": "Female", "female": "Female"}


def curate_students(
    raw: RawObjects,
    settings: DistrictSettings,
    today: date,
    *,
    district_id: int | None = None,
) -> Curated:
    """Curate one district's students.

    Args:
        raw: the entities, students and guardians raw assets merged (guardians only for the
            family's address; without them a student's own address is taken).
        settings: the district's own choices.
        today: the district's local date of the night.
        district_id: which of the system's districts; ``None`` where it holds one.

    Returns:
        ``frame`` in ``STUDENT_COLUMNS`` plus ``keep``, sorted by ``student_id``. An invalid
        value is null and its column in ``keep``; ``district_enrollment`` is never null: where a
        date of it can't be read, the cell says what the rest tells and the column is kept.

    Raises:
        SeveralDistricts: the system holds several and ``district_id`` is None.
    """
    students = _with_enrollment(
        raw, _identified(raw, today), today, district_id, settings.exit_codes
    )
    students = students.with_columns(_outcome(today, settings.age_limit))
    curated = _described(raw, students.filter(pl.col("reason").is_null()), settings, district_id)
    conditions = _invalid(text_faults(curated, STUDENT_COLUMNS))
    absent = STUDENT_TABLE.absent(raw)
    frame = _frame(curated, conditions, STUDENT_TABLE.partly_absent(raw), absent)
    account = _account(students)
    twice = possible_duplicates(curated)
    findings = _findings(raw, account, curated, settings) | {"possible_duplicates": twice.height}
    rejects = gathered(
        [
            *_row_rejects(students),
            *_value_rejects(curated, conditions, absent),
            rejected(
                twice,
                pl.lit(True),
                "possible_duplicate",
                object_name=_STUDENT,
                key="StudentID",
                notice=True,
            ),
            rejected(
                curated,
                pl.col("exit_code_not_known").is_not_null(),
                "exit_code_not_known",
                object_name=_STUDENT,
                key="StudentID",
                notice=True,
            ),
            spoilt_names(curated, "NameID"),
        ]
    )
    return Curated(frame, rejects, account, absent, findings=findings)


def _identified(raw: RawObjects, today: date) -> pl.DataFrame:
    """Every student with its key, name and birth date, as clean as they get."""
    graduation = parsed("GraduationDate")
    students = lookup(raw, _STUDENT).select(
        "StudentID",
        "NameID",
        "LanguageIDNative",
        "LanguageIDPrimary",
        cleaned("StudentNumber").alias("student_id"),
        cleaned("CalculatedStudentStateID").alias("student_reporting_id"),
        (pl.col("IsGraduated").fill_null(False) & (graduation.fill_null(today) <= today)).alias(
            "graduated"
        ),
    )
    name_ids = students.get_column("NameID")
    people = (
        lookup(raw, _NAME)
        .filter(pl.col("NameID").is_in(name_ids.implode()))
        .select(
            "NameID",
            pl.lit(True).alias("has_name"),
            parsed("BirthDate").alias("date_of_birth"),
            is_blank("BirthDate").alias("birth_blank"),
            cleaned("Gender").str.to_lowercase().alias("gender_word"),
            cleaned("GenderCode").str.to_lowercase().alias("gender_code"),
            race(raw),
        )
    )
    return (
        students.join(person_names(raw, name_ids), on="NameID", how="left")
        .join(people, on="NameID", how="left")
        .with_columns(pl.col("has_name").fill_null(False))
    )


def _with_enrollment(
    raw: RawObjects,
    students: pl.DataFrame,
    today: date,
    district_id: int | None,
    exit_codes: dict[str, str],
) -> pl.DataFrame:
    entities = district_entities(raw, district_id, today)
    enrollments = counting_enrollments(
        raw, entities, students.select("StudentID", "graduated"), today, exit_codes
    )
    return students.with_columns(entity_scope(raw, entities)).join(
        enrollments, on="StudentID", how="left"
    )


def _outcome(today: date, age_limit: int) -> list[pl.Expr]:
    """``reason`` (null: curated) and ``out_of_scope`` of each student; the first reason counts."""
    birth, number = pl.col("date_of_birth"), pl.col("student_id")
    # Whoever passes the limit during a school year stays to its end.
    year_began = date(today.year - (today.month < _YEAR_BEGINS), _YEAR_BEGINS, 1)
    oldest = year_began.replace(year=year_began.year - age_limit - 1)
    outside = {
        "never_enrolled": pl.col("in_district").is_null(),
        "other_district": ~pl.col("in_district"),
        "left_before_last_school_year": ~pl.col("recent").fill_null(False),
    }
    inside = ~pl.any_horizontal(*outside.values())
    wrong = {
        "student_id_blank": number.is_null(),
        "student_id_invalid": ~number.str.contains(r"^[A-Za-z0-9]{1,20}$"),
        "student_id_twice": inside & pl.when(inside).then(number).is_duplicated(),
        "name_missing": ~pl.col("has_name"),
        "name_invalid": is_no_name("last_name") | is_no_name("first_name"),
        "date_of_birth_blank": pl.col("birth_blank"),
        "date_of_birth_unreadable": birth.is_null(),
        "date_of_birth_impossible": (birth > today) | (birth <= oldest),
    }
    reason = pl.lit(None, pl.String)
    for name, condition in reversed((outside | wrong).items()):
        reason = pl.when(condition).then(pl.lit(name)).otherwise(reason)
    return [reason.alias("reason"), (~inside).alias("out_of_scope")]


def _described(
    raw: RawObjects, students: pl.DataFrame, settings: DistrictSettings, district_id: int | None
) -> pl.DataFrame:
    """The students that will be published, with address, language, building and district."""
    families = first_families(raw)
    located = students.join(families, on="StudentID", how="left")
    addresses = student_addresses(raw, located.select("StudentID", "NameID", "FamilyID"))
    written = written_addresses(raw, addresses.get_column("AddressID"))
    enrollment = students.select("StudentID", "EntityID", "SchoolYearID", "SchoolID", "entity_name")
    district = district_row(raw, district_id).select(cleaned("Name"))
    service = district.item() if district.height else None
    return (
        located.join(addresses, on="StudentID", how="left")
        .join(written, on="AddressID", how="left")
        .join(buildings(raw, enrollment, settings.buildings), on="StudentID", how="left")
        .pipe(_with_home_language, raw, settings)
        .with_columns(
            gender=pl.coalesce(
                pl.col("gender_word").replace_strict(_GENDERS, default=None),
                pl.when(pl.col("gender_word").is_null()).then(
                    pl.col("gender_code").replace_strict(_GENDERS, default=None)
                ),
            ),
            county_of_residence="county",
            district_of_service=pl.lit(service, pl.String),
            district_of_residence=pl.lit(None, pl.String),
        )
    )


def _with_home_language(
    students: pl.DataFrame, raw: RawObjects, settings: DistrictSettings
) -> pl.DataFrame:
    """The first family's home language, else the student's native, else their primary one."""
    sources = ("LanguageIDHome", "LanguageIDNative", "LanguageIDPrimary")
    return students.with_columns(LanguageID=pl.coalesce(sources)).join(
        languages(raw, settings.languages).rename({"language": "home_language"}),
        on="LanguageID",
        how="left",
    )


def _invalid(faults: Conditions) -> Conditions:
    """By which rules values are rejected: texts for their form, others for what they say."""
    has_gender = pl.col("gender_word").is_not_null() | pl.col("gender_code").is_not_null()
    conditions: Conditions = {column: list(rules) for column, rules in faults.items()}
    unreadable = ("enrollment_date_unreadable", pl.col("enrollment_unreadable"))
    for column, rule in {
        "gender": ("gender_not_accepted", pl.col("gender").is_null() & has_gender),
        "address": ("po_box_invalid", pl.col("box_invalid").fill_null(False)),
        "zip": ("zip_invalid", pl.col("zip_invalid").fill_null(False)),
        "country": ("country_unknown", pl.col("country_invalid").fill_null(False)),
        "home_language": ("language_unknown", pl.col("language_invalid").fill_null(False)),
        "district_enrollment": unreadable,
        "enrollment_reason": unreadable,
    }.items():
        conditions.setdefault(column, []).append(rule)
    return conditions


def _frame(
    curated: pl.DataFrame,
    conditions: Conditions,
    partly: frozenset[str],
    absent: frozenset[str],
) -> pl.DataFrame:
    keep = {
        column: pl.any_horizontal(condition for _, condition in rules)
        for column, rules in conditions.items()
    }
    for column in partly:
        keep[column] = keep.get(column, pl.lit(False)) | pl.col(column).is_null()
    if "district_enrollment" in partly:
        keep[KEEP_HOW_LEFT] = pl.col("district_enrollment").is_in(LEFT_STATUSES) | pl.col(
            "enrollment_reason"
        ).is_in(DOUBTED_WITHOUT_CODES)
    blanked = [
        pl.when(~pl.any_horizontal(broken)).then(column).alias(column)
        for column, rules in conditions.items()
        if (broken := [condition for rule, condition in rules if rule in TEXT_RULES])
    ]
    kept = {column: condition for column, condition in keep.items() if column not in absent}
    layout = curated.rename({"StudentID": "sis_internal_id"})
    return (
        with_keep(layout, kept)
        .with_columns(*blanked)
        .select(*STUDENT_COLUMNS, KEEP)
        .sort("student_id")
    )


def _account(students: pl.DataFrame) -> pl.DataFrame:
    """Every StudentID once. A number that passed on to another student is that student's alone."""
    gone = pl.col("out_of_scope")
    outcome = (
        pl.when(pl.col("reason").is_null())
        .then(pl.lit("curated"))
        .when(gone)
        .then(pl.lit("out_of_scope"))
        .otherwise(pl.lit("rejected"))
    )
    here = students.filter(~gone).get_column("student_id").drop_nulls().unique()
    passed_on = gone & pl.col("student_id").is_in(here.implode())
    # A number that is none is not carried about in accounts: it may be of any length.
    shown = ~passed_on.fill_null(False) & ~(pl.col("student_id").str.len_chars() > LONGEST_SHOWN)
    return students.select(
        pl.col("StudentID").alias("sis_internal_id"),
        pl.when(shown).then("student_id").alias("student_id"),
        outcome.alias("outcome"),
        "reason",
    ).match_to_schema(STUDENT_ACCOUNT)


def _row_rejects(students: pl.DataFrame) -> list[pl.DataFrame]:
    aside = students.filter(~pl.col("out_of_scope") & pl.col("reason").is_not_null())
    return [
        rejected(
            rows,
            pl.lit(True),
            str(rule),
            object_name=_STUDENT if str(rule).startswith("student_id") else _NAME,
            key="StudentID" if str(rule).startswith("student_id") else "NameID",
        )
        for (rule,), rows in aside.partition_by("reason", as_dict=True, maintain_order=True).items()
    ]


def _value_rejects(
    curated: pl.DataFrame, conditions: Conditions, absent: frozenset[str]
) -> list[pl.DataFrame]:
    return [
        rejected(
            curated,
            condition,
            rule,
            column=column,
            object_name=STUDENT_TABLE[column].reject_object,
            key=STUDENT_TABLE[column].reject_key,
        )
        for column, rules in conditions.items()
        for rule, condition in rules
        if column not in absent
    ]


def _findings(
    raw: RawObjects, account: pl.DataFrame, curated: pl.DataFrame, settings: DistrictSettings
) -> dict[str, Noted]:
    outcomes = dict(account.get_column("outcome").value_counts().iter_rows())
    findings: dict[str, Noted] = {
        f"students_{name}": int(outcomes.get(name, 0))
        for name in ("curated", "rejected", "out_of_scope")
    }
    for name, share in _blank_shares(curated).items():
        findings[f"share_without_{name}"] = share
    schools = curated.get_column("school").drop_nulls().unique().sort().to_list()
    if settings.buildings:
        findings["buildings_not_matched"] = [s for s in schools if s not in settings.buildings]
    findings["exit_codes_not_matched"] = counted(curated.get_column("exit_code_not_known"))
    findings["languages_not_matched"] = counted(
        curated.filter("language_invalid").get_column("language_label")
    )
    findings["legal_names_shared"] = int(raw.shares(_NAME, "LastNameLegal", "FirstNameLegal"))
    return findings


def counted(words: pl.Series) -> dict[str, int]:
    """How often each word occurs, the most frequent first; no more than a page can show."""
    counts = words.drop_nulls().str.head(_LONGEST_WORD).value_counts(sort=True).head(_MOST_WORDS)
    return {str(word): int(n) for word, n in counts.iter_rows()}


def _blank_shares(curated: pl.DataFrame) -> dict[str, float]:
    """Share of students without a value, 0 to 1, of the columns that ought to have one."""
    height = max(curated.height, 1)
    return {
        column: round(curated.get_column(column).null_count() / height, 4)
        for column in ("address", "gender", "race", "home_language", "grade", "building")
    }
