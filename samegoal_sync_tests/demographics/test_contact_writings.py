"""Post office boxes, countries and phones in the many ways in which districts write them."""

from __future__ import annotations

from typing import Any

import pytest

from samegoal_sync_tests.demographics.district_builder import DistrictBuilder


def at(box: str | None, **address: Any) -> DistrictBuilder:
    """A district whose one student and one guardian have this address."""
    district = DistrictBuilder()
    student = district.student()
    fields = {"StreetNumberAndNameIncludeSecondaryUnit": None, "POBox": box, **address}
    home = district.address(district.name_of(student), mailing=True, **fields)
    district.live(district.guardian(student), home, mailing=True)
    return district


@pytest.mark.parametrize(
    "written",
    ["152", "#152", "Box 152", "BOX 152", "PO Box 152", "P.O. Box 152", "P.O. BOX #152", "POB 152",
     "P O Box 152", "p.o.152", "Post Office Box 152", "PO BOX: 152", "Box No. 152", "PO Box No 152",
     "P.O.Box152"],
)  # fmt: skip
def test_the_number_of_a_post_office_box_is_read_however_it_is_written(written: str) -> None:
    assert at(written).only_student()["address"] == "PO Box 152"


@pytest.mark.parametrize(("written", "box"), [("A-12", "A-12"), ("PO Box B", "B"), ("12B", "12B")])
def test_a_box_may_bear_letters(written: str, box: str) -> None:
    assert at(written).only_student()["address"] == f"PO Box {box}"


@pytest.mark.parametrize(
    "written",
    ["RR 2 Box 152", "HC 61 Box 20", "HC1 Box 4", "PMB 12", "Drawer 7", "PO Drawer 7",
     "P.O. Drawer D", "General Delivery", "PSC 3 Box 4120", "CMR 420 Box 77", "Unit 2050 Box 4190",
     "12 Elm St", "Star Route 2"],
)  # fmt: skip
def test_what_is_another_thing_than_a_box_is_left_as_written(written: str) -> None:
    assert at(written).only_student()["address"] == written
    assert at(written, AddressType="PO Box").only_student()["address"] == written


@pytest.mark.parametrize(
    "written",
    ["P.O. Box", "Box", "P.O. BOX #", "PO", "#", "-", "POB", "Box No.", "PO Box ?", "P.O. Box ____",
     "PO Box N/A", "PO BOX NONE", "PO Box 0", "none", "n/a", "0", "PO Box TBD", "Box XXX"],
)  # fmt: skip
def test_a_box_without_a_number_is_rejected_and_nothing_else(written: str) -> None:
    district = at(written)
    for curated in (district.students(), district.guardians()):
        row = curated.frame.row(0, named=True)
        assert (row["address"], row["city"], row["keep"]) == (None, "Fairview", ["address"])
        assert "po_box_invalid" in curated.rejects["rule"].to_list()


def test_a_box_without_a_number_beside_a_street_is_not_missed() -> None:
    district = at("P.O. Box", StreetNumberAndNameIncludeSecondaryUnit="12 Elm St")
    row = district.only_student()
    assert (row["address"], row["keep"]) == ("12 Elm St", [])


@pytest.mark.parametrize("country", ["us", "Us", "usa", "US", "U.S.A.", " us ", None])
def test_letter_case_does_not_matter_in_the_country_of_an_address(country: str | None) -> None:
    district = at("152", ZipID=7, ZipCodeAddOn="1234")
    district.add("Demographics/Zip", ZipID=7, ZipCode="75069", City="Fairview", CountryCode=country)
    assert district.only_student()["zip"] == "75069-1234"


NUMBER = "312-555-0123"


@pytest.mark.parametrize(
    ("fields", "cell"),
    [
        ({"number": "3125550123 x45"}, f"{NUMBER} x45"),
        ({"number": "(312) 555-0123x45"}, f"{NUMBER} x45"),
        ({"number": "312.555.0123 EXT 45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 ext.45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 ext: 45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123, Extension 45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 #45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 (ext 45)"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 (x45)"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123;45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123,,45"}, f"{NUMBER} x45"),
        ({"number": "+1-312-555-0123;ext=45"}, f"{NUMBER} x45"),
        ({"number": "tel:+1-312-555-0123;ext=45"}, f"{NUMBER} x45"),
        ({"number": "TEL:312-555-0123;phone-context=+1"}, NUMBER),
        ({"number": "tel:+1-312-555-0123"}, NUMBER),
        ({"number": "312\u2013555\u20110123"}, NUMBER),
        ({"number": NUMBER, "Extension": "ext. 45"}, f"{NUMBER} x45"),
        ({"number": NUMBER, "Extension": "extension 45"}, f"{NUMBER} x45"),
        ({"number": NUMBER, "Extension": "#45"}, f"{NUMBER} x45"),
        ({"number": "(876) 555-0123", "IsInternational": True}, "876-555-0123"),
        ({"number": "876-555-0123", "IsInternational": True}, "876-555-0123"),
        ({"number": "+1 876 555 0123", "IsInternational": True}, "+1 876 555 0123"),
        ({"number": "(416) 555-0123 ext 9", "IsInternational": True}, "416-555-0123 x9"),
        ({"number": "+52 899 123 4567 ext. 12"}, "+52 899 123 4567 x12"),
        ({"number": "tel:+52-899-123-4567;ext=12"}, "+52-899-123-4567 x12"),
        ({"number": "+52 899 123 4567", "Extension": "12"}, "+52 899 123 4567 x12"),
        ({"number": "(0)20 7946 0958", "IsInternational": True}, "(0)20 7946 0958"),
        ({"number": "55 1234 5678", "IsInternational": True}, "55 1234 5678"),
        ({"number": "312-555-0123 (45)"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 [x45]"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123,,45#"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 p45"}, f"{NUMBER} x45"),
        ({"number": "312-555-0123 option 2"}, f"{NUMBER} x2"),
        ({"number": "312\u2212555\u22120123 \uff5845"}, f"{NUMBER} x45"),
        ({"number": "callto:3125550123"}, NUMBER),
        ({"number": "Cell: 312-555-0123"}, NUMBER),
        ({"number": "312-555-0123 (cell)"}, NUMBER),
        ({"number": "001 312 555 0123"}, NUMBER),
        ({"number": "0013125550123"}, NUMBER),
        ({"number": "00 52 899 123 4567"}, "00 52 899 123 4567"),
        ({"number": "9999999999"}, None),
        ({"number": "00000000", "IsInternational": True}, None),
        ({"number": "312-555-0123 then Gil"}, None),
        ({"number": "312-555-0123 / 312-555-0124"}, None),
        ({"number": "x45"}, None),
        ({"number": "tel:"}, None),
    ],
)
def test_a_phone_that_can_be_called_is_published_with_its_extension(
    fields: dict[str, Any], cell: str | None
) -> None:
    district = DistrictBuilder()
    district.phone(district.guardian(district.student()), **fields)
    row = district.only_guardian()
    assert (row["cell_phone"], row["keep"]) == (cell, [] if cell else ["cell_phone"])
