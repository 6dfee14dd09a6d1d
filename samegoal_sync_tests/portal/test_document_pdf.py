"""A document's PDF: right in every script it has letters for, tagged, and made within bounds."""

from __future__ import annotations

import io
import time
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
from pypdf import PdfReader

from samegoal_sync.database import connect
from samegoal_sync.portal.documents import pdf_jobs
from samegoal_sync.portal.documents.document_kinds import KINDS
from samegoal_sync.portal.documents.document_pdf import _printable, document_pdf
from samegoal_sync.portal.documents.document_store import Document, Field
from samegoal_sync.portal.documents.pdf_jobs import PdfJobs
from samegoal_sync.portal.errors import Refused
from samegoal_sync_tests.portal.conftest import FAIRVIEW, Person

ADMINISTRATIVE = "administrative@fairview.example"
#: Marks heaped upon one letter.
HEAP = "a" + "\u0301" * 30_000
#: One letter of 140,000 bytes, which makes Typst panic; and lines that take more than a gigabyte.
BEYOND_TYPST = "\N{WOMAN}\u200d" * 20_000
BEYOND_MEMORY = "x\n" * 300_000
EMAIL = "a.long.address.of.a.guardian@subdomain.of.a.long.domain.example.com"


def a_document(text: str = "", **names: str) -> Document:
    """An IEP of one student and two guardians, with a text in its first section."""
    student = {"last_name": "Zimmer", "first_name": "Ann", "student_id": "1001", **names}
    first, *others = KINDS["iep"].sections
    about: dict[str, Any] = {
        "kind": "iep",
        "created_at": datetime(2026, 4, 1, 15, tzinfo=UTC),
        "finished_at": None,
    }
    record: Any = None  # what Details holds now is no part of a PDF
    return Document(
        about,
        record,
        [_field("student", 0, name, value) for name, value in student.items()],
        {number: [_field("guardian", number, "email", EMAIL)] for number in range(1, 3)},
        [_field("section", 0, first, text), *(_field("section", 0, one, "") for one in others)],
        [],
        [],
        [],
    )


def _field(part: str, guardian: int, name: str, value: str) -> Field:
    return Field(part, guardian, name, value, value, None, differs=False)


def read(document: Document) -> PdfReader:
    """Its PDF, as another program reads it."""
    return PdfReader(io.BytesIO(document_pdf(document, "Fairview ISD", "America/Chicago")))


def text_of(pdf: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in pdf.pages)


@pytest.mark.parametrize(
    "name",
    ["Nguyễn Thị Bích Ngọc", "Żółć Ķēniņš", "Иванова-Щербакова", "Παπαδόπουλος", "Հակոբյան"],
)
def test_names_are_found_in_the_file_as_they_are_written(name: str) -> None:
    for form in ("NFC", "NFD"):
        pdf = read(a_document(last_name=unicodedata.normalize(form, name)))
        assert name in text_of(pdf)
        assert pdf.metadata
        assert pdf.metadata.title == f"IEP: {name}, Ann"


def test_hebrew_and_arabic_run_from_right_to_left() -> None:
    places: dict[str, float] = {}

    def see(text: str, place: list[float], *_: Any) -> None:
        places.setdefault(text.strip(), place[4])

    pdf = read(a_document("שלום abc כהן\nمحمد"))
    pdf.pages[0].extract_text(visitor_text=see)
    assert places["שלום"] > places["abc"] > places["כהן"]
    assert places["محمد"] > 500  # points: where a line of it begins


def test_letters_that_turn_others_around_or_cannot_be_seen_are_left_out() -> None:
    turned = "".join(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))
    for sign in (*turned, "\u200b", "\u200e", "\ufeff", "\U000e0041"):
        text = text_of(read(a_document(f"a{sign}evil b\nnext", last_name=f"Zim{sign}mer")))
        assert "aevil b" in text, hex(ord(sign))
        assert "Zimmer" in text, hex(ord(sign))
        assert "live" not in text


def test_joiners_that_scripts_need_stay() -> None:
    assert _printable("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") == (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    )
    assert _printable("\u0915\u094d\u200d\u0937\n\tx") == "\u0915\u094d\u200d\u0937\n    x"


