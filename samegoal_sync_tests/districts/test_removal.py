"""Parting with a district: with its data kept, or exported and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from samegoal_sync.database import connect
from samegoal_sync.district import DistrictState
from samegoal_sync.districts.errors import SecretMissing, UnknownDistrict
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.removal import (
    published_students,
    remove_district,
    retire_district,
)
from samegoal_sync.secret import Secret


def _no_documents(_slug: str, _folder: Path) -> int:
    return 0


@pytest.fixture
def published(registry: Registry, fairview: str) -> str:
    registry.store_secret(fairview, Secret("s"), "test")
    registry.set_state(fairview, DistrictState.ACTIVE, "test")
    with connect(registry.database_url) as connection:
        connection.execute(
            "insert into students (district, student_id, last_name, first_name, date_of_birth, "
            "district_enrollment, sis_internal_id) values (%s, 'S1', 'Rivera', 'Alma', "
            "'2014-01-01', 'ENROLLED', 1)",
            (fairview,),
        )
    return fairview


def test_a_district_that_keeps_its_data_has_no_secret_no_nights_and_no_partition(
    registry: Registry, published: str
) -> None:
    dropped: list[str] = []
    retire_district(registry, dropped.append, published, "ann")
    assert dropped == [published]
    assert registry.get(published).state is DistrictState.SUSPENDED
    assert registry.active() == []
    assert not registry.has_secret(published)
    with pytest.raises(SecretMissing):
        registry.connection(published)
    assert published_students(registry, published) == 1


def test_a_removed_district_is_exported_before_anything_goes(
    registry: Registry, published: str, tmp_path: Path
) -> None:
    order: list[str] = []

    def drop(slug: str) -> None:
        assert (tmp_path / "last" / "students.csv").read_text().count("Rivera") == 1
        assert published_students(registry, slug) == 1
        order.append(slug)

    remove_district(registry, drop, published, tmp_path / "last", _no_documents)
    assert order == [published]
    with pytest.raises(UnknownDistrict):
        registry.get(published)


def test_a_removal_that_breaks_off_can_be_run_again(registry: Registry, published: str) -> None:
    def broken(_slug: str) -> None:
        raise OSError("the storage is away")

    with pytest.raises(OSError, match="storage is away"):
        remove_district(registry, broken, published, None, _no_documents)
    assert published_students(registry, published) == 1
    remove_district(registry, lambda _slug: None, published, None, _no_documents)
    with pytest.raises(UnknownDistrict):
        registry.get(published)
