"""Names that people type are cleaned on entry, as those from Qmlativ and from mails are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from samegoal_sync.database import connect
from samegoal_sync.districts.errors import InvalidDistrict
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.settings_json import settings_from_json
from samegoal_sync.errors import UsageError
from samegoal_sync.portal.identity.accounts import Role, add_user
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, Person

#: A terminal's clipboard, a line separator, a text turned round, a byte order mark; then markup,
#: which is honest text and is escaped where it is shown.
HOSTILE = "A\x1b]52;c;eA==\x07\u2028B\u202eC\ufeff [/oops] <b>*x*"
KEPT = "A ]52;c;eA== BC [/oops] <b>*x*"
ADMIN = "administrative@fairview.example"
STUDENT = {
    "student_id": "H1", "last_name": HOSTILE, "first_name": HOSTILE, "date_of_birth": "2020-05-06",
    "gender": "Female", "district_enrollment": "PRE_ENROLLED", "building": HOSTILE,
}  # fmt: skip


def value(url: str, query: str) -> Any:
    with connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row and row[0]


def test_a_student_entered_by_hand_has_a_clean_name(
    sign_in: Callable[[str], Person], districts: str
) -> None:
    admin = sign_in(ADMIN)
    added = admin.send(f"/d/{FAIRVIEW}/add-student", {"csrf": admin.token(), **STUDENT})
    assert added.status_code == 303, added.text
    for column in ("last_name", "first_name", "building"):
        assert value(districts, f"select {column} from students where origin = 'hand'") == KEPT
    address = added.headers["location"].removesuffix("/edit")
    page = admin.get(address).text
    assert "<b>*x*" not in page
    assert "&lt;b&gt;*x*" in page
    edited = admin.send(
        f"{address}/edit",
        {"csrf": admin.token(), **STUDENT, "middle_name": HOSTILE},
    )
    assert edited.status_code == 303, edited.text
    assert value(districts, "select middle_name from students where origin = 'hand'") == KEPT
    admin.post(f"{address}/by-hand", pronouns="they\u2028\x1b[2Jthem")
    assert value(districts, "select pronouns from entered_by_hand") == "they [2Jthem"


@pytest.mark.parametrize(
    ("setting", "meaning"), [("exit_codes", "TRANSFERRED"), ("languages", "es")]
)
def test_what_codes_and_languages_are_mapped_by_is_clean(
    setting: str,
    meaning: str,
    sign_in: Callable[[str], Person],
    districts: str,
    settings: Settings,
) -> None:
    """As Qmlativ's own are when they are compared: by any other writing nothing would be found."""
    admin = sign_in(ADMIN)
    admin.post(f"/d/{FAIRVIEW}/settings/{setting}", name=HOSTILE, meaning=meaning)
    admin.post(f"/d/{FAIRVIEW}/settings/{setting}", name="\u200b\x1b", meaning=meaning)
    registry = Registry(settings, districts)
    assert getattr(registry.get(FAIRVIEW).settings, setting) == {KEPT: meaning}
    stored = f"select settings -> '{setting}' from districts where slug = '{FAIRVIEW}'"
    assert value(districts, stored) == {KEPT: meaning}
    newest = "select what from audit_log where what like '%52;c;%' order by id desc limit 1"
    assert value(districts, newest).isprintable()
    page = admin.get(f"/d/{FAIRVIEW}/district-information").text
    assert "&lt;b&gt;*x*" in page
    assert "<b>*x*" not in page
    # By command, and as an earlier version may have stored it.
    read = settings_from_json({setting: {f"{HOSTILE}\u2028": f" {meaning}\x1b"}})
    assert getattr(read, setting) == {KEPT: meaning}
    for blank in ("\u200b", "\x1b", " "):
        with pytest.raises(InvalidDistrict, match="a name for each name"):
            settings_from_json({setting: {blank: meaning}})


def test_a_buildings_and_a_users_name_are_clean(
    sign_in: Callable[[str], Person], districts: str, settings: Settings
) -> None:
    admin = sign_in(ADMIN)
    admin.post(f"/d/{FAIRVIEW}/settings/buildings", school="Elm ES", building=HOSTILE)
    assert Registry(settings, districts).get(FAIRVIEW).settings.buildings == {"Elm ES": KEPT}
    admin.post(f"/d/{FAIRVIEW}/settings/buildings", school=HOSTILE, building="Elm")
    kept = Registry(settings, districts).get(FAIRVIEW).settings
    assert kept.buildings == {"Elm ES": KEPT, KEPT: "Elm"}
    user = add_user(
        districts, "new@x.example", Secret(PASSWORD), name=HOSTILE, role=Role.TEACHER,
        district=FAIRVIEW,
    )  # fmt: skip
    assert user.name == KEPT
    for login in ("a\u202eb@x.example", "a\u2028b", "a\x1bb"):
        with pytest.raises(UsageError, match="nothing invisible"):
            add_user(
                districts, login, Secret(PASSWORD), name="X", role=Role.TEACHER, district=FAIRVIEW
            )
