"""What is kept of curated frames is the same again, also what an earlier version stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from samegoal_sync.demographics.columns.curated_frames import (
    DENIED_COLUMNS,
    REJECT_COLUMNS,
    STUDENT_ACCOUNT,
    STUDENT_COLUMNS,
    Curated,
)
from samegoal_sync.demographics.columns.stored_curated import curated_of, frames_of, notes_of

_CURATED = Curated(
    pl.DataFrame(schema=STUDENT_COLUMNS),
    pl.DataFrame(schema=REJECT_COLUMNS),
    pl.DataFrame(schema=STUDENT_ACCOUNT),
    absent=frozenset({"race"}),
    complete=False,
    findings={"share": 0.5, "buildings": ["North"]},
    read_at=datetime(2026, 3, 3, 8, tzinfo=UTC),
    denied=pl.DataFrame([("S1", 7, "email")], schema=DENIED_COLUMNS, orient="row"),
)


def _notes() -> dict[str, Any]:
    notes: dict[str, Any] = json.loads(json.dumps(notes_of(_CURATED)))
    return notes


def test_all_of_it_comes_back() -> None:
    again = curated_of(frames_of(_CURATED), _notes())
    assert notes_of(again) == notes_of(_CURATED)
    assert all(one.equals(frames_of(_CURATED)[name]) for name, one in frames_of(again).items())


def test_every_field_is_a_frame_or_a_note() -> None:
    assert {*frames_of(_CURATED), *notes_of(_CURATED)} == set(vars(_CURATED))


@pytest.mark.parametrize("complete", [True, False])
def test_notes_that_an_earlier_version_stored_are_read(complete: bool) -> None:
    notes = _notes() | {"whole": complete}
    del notes["complete"]
    assert curated_of(frames_of(_CURATED), notes).complete is complete


def test_a_night_of_before_there_were_denied_contacts_and_moments_is_read() -> None:
    notes = _notes()
    del notes["read_at"]
    frames = {name: one for name, one in frames_of(_CURATED).items() if name != "denied"}
    again = curated_of(frames, notes)
    assert again.denied.is_empty()
    assert again.read_at is None
