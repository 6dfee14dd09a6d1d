"""Many districts from a file: all, or none with each bad line named."""

from __future__ import annotations

from pathlib import Path

import pytest

from samegoal_sync.districts.registry.district_csv_import import BadLines, import_districts_file
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import UsageError

HEADER = (
    "slug,name,base_url,client_key,mail_domain,contacts,time_zone,hour,expires_on,district_id\n"
)


def _line(number: int, **changed: str) -> str:
    values = {
        "slug": f"d{number}",
        "name": f'"District, {number}"',
        "base_url": f"https://skyward.example.com/D{number}API",
        "client_key": "key",
        "mail_domain": f"d{number}.example",
        "contacts": f"a@d{number}.example;b@d{number}.example",
        "time_zone": "America/Denver",
        "hour": "3",
        "expires_on": "2027-08-01",
        "district_id": "",
    }
    return ",".join({**values, **changed}.values()) + "\n"


def test_five_hundred_districts_come_in_at_once(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "districts.csv"
    path.write_text("\ufeff" + HEADER + "".join(_line(n) for n in range(500)))
    assert len(import_districts_file(registry, path, who="test")) == 500
    district = registry.get("d7")
    assert (district.name, district.hour) == ("District, 7", 3)
    assert district.contacts == ("a@d7.example", "b@d7.example")


def test_ten_bad_lines_are_each_named_and_nothing_is_stored(
    registry: Registry, fairview: str, tmp_path: Path
) -> None:
    bad = {
        12: {"slug": "Not A Slug"},
        40: {"base_url": "http://10.0.0.1/API"},
        77: {"client_key": ""},
        101: {"slug": "d3"},
        150: {"slug": fairview},
        200: {"hour": "25"},
        201: {"hour": "two"},
        300: {"time_zone": "Central"},
        333: {"contacts": "nobody"},
        499: {"base_url": "https://skyward.example.com/D4API"},
    }
    path = tmp_path / "districts.csv"
    path.write_text(HEADER + "".join(_line(n, **bad.get(n, {})) for n in range(500)))
    with pytest.raises(BadLines) as caught:
        import_districts_file(registry, path, who="test")
    # the header is line 1
    assert [line for line, _ in caught.value.lines] == [number + 2 for number in sorted(bad)]
    assert "line 42: base_url" in str(caught.value)
    assert [one.slug for one in registry.list()] == [fairview]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"slug,name\nx,y\n", "no column base_url"),
        (HEADER.replace("hour", "secret").encode(), "unknown column secret"),
        (b"", "no column slug"),
        (b"\xff\xfe\x00", "can't be read"),
    ],
)
def test_a_file_that_is_no_list_of_districts_is_reported(
    registry: Registry, tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=expected):
        import_districts_file(registry, path, who="test")
    with pytest.raises(UsageError):
        import_districts_file(registry, tmp_path / "absent.csv", who="test")


def test_a_line_with_too_few_or_too_many_cells_is_named(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEADER + "a,b\n" + _line(1).replace("\n", ",more\n"))
    with pytest.raises(BadLines) as caught:
        import_districts_file(registry, path, who="test")
    assert [line for line, _ in caught.value.lines] == [2, 3]
