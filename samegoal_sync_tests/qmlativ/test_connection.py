"""What an API Base URL may be, and that nothing else is ever reached."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from samegoal_sync.errors import UsageError
from samegoal_sync.qmlativ.client import QmlativClient
from samegoal_sync.qmlativ.errors import (
    AddressRefused,
    AnswerBroken,
    CertificateRefused,
    DistrictNotChosen,
)
from samegoal_sync.qmlativ.http.connection import Connection, checked_base_url, checked_token_url
from samegoal_sync.qmlativ.http.urls import Addresses
from samegoal_sync.qmlativ.reading.system_metadata import metadata_of
from samegoal_sync.secret import Secret
from samegoal_sync_tests.qmlativ import misbehaving_server as does
from samegoal_sync_tests.qmlativ.misbehaving_server import Server

_GOOD = "https://skyward.iscorp.com/FairviewTXStuAPI"


@pytest.mark.parametrize(
    "entered",
    [
        _GOOD,
        f"  {_GOOD}/ ",
        f"{_GOOD}//",
        "https://skyward.iscorp.com/FairviewTXStuSTS",
        "https://Skyward.ISCORP.com/FairviewTXStuSTS/",
        "skyward.iscorp.com/FairviewTXStuAPI",
        f"{_GOOD}/swagger/ui/index",
        f"{_GOOD}/oauth/token",
    ],
)
def test_what_people_paste_is_forgiven(entered: str) -> None:
    assert checked_base_url(entered, allow_loopback=False) == _GOOD


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        ("", "names no host"),
        ("https://", "names no host"),
        ("http://skyward.example.org/FairviewAPI", "https"),
        ("ftp://skyward.example.org/FairviewAPI", "https"),
        ("https://skyward.example.org", "no path"),
        ("https://me:pw@skyward.example.org/FairviewAPI", "password"),
        ("https://skyward.example.org/FairviewAPI?x=1", "query"),
        ("https://skyward.example.org:http/FairviewAPI", "not a web address"),
        ("https://10.1.2.3/FairviewAPI", "private"),
        ("https://169.254.169.254/latest", "private"),
        ("https://[fd00::1]/FairviewAPI", "private"),
        ("https://intranet/FairviewAPI", "private"),
        ("https://localhost/FairviewAPI", "this machine"),
        ("http://127.0.0.1:8000/FairviewAPI", "this machine"),
    ],
)
def test_what_can_not_be_is_reported(entered: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected) as caught:
        checked_base_url(entered, allow_loopback=False)
    assert "API Base URL" in caught.value.hint


def test_loopback_is_for_the_sandbox() -> None:
    address = "http://127.0.0.1:8000/FairviewAPI"
    assert checked_base_url(address + "/", allow_loopback=True) == address
    with pytest.raises(UsageError) as refused:
        checked_base_url(address, allow_loopback=False)
    assert "SAMEGOAL_SYNC_ALLOW_LOOPBACK=1" in refused.value.hint
    with pytest.raises(UsageError):
        checked_base_url("http://10.0.0.1/FairviewAPI", allow_loopback=True)


def test_a_token_address_of_a_gateway_keeps_its_query_free_path() -> None:
    gateway = "https://gateway.example.org/key/oauth/token"
    assert checked_token_url(gateway, allow_loopback=False) == gateway


def test_a_token_address_without_https_is_refused_by_its_own_name() -> None:
    with pytest.raises(UsageError, match="the token URL must begin with https://") as caught:
        checked_token_url("http://gateway.example.org/token", allow_loopback=False)
    assert "gateway" in caught.value.hint


def test_a_name_that_leads_inside_is_refused_before_a_byte_is_sent(server: Server) -> None:
    # The address was checked as text long ago; what its name means today is not text's to say.
    url = server.connection.base_url
    inside = Connection(url, does.KEY, Secret(does.SECRET), token_url=None, allow_loopback=True)
    outside = Connection(
        url.replace("http://", "https://"), does.KEY, Secret(does.SECRET), allow_loopback=False
    )
    with QmlativClient(inside) as client:
        client.system_metadata()
    calls = len(server.behaviour.log)
    with QmlativClient(outside) as client, pytest.raises(AddressRefused, match="private network"):
        client.system_metadata()
    assert len(server.behaviour.log) == calls


def test_a_certificate_that_nobody_vouches_for_is_refused(server: Server, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_own_certificate(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    plain = server.connection
    secure = plain.base_url.replace("http://", "https://")
    connection = Connection(secure, plain.client_key, plain.secret, allow_loopback=True)
    with QmlativClient(connection) as client, pytest.raises(CertificateRefused):
        client.system_metadata()
    assert not server.behaviour.log


def _own_certificate(folder: Path) -> Path:
    """A key and a certificate for the loopback, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now).not_valid_after(now + timedelta(days=1))
    path = folder / "own.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + built.sign(key, SHA256()).public_bytes(Encoding.PEM)
    )
    return path


def test_addresses_are_searches_and_nothing_else(server: Server) -> None:
    with QmlativClient(server.connection) as client:
        client.read_student("text")
    for method, path, _ in server.behaviour.log:
        assert method in ("GET", "POST")
        tail = path.partition("?")[0].rsplit("/", 2)[-2:]
        assert all(part.isdigit() for part in tail) or path.endswith(
            ("/oauth/token", "/GetSystemMetadata")
        )


def test_an_address_is_made_of_names_alone() -> None:
    with pytest.raises(ValueError, match="Module/Object"):
        Addresses(_GOOD, "Custom").page(1, "Student/Student/5", 1, 1)


def test_every_call_is_that_of_a_live_integration(server: Server) -> None:
    with QmlativClient(server.connection) as client:
        client.system_metadata()
    assert all(
        one["Suppress-Development-Permissions"] == "true" for one in server.behaviour.headers
    )
    assert server.behaviour.headers[-1]["Authorization"] == "Bearer token-1"


def test_further_fields_and_headers_are_sent(server: Server) -> None:
    plain = server.connection
    connection = Connection(
        plain.base_url, plain.client_key, plain.secret, allow_loopback=True,
        token_fields={"vendor_secret": "a b"}, headers={"X-Gateway": "samegoal"},
    )  # fmt: skip
    with QmlativClient(connection) as client:
        client.system_metadata()
    assert "vendor_secret=a+b" in server.behaviour.log[0][2]
    assert server.behaviour.headers[-1]["X-Gateway"] == "samegoal"


def test_a_connection_shows_no_secret(server: Server) -> None:
    assert does.SECRET not in repr(server.connection)


def test_a_chosen_district_must_be_there() -> None:
    answer = does.one_district()
    with pytest.raises(DistrictNotChosen, match=r"1 \(Sample ISD\), and 9 is not one"):
        metadata_of(answer, "host", 9)


@pytest.mark.parametrize("answer", [None, [], {}, {"System": {"Districts": []}}, {"System": 1}])
def test_metadata_of_another_shape_is_broken(answer: object) -> None:
    with pytest.raises(AnswerBroken):
        metadata_of(answer, "host", None)
