"""Nothing that a person types into a document is lost: drafts, two people at once, versions."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from samegoal_sync.database import connect
from samegoal_sync_tests.portal.conftest import FAIRVIEW, OAKDALE, Person
from samegoal_sync_tests.portal.test_documents import execute, finished, started

Address = Callable[..., str]
SignIn = Callable[[str], Person]

TEACHER, ADMINISTRATIVE = "teacher@fairview.example", "administrative@fairview.example"
GOALS, SERVICES = "section:0:annual_goals", "section:0:services"


def opened(person: Person, document: str) -> dict[str, str]:
    """The form as the person's page holds it: every field's text and fingerprint."""
    page = person.get(document).text
    fields = {
        key: unescape(text)
        for key, text in re.findall(r'<textarea id="([^"]+)"[^>]*>([^<]*)</textarea>', page)
    }
    hidden = re.findall(r'<input type="hidden" name="((?:base|seen)[^"]+)" value="([^"]*)"', page)
    return fields | {key: unescape(value) for key, value in hidden}


def saved(person: Person, document: str) -> str:
    """A document's page as somebody without a draft sees it."""
    return person.get(document).text


def test_a_second_save_does_not_revert_the_first(sign_in: SignIn, student_address: Address) -> None:
    ann, ben = sign_in(TEACHER), sign_in(ADMINISTRATIVE)
    document = started(ann, student_address(FAIRVIEW))
    of_ann, of_ben = opened(ann, document), opened(ben, document)
    ann.post(f"{document}/fill", **of_ann | {GOALS: "Reads by May."})
    ben.post(f"{document}/fill", **of_ben | {SERVICES: "Speech, weekly."})
    page = opened(ann, document)
    assert (page[GOALS], page[SERVICES]) == ("Reads by May.", "Speech, weekly.")


def test_of_two_who_write_one_field_the_second_decides_with_both_in_view(
    sign_in: SignIn, student_address: Address
) -> None:
    ann, ben = sign_in(TEACHER), sign_in(ADMINISTRATIVE)
    document = started(ann, student_address(FAIRVIEW))
    of_ann, of_ben = opened(ann, document), opened(ben, document)
    ann.post(f"{document}/fill", **of_ann | {GOALS: "Ann's goal."})
    ben.post(f"{document}/fill", **of_ben | {GOALS: "Ben's goal."})
    page = saved(ben, document)
    assert "Somebody else saved one field" in page
    assert "teacher@fairview.example saved this while you were writing" in page
    assert opened(ann, document)[GOALS] == "Ann's goal."
    mine = opened(ben, document)
    assert mine[GOALS] == "Ben's goal."
    ben.post(f"{document}/fill", **mine)
    assert opened(ann, document)[GOALS] == "Ben's goal."
    assert "Ann&#39;s goal." in saved(ann, document)  # in the history


def test_a_draft_is_its_persons_own_and_is_there_again(
    sign_in: SignIn, student_address: Address
) -> None:
    ann, ben = sign_in(TEACHER), sign_in(ADMINISTRATIVE)
    document = started(ann, student_address(FAIRVIEW))
    answer = ann.post(f"{document}/draft", **opened(ann, document) | {GOALS: "Half a sent"})
    assert "Draft kept" in answer.text
    assert opened(ann, document)[GOALS] == "Half a sent"
    assert "not saved yet" in saved(ann, document)
    assert opened(ben, document)[GOALS] == ""
    assert "Half a sent" not in saved(ben, document)
    ann.post(f"{document}/draft/discard")
    assert opened(ann, document)[GOALS] == ""


def test_a_saved_draft_is_a_draft_no_longer(sign_in: SignIn, student_address: Address) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    ann.post(f"{document}/draft", **opened(ann, document) | {GOALS: "Reads."})
    ann.post(f"{document}/fill", **opened(ann, document))
    page = saved(ann, document)
    assert "not saved yet" not in page
    assert ann.post(f"{document}/draft", **opened(ann, document)).text.startswith("Everything")


