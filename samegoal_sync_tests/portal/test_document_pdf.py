"""A document's PDF: made in a process that can be ended, whatever a text costs to lay out."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from samegoal_sync.database import connect
from samegoal_sync.portal.documents import pdf_jobs
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

ADMINISTRATIVE = "administrative@fairview.example"
#: Marks heaped upon one letter.
HEAP = "a" + "\u0301" * 30_000


@pytest.mark.slow
def test_a_text_that_takes_minutes_is_given_up_and_keeps_nobody(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    districts: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """20,000 accents took minutes, on a thread of the portal and with its interpreter."""
    person = sign_in(ADMINISTRATIVE)
    started = person.post(f"{student_address(FAIRVIEW)}/documents", kind="iep")
    address = started.headers["location"].partition("?")[0]
    first = person.get(f"{address}/pdf", timeout=120)
    assert first.content.startswith(b"%PDF")
    with connect(districts) as connection:
        changed = connection.execute(
            "update document_fields set value = %s where document_id = %s and part = 'section'",
            (HEAP, address.rpartition("/")[2]),
        )
        assert changed.rowcount
    monkeypatch.setattr(pdf_jobs, "SECONDS", 3.0)
    began = time.monotonic()
    answer = person.get(f"{address}/pdf", timeout=60)
    assert answer.status_code == 400
    assert "takes too long" in answer.text
    assert time.monotonic() - began < 15
    with connect(districts) as connection:
        connection.execute("update document_fields set value = 'x' where value = %s", (HEAP,))
    assert person.get(f"{address}/pdf", timeout=120).content.startswith(b"%PDF")


def test_heaps_of_marks_are_refused_on_entry_and_languages_are_not(
    sign_in: Callable[[str], Person], student_address: Callable[..., str]
) -> None:
    person, address = sign_in(ADMINISTRATIVE), student_address(FAIRVIEW)
    refused = person.post(f"{address}/by-hand", pronouns="e" + "\u0301" * 9)
    assert refused.status_code == 400
    assert "accents" in refused.text
    for honest in ("ế ở", "שָׁלוֹם", "नमस्ते", "e\u0323\u0302\u0301"):
        assert person.post(f"{address}/by-hand", pronouns=honest).status_code == 303
