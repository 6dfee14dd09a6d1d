"""Mail out: over TLS, in a thread, with a stable id, and silent about secrets when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from samegoal_sync.errors import SettingError
from samegoal_sync.mail.errors import MailError
from samegoal_sync.mail.mailer import Mailer, Thread, build_message, outgoing
from samegoal_sync_tests.mail.mail_servers import Smtp, make_certificate, running_smtp


@pytest.fixture(params=["smtps", "smtp+starttls"])
def smtp(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Smtp, str]]:
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_smtp(certificate, key, starttls=request.param == "smtp+starttls") as running:
        yield running, running.url(request.param)


def test_a_message_arrives_in_its_thread(smtp: tuple[Smtp, str]) -> None:
    server, url = smtp
    way = outgoing(url)
    assert way.team == ("team@samegoal.example",)
    message = build_message(
        way.sender,
        ["office@fairview.example"],
        "unused",
        "Text with ünïcode.\n",
        key="confirmation-fairview-isd",
        answers=Thread("<request@fairview.example>", "Complete"),
    )
    Mailer(way).send(message)
    (got,) = server.messages
    assert got["Subject"] == "Re: Complete"
    assert got["In-Reply-To"] == got["References"] == "<request@fairview.example>"
    assert got["Message-ID"] == "<confirmation-fairview-isd.samegoal-sync@samegoal.example>"
    assert got.get_content().strip() == "Text with ünïcode."


def test_a_refusal_and_a_wrong_password_repeat_nothing(smtp: tuple[Smtp, str]) -> None:
    server, url = smtp
    message = build_message("a@b.example", ["c@d.example"], "s", "body")
    with pytest.raises(MailError) as wrong:
        Mailer(outgoing(url.replace("p%40ss", "hunter2"))).send(message)
    server.refuse = True
    with pytest.raises(MailError, match="451") as refused:
        Mailer(outgoing(url)).send(message)
    assert server.messages == []
    for message_shown in (str(wrong.value), str(refused.value)):
        assert "hunter2" not in message_shown
        assert "quoted-word" not in message_shown


def test_a_server_whose_certificate_is_not_vouched_for_gets_nothing(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    with running_smtp(certificate, key) as server:
        with pytest.raises(MailError):
            Mailer(outgoing(server.url())).send(
                build_message("a@b.example", ["c@d.example"], "s", "body")
            )
        assert server.messages == []


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "smtp://user:hunter2@mail.example.com?from=a@b.example",
        "smtps://user:hunter2@mail.example.com",
        "smtps://user:hunter2@mail.example.com:x?from=a@b.example",
    ],
)
def test_a_wrong_address_is_reported_without_its_password(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        outgoing(url)
    assert "hunter2" not in str(caught.value)


def test_a_header_can_not_be_smuggled_in() -> None:
    message = build_message("a@b.example", ["c@d.example"], "s\r\nBcc: x@y.example", "body")
    assert (message["Bcc"], message["Subject"]) == (None, "s  Bcc: x@y.example")
    with pytest.raises(MailError, match="can't be written"):
        build_message("a@b.example", ["c@d.example\nBcc: x@y.example"], "s", "body")


def test_a_long_message_id_is_answered_as_it_is() -> None:
    """Outlook's ids have more letters than a line; as an encoded word the thread was lost."""
    long = f"<{'SA1PR10MB' * 14}@namprd10.prod.outlook.example>"
    message = build_message(
        "t@samegoal.example", ["a@b.example"], "x", "y", answers=Thread(long, "Complete")
    )
    sent = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    assert f"In-Reply-To: {long}\r\n".encode() in sent
    assert f"References: {long}\r\n".encode() in sent


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\v"])
def test_an_odd_end_of_a_line_in_a_name_stops_no_mail(end: str) -> None:
    message = build_message("t@samegoal.example", ["a@b.example"], f"Oak{end}ISD: held", "text")
    assert message["Subject"] == "Oak ISD: held"
    assert b"Subject: Oak ISD: held" in message.as_bytes()