def test_take_over_saves_what_stands_on_the_page(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    execute(districts, "update guardians set cell_phone = '(555) 010-0111', email = 'n@x.example'")
    page = opened(ann, document) | {GOALS: "Typed before the click."}
    answer = ann.post(f"{document}/take-over", field="*", **page)
    assert answer.status_code == 303
    page_then = saved(ann, document)
    assert opened(ann, document)[GOALS] == "Typed before the click."
    assert "Details has changed" not in page_then
    # Also where Details has changed once more, and nothing is taken over.
    execute(districts, "update guardians set cell_phone = '(555) 010-0122'")
    page = opened(ann, document) | {SERVICES: "Kept all the same."}
    execute(districts, "update guardians set cell_phone = '(555) 010-0133'")
    assert ann.post(f"{document}/take-over", field="*", **page).status_code == 409
    assert opened(ann, document)[SERVICES] == "Kept all the same."


def test_a_text_that_is_too_long_stays_on_the_page_with_its_reason(
    sign_in: SignIn, student_address: Address
) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    fields = opened(ann, document) | {GOALS: "word " * 4_001, SERVICES: "Speech."}
    answer = ann.post(f"{document}/fill", **fields)
    assert answer.status_code == 422
    assert "at most 20,000 can be saved" in answer.text
    assert "word word word" in answer.text
    assert "Speech." in answer.text
    assert opened(sign_in(ADMINISTRATIVE), document)[SERVICES] == ""  # nothing by half


def test_what_was_typed_into_a_document_that_is_finished_meanwhile_is_kept(
    sign_in: SignIn, student_address: Address
) -> None:
    ann, ben = sign_in(TEACHER), sign_in(ADMINISTRATIVE)
    document = started(ann, student_address(FAIRVIEW))
    of_ann = opened(ann, document)
    finished(ben, document)
    assert ann.post(f"{document}/fill", **of_ann | {GOALS: "Too late."}).status_code == 409
    page = saved(ann, document)
    assert "Your draft is not part of this document" in page
    assert "Too late." in page
    assert "Too late." not in saved(ben, document)


def test_finishing_asks_first_and_finishes_only_what_was_seen(
    sign_in: SignIn, student_address: Address
) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    assert ann.post(f"{document}/finish").status_code == 409
    page = ann.get(f"{document}/finish").text
    assert "4 sections are blank" in page
    assert "María García Núñez" in page
    seen = re.findall(r'name="seen" value="([^"]+)"', page)[0]
    ann.post(f"{document}/fill", **opened(ann, document) | {GOALS: "One more."})
    assert ann.post(f"{document}/finish", seen=seen).status_code == 409
    assert "In progress" in saved(ann, document)


def test_only_who_started_it_and_administrative_users_may_finish(
    sign_in: SignIn, student_address: Address
) -> None:
    ann, ben = sign_in(TEACHER), sign_in(ADMINISTRATIVE)
    document = started(ben, student_address(FAIRVIEW))
    page = ann.get(f"{document}/finish").text
    assert "Only administrative@fairview.example" in page
    assert ann.post(f"{document}/finish", seen="x").status_code == 404
    assert "Finished" in finished(ben, document)


def test_a_finished_document_is_amended_as_a_new_version(
    sign_in: SignIn, student_address: Address
) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    finished(ann, document, **{GOALS: "First."})
    newer = ann.post(f"{document}/amend").headers["location"]
    assert opened(ann, newer)[GOALS] == "First."
    ann.post(f"{newer}/fill", **opened(ann, newer) | {GOALS: "Second."})
    assert "Version 2" in saved(ann, newer)
    page = saved(ann, document)
    assert "Second." not in page
    assert newer in page
    assert ann.post(f"{document}/amend").status_code == 409
    assert ann.post(f"{newer}/amend").status_code == 409  # it is not finished


def test_drafts_of_another_district_are_out_of_reach(
    sign_in: SignIn, student_address: Address
) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    ann.post(f"{document}/draft", **opened(ann, document) | {GOALS: "Ours."})
    other = sign_in("teacher@oakdale.example")
    elsewhere = document.replace(FAIRVIEW, OAKDALE)
    assert other.get(elsewhere).status_code == 404
    assert other.post(f"{elsewhere}/draft", **{GOALS: "x"}).status_code == 404
    assert other.post(f"{elsewhere}/draft/discard").status_code == 404
    assert opened(ann, document)[GOALS] == "Ours."


def test_what_is_sent_for_a_fingerprint_fills_no_table(
    sign_in: SignIn, student_address: Address, districts: str
) -> None:
    ann = sign_in(TEACHER)
    document = started(ann, student_address(FAIRVIEW))
    ann.post(f"{document}/draft", **{GOALS: "Half a sent", f"base.{GOALS}": "x" * 400_000})
    with connect(districts) as connection:
        kept = connection.execute("select length(base) from document_drafts").fetchall()
    assert kept == [(16,)]
