"""What must not happen to the registry, to secrets, to mail that goes out, and to nights."""

from __future__ import annotations

import threading
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from samegoal_sync.districts.errors import DuplicateDistrict, InvalidDistrict, SecretKeyError
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.districts.registry.secret_cipher import KEY_FILE, Cipher
from samegoal_sync.mail.errors import MailError
from samegoal_sync.mail.mailer import build_message
from samegoal_sync.secret import Secret
from samegoal_sync.settings import Settings


def test_of_many_who_add_the_same_district_one_succeeds(registry: Registry) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(6)

    def add(number: int) -> None:
        start.wait()
        try:
            registry.add(
                slug="oak", name=f"Oak {number}", client_key="k", who="test",
                base_url="https://skyward.example.com/OakAPI",
            )  # fmt: skip
            outcomes.append("added")
        except DuplicateDistrict:
            outcomes.append("refused")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", *["refused"] * 5]
    assert [one.slug for one in registry.list()] == ["oak"]


@pytest.mark.parametrize(
    "values",
    [
        {"contacts": ("a@b.example\r\nBcc: x@evil.example",)},
        {"headers": {"X-A": "1\r\nX-B: 2"}},
        {"headers": {"X-A\r": "1"}},
        {"client_key": "k\x00"},
        {"mail_domain": "fa\u0456rview.example"},
        {"base_url": "https://[::ffff:169.254.169.254]/API"},
        {"token_url": "https://127.1/oauth/token"},
        {"token_url": "http://gateway.example.org/oauth/token"},
    ],
)
def test_values_that_would_slip_into_headers_or_inside_are_refused(
    registry: Registry, fairview: str, values: dict[str, object]
) -> None:
    with pytest.raises(InvalidDistrict):
        registry.update(fairview, who="test", **values)  # type: ignore[arg-type]


def test_a_name_is_one_line_whatever_was_typed(registry: Registry, fairview: str) -> None:
    registry.update(fairview, who="test", name="Oak\r\nBcc: x@evil.example\u2028\x1b]52;c;eA==\x07")
    name = registry.get(fairview).name
    assert name.isprintable()
    assert build_message("t@x.example", ["a@b.example"], name, "text")["Bcc"] is None


def test_a_message_cannot_be_given_further_headers() -> None:
    for injected in ("a\r\nBcc: x@evil.example", "a\nBcc: x@evil.example"):
        message = build_message("t@samegoal.example", ["a@b.example"], injected, "text")
        assert message["Bcc"] is None
        assert b"\nBcc" not in message.as_bytes()
        with pytest.raises(MailError):
            build_message("t@samegoal.example", [injected], "subject", "text")
    body = "Dear all\r\n\r\n.\r\nMAIL FROM:<x@evil.example>\r\n"
    message = build_message("t@samegoal.example", ["a@b.example"], "Ünïcode ✓", body)
    read = message_from_bytes(message.as_bytes(policy=policy.SMTP), policy=policy.default)
    assert read["Subject"] == "Ünïcode ✓"
    assert read["Bcc"] is None


def _settings(home: Path, *keys: str) -> Settings:
    return Settings(home=home, storage=home, secret_keys=keys)


def test_a_lost_or_wrong_key_is_reported_with_the_way_back(tmp_path: Path) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    sealed = Cipher(_settings(tmp_path, old), lambda: True).seal("oak", Secret("s"))
    with pytest.raises(SecretKeyError, match="not here") as caught:
        Cipher(_settings(tmp_path, new), lambda: True).open("oak", sealed)
    assert "rotate-secret" in caught.value.hint
    assert Cipher(_settings(tmp_path, new, old), lambda: True).open("oak", sealed).reveal() == "s"
    with pytest.raises(SecretKeyError, match="another district"):
        Cipher(_settings(tmp_path, old), lambda: True).open("elm", sealed)
    with pytest.raises(SecretKeyError, match="not here"):  # the variable was forgotten
        Cipher(_settings(tmp_path), lambda: True).open("oak", sealed)


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe\x00", b"short"])
def test_a_damaged_key_file_is_reported(damaged: bytes, tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(damaged)
    for keys in ((), (Fernet.generate_key().decode(),)):
        with pytest.raises(SecretKeyError):
            Cipher(_settings(tmp_path, *keys), lambda: True)
