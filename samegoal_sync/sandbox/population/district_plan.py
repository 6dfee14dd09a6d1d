"""What a simulated district is asked to be, and the fixed plan of its schools and years."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property  # noqa: TID251  (nothing in it waits)

from samegoal_sync.sandbox.population.name_pools import SCHOOL_NAMES

#: Grades in order; the index is what a student carries inside the generator.
GRADES: tuple[str, ...] = ("PK", "KG", *(f"{number:02d}" for number in range(1, 13)))
#: Kinds of school, each with the first and last index of its grades.
LEVELS: tuple[tuple[str, int, int, int], ...] = (
    ("Elementary School", 0, 6, 650),
    ("Middle School", 7, 9, 900),
    ("High School", 10, 13, 1_600),
)
#: Families and students of one district of a system number from multiples of this.
MEMBER_STRIDE = 1_000_000


@dataclass(frozen=True)
class SandboxDistrict:
    """One simulated Qmlativ system; everything in it follows from these values.

    Attributes:
        slug: its path on the sandbox's port (``/{slug}API``) and its name in commands.
        name: the district's name.
        students: rows of Student/Student, whatever their state.
        seed: another seed, other people.
        today: the day on which it is generated; the school year follows from it.
        noise: sprinkle in the faults of typing that real districts have (below 1 % of rows
            are beyond repair); without it every row is in order, but no less varied.
        members: further districts that share this system, its address and its objects.
        not_granted: ``"Module/Object"`` or ``"Module/Object.Field"`` that Skyward did not
            grant, besides all that no connector reads.
        refuse_not_granted: answer 403 to a field not granted, instead of leaving its key out.
    """

    slug: str
    name: str
    students: int
    seed: int = 0
    today: date = field(default_factory=date.today)
    noise: bool = True
    members: tuple[SandboxDistrict, ...] = ()
    not_granted: frozenset[str] = frozenset()
    refuse_not_granted: bool = False


@dataclass(frozen=True)
class PlannedSchool:
    """One school and its entity, the same through all years."""

    number: int
    entity_id: int
    code: str
    name: str
    level: str


@dataclass(frozen=True)
class Plan:
    """One district inside a system: its keys, schools and school years.

    ``number`` is 0 for the system's first district, 1 for its first member and so on.
    ``known_schools`` are given for a district that exists already and grows.
    """

    district: SandboxDistrict
    number: int = 0
    known_schools: tuple[PlannedSchool, ...] | None = None

    @property
    def seed(self) -> int:
        return self.district.seed * 101 + self.number

    @property
    def district_id(self) -> int:
        return self.number + 1

    @property
    def district_entity_id(self) -> int:
        """The district-wide entity: 1 in a system of one district."""
        return 1 + 1_000 * self.number

    @property
    def first_student(self) -> int:
        return self.number * MEMBER_STRIDE

    @cached_property
    def numeric_year(self) -> int:
        """The current school year, named by the calendar year in which it ends."""
        return school_year_of(self.district.today)

    @property
    def years(self) -> tuple[int, int, int]:
        """The previous, the current and the coming school year."""
        return self.numeric_year - 1, self.numeric_year, self.numeric_year + 1

    @cached_property
    def schools(self) -> tuple[PlannedSchool, ...]:
        """Schools for the number of students, then an alternative and a summer program."""
        if self.known_schools is not None:
            return self.known_schools
        planned: list[PlannedSchool] = []
        for level, first, last, size in LEVELS:
            share = (last - first + 1) / len(GRADES)
            count = max(1, round(self.district.students * share / size))
            for position in range(count):
                name = SCHOOL_NAMES[position % len(SCHOOL_NAMES)]
                suffix = (
                    "" if position < len(SCHOOL_NAMES) else f" {position // len(SCHOOL_NAMES) + 1}"
                )
                planned.append(self._school(len(planned), f"{name}{suffix} {level}", level))
        planned.append(self._school(len(planned), "Crossroads Alternative Program", "Program"))
        planned.append(self._school(len(planned), "Summer Bridge Program", "Program"))
        return tuple(planned)

    def _school(self, number: int, name: str, level: str) -> PlannedSchool:
        entity = self.district_entity_id + 100 + number
        return PlannedSchool(number, entity, f"{entity:04d}", name, level)

    def of_level(self, level: str) -> tuple[PlannedSchool, ...]:
        return tuple(school for school in self.schools if school.level == level)


def plans(district: SandboxDistrict) -> tuple[Plan, ...]:
    """The system's districts, the first one first; members share the first one's day."""
    return tuple(
        Plan(member, number) for number, member in enumerate((district, *district.members))
    )


def school_year_of(day: date) -> int:
    """The school year a day lies in; it turns over on the first of July."""
    return day.year + 1 if day.month >= 7 else day.year


def school_year_id(numeric_year: int) -> int:
    """Qmlativ numbers its school years by itself; the sandbox counts from 2000."""
    return numeric_year - 2000


def school_id(plan: Plan, number: int, numeric_year: int) -> int:
    """Schools are rows per school year: another id each year, the same code."""
    return school_year_id(numeric_year) * 10_000 + plan.number * 1_000 + number + 1


def first_day(numeric_year: int) -> date:
    """The first day of instruction."""
    return date(numeric_year - 1, 8, 12)


def last_day(numeric_year: int) -> date:
    """The last day of instruction."""
    return date(numeric_year, 5, 28)


def days_into_year(plan: Plan) -> int:
    """How many days of this school year have passed: what happened this year lies in them."""
    passed = (plan.district.today - first_day(plan.numeric_year)) // timedelta(days=1)
    return max(1, min(passed, 280))