def test_what_is_written_is_text_and_never_markup() -> None:
    written = '#panic("x") *b* _i_ $y$ <b>&amp; \\ @ref [c] // d'
    assert written in text_of(read(a_document(written, last_name="= #read")))


def test_it_is_tagged_with_title_language_headings_and_pages_of_how_many() -> None:
    pdf = read(a_document("word " * 3000))
    root: Any = pdf.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-US"
    assert b"<pdfuaid:part>1<" in root["/Metadata"].get_data()
    kind, (student, parts) = pdf.outline  # type: ignore[misc]
    assert (kind.title, student.title) == (KINDS["iep"].title, "Zimmer, Ann")
    assert [part.title for part in parts] == [
        "Student", "Guardian 1", "Guardian 2", *KINDS["iep"].sections.values()
    ]  # fmt: skip
    for number, page in enumerate(pdf.pages, start=1):
        assert f"Page {number} of {len(pdf.pages)}" in page.extract_text()


def test_a_letter_that_the_font_lacks_is_reported_on_the_page() -> None:
    assert "shown as a box" not in text_of(read(a_document("seen")))
    pdf = read(a_document("seen 中"))
    assert "shown as a box" in text_of(pdf)
    root: Any = pdf.trailer["/Root"]
    assert b"pdfuaid" not in root["/Metadata"].get_data()


def test_a_long_address_is_broken_on_the_page_and_whole_when_it_is_copied() -> None:
    text = text_of(read(a_document("W" * 2000)))
    assert EMAIL in text
    assert max(len(line) for line in text.splitlines() if "WWWW" in line) < 60
    assert text.count("W") == 2000


def test_heaps_of_marks_cost_no_more_than_letters() -> None:
    """20,000 accents took minutes, and their page was painted over."""
    began = time.process_time()
    pdf = read(a_document(HEAP, last_name=HEAP))
    assert time.process_time() - began < 3
    assert 0 < text_of(pdf).count("\u0301") < 1000  # and not 60,000


@pytest.fixture(scope="module")
def jobs() -> Iterator[PdfJobs]:
    with PdfJobs() as jobs:
        yield jobs


@pytest.mark.parametrize("text", [BEYOND_TYPST, BEYOND_MEMORY], ids=["a fault", "memory"])
def test_what_can_not_be_laid_out_is_refused_without_a_word_of_it(
    text: str, jobs: PdfJobs, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Refused, match="can't be laid out"):
        jobs.make(a_document(text), "Fairview ISD", "UTC")
    assert capfd.readouterr() == ("", "")
    assert jobs.make(a_document("x"), "Fairview ISD", "UTC").startswith(b"%PDF")


def test_a_process_that_dies_idle_costs_no_later_pdf() -> None:
    others = set(psutil.Process().children(recursive=True))
    with PdfJobs() as jobs:
        jobs.make(a_document("x"), "Fairview ISD", "UTC")
        (idle, *_) = (
            one
            for one in psutil.Process().children(recursive=True)
            if one not in others and not one.children()  # the server of copies has some
        )
        idle.kill()
        time.sleep(1)  # until it is noticed
        assert jobs.make(a_document("x"), "Fairview ISD", "UTC").startswith(b"%PDF")


@pytest.mark.slow
def test_a_text_that_takes_long_is_given_up_and_keeps_nobody(
    sign_in: Callable[[str], Person],
    student_address: Callable[..., str],
    districts: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    person = sign_in(ADMINISTRATIVE)
    started = person.post(f"{student_address(FAIRVIEW)}/documents", kind="iep")
    address = started.headers["location"].partition("?")[0]
    first = person.get(f"{address}/pdf", timeout=120)
    assert first.content.startswith(b"%PDF")
    long = "word " * 2_000_000
    with connect(districts) as connection:
        changed = connection.execute(
            "update document_fields set value = %s where document_id = %s and part = 'section'",
            (long, address.rpartition("/")[2]),
        )
        assert changed.rowcount
    with monkeypatch.context() as patch:
        patch.setattr(pdf_jobs, "SECONDS", 1.0)
        began = time.monotonic()
        answer = person.get(f"{address}/pdf", timeout=60)
        assert answer.status_code == 400
        assert "takes too long" in answer.text
        assert time.monotonic() - began < 15
    with connect(districts) as connection:
        connection.execute("update document_fields set value = 'x' where value = %s", (long,))
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
