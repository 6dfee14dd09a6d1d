"""Requests by mail: taken up only from a district's own domain, proven by our own server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from samegoal_sync.districts.onboarding.mail_requests import newest_request, take_up_requests
from samegoal_sync.districts.registry.history import events
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.errors import SettingError
from samegoal_sync.mail import mailbox
from samegoal_sync.mail.authentication_results import judge
from samegoal_sync.mail.errors import MailError
from samegoal_sync.mail.mailbox import SUBJECT, incoming, is_our_subject, read_headers
from samegoal_sync_tests.mail.mail_servers import (
    Imap,
    lying_imap,
    make_certificate,
    running_imap,
    why_no_dovecot,
)

OURS = "mx.samegoal.example"
PASS = f"{OURS}; dmarc=pass header.from=fairview.example"


@pytest.fixture
def imap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Imap]:
    if reason := why_no_dovecot():
        pytest.skip(reason)
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running_imap(certificate, key) as running:
        yield running


def mail(
    subject: str = SUBJECT,
    sender: str = "Office <office@fairview.example>",
    results: str | None = PASS,
    message_id: str = "<request@fairview.example>",
) -> str:
    top = f"Authentication-Results: {results}\n" if results else ""
    return (
        f"{top}From: {sender}\nTo: tier2help@samegoal.com\nSubject: {subject}\n"
        f"Message-ID: {message_id}\nDate: Mon, 03 Aug 2026 09:00:00 -0500\n\n\n"
    )


def test_requests_are_taken_up_forged_ones_rejected_others_left_alone(
    imap: Imap, registry: Registry, fairview: str
) -> None:
    imap.deliver("good", mail())
    imap.deliver("loose", mail(subject="  complete  samegoal DEMOGRAPHICS\n  integration "))
    imap.deliver("forged", mail(results=f"{OURS}; dmarc=fail header.from=fairview.example"))
    imap.deliver("foreign", mail(sender="x@evil.example"))
    imap.deliver(
        "selfmade", mail(results=f"mx.evil.example; dmarc=pass\nAuthentication-Results: {PASS}")
    )
    imap.deliver("reply", mail(subject=f"Re: {SUBJECT}"))
    imap.deliver("other", mail(subject="Question about SameGoal reports"))
    taken = take_up_requests(registry, incoming(imap.url), datetime.now(UTC))
    assert taken.requests == (fairview, fairview)
    assert len(taken.flagged) == 3
    flags = imap.flags()
    assert {name for name, set_ in flags.items() if "R" in set_} == {"good", "loose"}
    assert {name for name, set_ in flags.items() if "F" in set_} == {
        "forged",
        "foreign",
        "selfmade",
    }
    assert flags["other"] == flags["reply"] == ""
    again = take_up_requests(registry, incoming(imap.url), datetime.now(UTC))
    assert (again.requests, again.flagged) == ((), ())
    kinds = [event.kind for event in events(registry.database_url, fairview)]
    assert kinds.count("mail_received") == 1  # the two had one message id
    assert kinds.count("mail_flagged") == 2
    request = newest_request(registry, fairview)
    assert request is not None
    assert (request[0].message_id, request[1]) == (
        "<request@fairview.example>",
        "office@fairview.example",
    )


def test_a_wrong_password_is_reported_without_it(imap: Imap, registry: Registry) -> None:
    wrong = imap.url.replace("p%40ss", "hunter2")
    with pytest.raises(MailError) as caught:
        take_up_requests(registry, incoming(wrong), datetime.now(UTC))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [b"* 1 FETCH (BODY[HEADER]<0> {%d}\r\nx" % 10**15, b"* 1 EXISTS\r\n" * 100_000],
    ids=["a part of a petabyte", "more and more"],
)
def test_a_server_that_tells_any_length_is_not_believed(
    answer: bytes, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """imaplib makes room for the length that is told, and keeps whatever nobody asked for."""
    certificate, key = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(mailbox, "_MOST_BYTES", 2**20)
    with (
        lying_imap(certificate, key, answer) as url,
        pytest.raises(MailError, match="could not be read") as caught,
    ):
        take_up_requests(registry, incoming(url), datetime.now(UTC))
    assert "(abort)" in str(caught.value)


def test_a_mailbox_that_is_down_is_reported(registry: Registry) -> None:
    with pytest.raises(MailError, match="could not be read"):
        take_up_requests(
            registry, incoming("imaps://u:p@127.0.0.1:1/INBOX?authserv=x"), datetime.now(UTC)
        )


@pytest.mark.parametrize(
    ("headers", "authentic"),
    [
        ([PASS], True),
        ([f"{OURS} 1; spf=fail smtp.mailfrom=x.example; {PASS.partition('; ')[2]}"], True),
        ([f"{OURS}; dkim=pass header.d=fairview.example"], True),
        ([f"{OURS}; spf=pass smtp.mailfrom=office@fairview.example"], False),
        ([f"{OURS}; dmarc=none; dkim=pass header.d=fairview.example"], True),
        ([f"{OURS}; dkim=pass header.d=evil.example"], False),
        ([f"{OURS}; spf=pass smtp.mailfrom=evil.example"], False),
        ([f"{OURS}; dmarc=fail (p=none); dkim=pass header.d=fairview.example"], False),
        ([f"{OURS}; dmarc=pass header.from=evil.example"], False),
        ([f"{OURS}; none"], False),
        (["mx.evil.example; dmarc=pass header.from=fairview.example", PASS], False),
        ([f"evil.example ({PASS}); dmarc=pass header.from=fairview.example"], False),
        ([f"{OURS} (a (nested) note); dmarc=pass (x=y; z) header.from=fairview.example"], True),
        ([f'{OURS}; dmarc="pass" header.from="fairview.example"'], False),
        ([""], False),
        ([], False),
    ],
)
def test_only_our_own_servers_word_counts(headers: list[str], authentic: bool) -> None:
    assert judge(headers, OURS, "fairview.example").authentic is authentic


def test_two_senders_are_none() -> None:
    raw = mail(sender="a@fairview.example, b@evil.example").encode()
    assert read_headers("1", raw).sender is None
    assert read_headers("1", b"From: a@x.example\nFrom: b@x.example\n\n").sender is None
    assert read_headers("1", b"garbage").sender is None


def test_the_subject_is_word_for_word_but_for_case_and_blanks() -> None:
    assert is_our_subject(" complete samegoal   demographics integration")
    assert not is_our_subject(f"Re: {SUBJECT}")
    assert not is_our_subject(f"{SUBJECT} please")


@pytest.mark.parametrize(
    "url",
    [
        "imap://u:hunter2@h/INBOX?authserv=x",
        "imaps://u:hunter2@h/INBOX",
        "imaps://h?authserv=x",
        "imaps://u:hunter2@h:port/?authserv=x",
    ],
)
def test_a_wrong_address_is_reported_without_its_password(url: str) -> None:
    with pytest.raises(SettingError) as caught:
        incoming(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "sender",
    [
        b"<", b'"', b"\xff\xfe@fairview.example", b"a\x00@fairview.example", b"group: a@b.c;:",
        b"@\\@a@fairview.example", b"a@", b"a@x.example <b@fairview.example", b"\x00?=@[;:",
        "office@f\u0430irview.example".encode(), b"=?utf-8?b?////?= <a@fairview.example>, b@c.d",
        b'"a b"@fairview.example', b"a" * 70_000 + b"@fairview.example",
    ],
)  # fmt: skip
def test_a_sender_that_cannot_be_understood_is_none(sender: bytes) -> None:
    """The incident: one such mail kept every other one from being read."""
    read = read_headers("1", b"From: " + sender + b"\r\nSubject: " + SUBJECT.encode() + b"\r\n\r\n")
    assert read.sender is None
    assert is_our_subject(read.subject)


@pytest.mark.parametrize(
    "sender",
    ["ann@Fairview.example", "Ann Lee - Tech Dept. <ann@fairview.example>",
     '"Lee, Ann" <ann@fairview.example>', "=?utf-8?q?M=C3=BCller?= <ann@fairview.example>",
     "Ann (IT) <ann@fairview.example>"],
)  # fmt: skip
def test_a_sender_as_people_have_it_is_read(sender: str) -> None:
    assert read_headers("1", f"From: {sender}\r\n\r\n".encode()).sender == "ann@fairview.example"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"<1@fairview.example>", "<1@fairview.example>"),
        (b"<1@fairview.example>\r\nMessage-ID: <2@x>", "<1@fairview.example>"),
        (b"<a\r\n Bcc: b@c.d>", None),
        (b"<\xff@x>", None),
        (b"<\x00@x>", None),
        (b"<" + b"a" * 2000 + b"@x>", None),
        (b"1@fairview.example", None),
    ],
)
def test_only_a_plain_message_id_is_answered(sent: bytes, kept: str | None) -> None:
    assert read_headers("1", b"Message-ID: " + sent + b"\r\n\r\n").message_id == kept


def test_a_subject_in_encoded_words_is_ours() -> None:
    raw = b"Subject: =?utf-8?q?Complete_SameGoal?= =?utf-8?b?IERlbW9ncmFwaGljcyBJbnRlZ3JhdGlvbg==?="
    assert is_our_subject(read_headers("1", raw + b"\r\n\r\n").subject)


def test_a_poisoned_mail_is_rejected_and_the_next_one_is_taken_up(
    imap: Imap, registry: Registry, fairview: str
) -> None:
    imap.deliver("poison", mail(sender="<"))
    imap.deliver("strange", mail(results=f"{OURS}; dmarc=\x00\x01 header.from=fairview.example"))
    imap.deliver("huge", mail(sender="x" * 100_000))
    imap.deliver("good", mail(message_id="<9@fairview.example>"))
    taken = take_up_requests(registry, incoming(imap.url), datetime.now(UTC))
    assert taken.requests == (fairview,)
    flags = imap.flags()
    assert "R" in flags["good"]
    assert all("R" not in flags[name] for name in ("poison", "strange", "huge"))


def test_a_mail_that_is_sent_again_is_recorded_once(
    imap: Imap, registry: Registry, fairview: str
) -> None:
    for name in ("first", "replayed"):
        imap.deliver(name, mail())
        take_up_requests(registry, incoming(imap.url), datetime.now(UTC))
    kinds = [event.kind for event in events(registry.database_url, fairview)]
    assert kinds.count("mail_received") == 1
