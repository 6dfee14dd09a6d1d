"""Each setting of a district: what it is for, what it takes, an example, and how its JSON is read.

The page docs/district-settings.md and the help of ``districts change`` are made of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from samegoal_sync.district import EXIT_STATUSES, Caseload, DateRange, GuardianChoice, Guards
from samegoal_sync.outside_text import cleaned_text

_Choice = TypeVar("_Choice", bound=StrEnum)

#: Kinds of morning mail that a district can choose.
NOTIFY_KINDS = frozenset({"failed", "held", "expiring", "rejects", "paused", "published"})


@dataclass(frozen=True)
class SettingRule:
    """One setting.

    Attributes:
        about: what it is for.
        takes: which values, in words.
        example: a value as JSON, other than the default.
        read: the value that JSON states; raises ValueError or TypeError with what it must be.
    """

    about: str
    takes: str
    example: Any
    read: Callable[[Any], Any]


def _one_of(choices: type[_Choice]) -> Callable[[Any], _Choice]:
    def read(value: Any) -> _Choice:
        try:
            return choices(value)
        except ValueError:
            raise ValueError(f"must be one of {', '.join(choices)}") from None

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _between(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError("must be a whole number")
        if not least <= value <= most:
            raise ValueError(f"must be from {least} to {most}")
        return value

    return read


def _names(value: Any) -> dict[str, str]:
    """Both sides cleaned, as what Qmlativ calls them is; else they would never meet."""
    if not isinstance(value, Mapping) or not all(
        isinstance(text, str) and cleaned_text(text) for pair in value.items() for text in pair
    ):
        raise TypeError("must give a name for each name")
    return {cleaned_text(name): cleaned_text(meaning) for name, meaning in value.items()}


def _exit_codes(value: Any) -> dict[str, str]:
    mapping = _names(value)
    if not set(mapping.values()) <= set(EXIT_STATUSES):
        raise ValueError(f"must map each code to one of {', '.join(EXIT_STATUSES)}")
    return mapping


def _languages(value: Any) -> dict[str, str]:
    mapping = {name: code.lower() for name, code in _names(value).items()}
    if not all(len(code) == 2 and code.isascii() and code.isalpha() for code in mapping.values()):
        raise ValueError("must map each language to a two-letter ISO 639-1 code")
    return mapping


def _guards(value: Any) -> Guards:
    known = {field.name for field in fields(Guards)}
    if not isinstance(value, Mapping) or not set(value) <= known:
        raise TypeError(f"must hold only {', '.join(sorted(known))}")
    for name, share in value.items():
        if isinstance(share, bool) or not isinstance(share, int | float):
            raise TypeError(f"{name} must be a number")
        if name == "floor" and (not isinstance(share, int) or share < 0):
            raise ValueError("floor must be a whole number of students, 0 or more")
        if name != "floor" and not 0 <= share <= 1:
            raise ValueError(f"{name} must be a share between 0 and 1")
    return Guards(**value)


def _date_range(value: Any) -> DateRange | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != {"first", "last"}:
        raise TypeError("must have a first and a last day")
    date_range = DateRange(date.fromisoformat(value["first"]), date.fromisoformat(value["last"]))
    if date_range.last < date_range.first:
        raise ValueError("the last day lies before the first")
    return date_range


def _notify(value: Any) -> frozenset[str]:
    if isinstance(value, str) or not set(value) <= NOTIFY_KINDS:
        raise ValueError(f"must be a list of {', '.join(sorted(NOTIFY_KINDS))}")
    return frozenset(value)


#: Whole numbers that a district sets: the least and the most.
LIMITS: Mapping[str, tuple[int, int]] = {
    "parent_years": (10, 100),
    "shared_email_limit": (2, 100),
    "age_limit": (18, 120),
}

_DAYS = "a first and a last day, both included; null for none"
_SUMMER = {"first": "2027-07-01", "last": "2027-08-01"}

#: In the order in which pages and help show them: the fields of ``DistrictSettings``.
SETTING_RULES: dict[str, SettingRule] = {
    "guardians": SettingRule(
        "Which of a student's guardians are published.",
        ", ".join(f"`{one}`" for one in GuardianChoice),
        "first_two",
        _one_of(GuardianChoice),
    ),
    "publish_restricted": SettingRule(
        "Publish a guardian under an active restriction with the restriction shown, instead of "
        "withholding them. Their e-mail and phones are left blank all the same.",
        "true or false",
        True,
        _flag,
    ),
    "parent_years": SettingRule(
        "A guardian who is an enrolled minor is shown to students at least so many years "
        "younger, as their parent; from all others they are withheld.",
        "{} to {} years".format(*LIMITS["parent_years"]),
        14,
        _between(*LIMITS["parent_years"]),
    ),
    "shared_email_limit": SettingRule(
        "An e-mail that so many guardians without a common student have is nobody's own, and "
        "not published.",
        "{} to {} guardians".format(*LIMITS["shared_email_limit"]),
        6,
        _between(*LIMITS["shared_email_limit"]),
    ),
    "buildings": SettingRule(
        "What a school is called in SameGoal (Settings > Buildings), by its name in Qmlativ.",
        "a name for each name",
        {"FAIRVIEW MS": "Fairview Middle School"},
        _names,
    ),
    "age_limit": SettingRule(
        "Most years of a student on the day on which the school year begins; who is older is "
        "rejected.",
        "{} to {} years".format(*LIMITS["age_limit"]),
        22,
        _between(*LIMITS["age_limit"]),
    ),
    "exit_codes": SettingRule(
        "What a withdrawal code means, by the code or its description; it wins over the public "
        "tables.",
        "for each code one of " + ", ".join(f"`{one}`" for one in EXIT_STATUSES),
        {"W7": "TRANSFERRED", "Summer withdrawal": "STAYS"},
        _exit_codes,
    ),
    "languages": SettingRule(
        "Which language a description or code means; it wins over ISO 639's tables.",
        "for each description or code a two-letter ISO 639-1 code",
        {"Spanish (Mexico)": "es"},
        _languages,
    ),
    "guards": SettingRule(
        "When a night is held for a look: the share beyond which each guard holds it.",
        "any of the guards below",
        {"students_lost": 0.2, "first_night": 0},
        _guards,
    ),
    "paused": SettingRule(
        "Days on which nothing is published. Guardians under a new restriction are removed all "
        "the same.",
        _DAYS,
        _SUMMER,
        _date_range,
    ),
    "additions_only": SettingRule(
        "Days on which new students come in, with their guardians, and what is published of the "
        "others stays. Guardians under a new restriction are removed all the same.",
        _DAYS,
        _SUMMER,
        _date_range,
    ),
    "notify": SettingRule(
        "Which morning mail the district's contacts get.",
        "a list of " + ", ".join(f"`{one}`" for one in sorted(NOTIFY_KINDS)),
        ["failed", "held"],
        _notify,
    ),
    "teachers_see": SettingRule(
        "Which students a teacher sees in the portal: those of their buildings and those assigned "
        "to them, or the latter alone.",
        ", ".join(f"`{one}`" for one in Caseload),
        "assigned",
        _one_of(Caseload),
    ),
}

#: Beyond which share a night is held; ``floor`` is a number of students.
GUARD_RULES: dict[str, str] = {
    "floor": "Students (or guardians) under whom no night is held, whatever the share: in a small "
    "school three who move are a tenth. A first night has no floor.",
    "students_lost": "Published students that Qmlativ no longer sends.",
    "students_new": "Students that are new.",
    "identities_changed": "Students whose name, birth date, Student Id or status would change.",
    "column_emptied": "Students whose value of one column would be emptied.",
    "students_without_guardians": "Students who would lose their last guardian.",
    "guardians_removed": "Guardians who would be removed.",
    "restrictions_lost": "Restricted guardians whose restriction is gone; beyond it the night "
    "fails rather than waits.",
    "first_night": "Students of a district of which nothing is published yet: 1 lets them in, 0 "
    "holds the first night for a look, however few they are.",
}
