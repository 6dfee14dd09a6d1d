"""What a night found, as it is stored and read again."""

from __future__ import annotations

from samegoal_sync.samegoal.publication.findings import Findings
from samegoal_sync.samegoal.publication.last_good_night import last_good_findings
from samegoal_sync_tests.samegoal.invented_nights import House, curated_students, student


def test_findings_are_read_as_they_were_stored() -> None:
    found = Findings(
        students={"rows of Student/Student": 3, "buildings_not_matched": ["North"]},
        guardians={"restrictions_shared": 0},
        guardians_complete=False,
        restrictions_applied=2,
        rollover_changes={"grade": 5},
    )
    again = Findings.from_json(found.as_json())
    assert again == found
    assert again.rows_read == {"Student/Student": 3}
    assert again.restrictions_shared is False
    assert again.buildings_not_matched == ["North"]


def test_rows_of_other_versions_are_read() -> None:
    old = Findings.from_json({"transient": True, "a_name_of_long_ago": 1})
    assert old == Findings(transient=True)
    assert Findings.from_json({}).restrictions_shared is None


def test_the_last_good_night_tells_what_it_found(house: House) -> None:
    assert last_good_findings(house.database_url, "fairview-isd") == Findings()
    house.publish(curated_students([student(1)]))
    house.publish(curated_students([student(1, gender=None)]))
    found = last_good_findings(house.database_url, "fairview-isd")
    assert found.required_values_missing == {"gender": 1}
    assert found.guardians_complete is True
