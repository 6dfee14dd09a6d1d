"""The portal under a stranger's hands: planted cookies, forged forms, odd bytes, huge inputs."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from samegoal_sync.portal.app import create_app
from samegoal_sync.portal.identity import sessions
from samegoal_sync.portal.identity.accounts import Role
from samegoal_sync.portal.routes import PAGES
from samegoal_sync.settings import Settings
from samegoal_sync_tests.portal.conftest import FAIRVIEW, PASSWORD, Person, served, token_of

ADMIN, TEACHER = "administrative@fairview.example", "teacher@fairview.example"
TEAM = "team@samegoal.example"
SignIn = Callable[[str], Person]
NOBODY = "00000000-0000-0000-0000-000000000000"


def filled(path: str, student: str = NOBODY, document: str = NOBODY) -> str:
    parts = {"district": FAIRVIEW, "student": student, "document": document, "user": "1"}
    return re.sub(r"{(\w+)}", lambda found: parts[found[1]], path)


def test_every_form_needs_the_sessions_token_and_this_site(
    sign_in: SignIn, student_address: Callable[..., str]
) -> None:
    admin, address = sign_in(ADMIN), student_address(FAIRVIEW)
    token = admin.token()
    document = admin.send(f"{address}/documents", {"csrf": token, "kind": "iep"})
    ends = address.split("/")[-1], document.headers["location"].split("/")[-1]
    posts = [
        filled(path, *ends)
        for path, method, _, roles in PAGES
        if method == "POST" and Role.ADMINISTRATIVE in roles
    ]
    assert len(posts) >= 14
    team = sign_in(TEAM)
    for path in posts:
        person, own = (team, team.token()) if path.startswith("/team") else (admin, token)
        assert person.send(path, {"csrf": "stale"}).status_code == 403, path
        foreign = person.send(path, {"csrf": own}, headers={"origin": "https://evil.example"})
        assert foreign.status_code == 403, path
    assert admin.get("/").status_code == 303  # still signed in


def test_a_session_planted_before_signing_in_is_not_the_one_after(
    browser_of: Callable[[], Person],
) -> None:
    browser = browser_of()
    browser.http.cookies.set(sessions.COOKIE, "planted")
    browser.sign_in(TEACHER)
    assert browser.http.cookies.get_dict()[sessions.COOKIE] != "planted"


def test_the_token_of_the_sign_in_form_opens_no_session(browser_of: Callable[[], Person]) -> None:
    browser = browser_of()
    browser.http.cookies.set(sessions.COOKIE, token_of(browser.get("/sign-in").text))
    assert browser.get("/").headers["location"] == "/sign-in"


def test_signing_in_again_ends_the_session_before(
    sign_in: SignIn, browser_of: Callable[[], Person]
) -> None:
    teacher, other = sign_in(TEACHER), browser_of()
    old = teacher.http.cookies[sessions.COOKIE]
    form = token_of(other.get("/sign-in").text)
    cookies = {sessions.COOKIE: old, "samegoal_form": other.http.cookies["samegoal_form"]}
    fields = {"csrf": form, "login": ADMIN, "password": PASSWORD}
    answer = requests.post(
        f"{teacher.base}/sign-in", fields, cookies=cookies, timeout=30, allow_redirects=False
    )
    assert answer.status_code == 303
    assert teacher.get("/").headers["location"] == "/sign-in"


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(
    browser_of: Callable[[], Person],
) -> None:
    # uvicorn takes X-Forwarded-Proto from FORWARDED_ALLOW_IPS, which is loopback unless told.
    browser, tls = browser_of(), {"x-forwarded-proto": "https"}
    page = browser.get("/sign-in", headers=tls)
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    fields = {"csrf": token_of(page.text), "login": TEACHER, "password": PASSWORD}
    form = page.cookies["__Host-samegoal_form"]
    answer = browser.send(
        "/sign-in", fields, headers={**tls, "cookie": f"__Host-samegoal_form={form}"}
    )
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-samegoal_session=")
    for flag in ("; Secure", "; HttpOnly", "; SameSite=lax", "; Path=/"):
        assert flag in cookie
    session = cookie.split(";")[0]
    assert browser.get("/", headers={"cookie": session}).headers["location"] == "/sign-in"
    home = browser.get("/", headers={**tls, "cookie": session})
    assert home.headers["location"].endswith("/students")


def test_who_is_no_proxy_of_ours_is_not_believed(settings: Settings, districts: str) -> None:
    with served(create_app(settings, districts), forwarded_allow_ips="10.9.9.9") as portal:
        headers = {"x-forwarded-proto": "https", "x-forwarded-for": "1.2.3.4"}
        answer = requests.get(f"{portal}/sign-in", headers=headers, timeout=30)
    assert "strict-transport-security" not in answer.headers
    assert "samegoal_form" in answer.cookies


ODD = ("\0", "²", "\ud800".encode("utf-8", "surrogatepass"), "\u202e", "x" * 100_000, "9" * 40,
       "9" * 5_000, "-1", "0001-01-01", "9999-12-31", NOBODY)  # fmt: skip


@pytest.mark.parametrize("login", [ADMIN, TEAM])
def test_no_odd_input_is_a_fault_of_the_portal(
    sign_in: SignIn, student_address: Callable[..., str], login: str
) -> None:
    person, address = sign_in(login), student_address(FAIRVIEW)
    token = person.token() if login == ADMIN else token_of(person.get("/team").text)
    document = person.send(f"{address}/documents", {"csrf": token, "kind": "iep"})
    ends = address.split("/")[-1], document.headers["location"].split("/")[-1]
    names = (
        "text", "building", "grade", "status", "student_id", "last_name", "first_name",
        "date_of_birth", "pronouns", "preferred_gender", "kind", "field", "seen", "guardians",
        "paused_first", "paused_last", "school", "time_zone", "hour", "night",
        "section:0:services", "student:0:city", "name", "meaning", "building", "first", "last",
        "additions_first", "additions_last", "parent_years", "age_limit", "shared_email_limit",
        "student_ids", "sis_internal_id", "guardian", "other", "survivor", "user", "login",
        "buildings", "teachers_see", "part", "code", "old", "new", "again", "action", "email",
        "cell_phone", "zip", "state", "address", "relationship", "base.section:0:services",
    )  # fmt: skip
    for odd in ODD:
        fields = dict.fromkeys(names, odd)
        for path, method, _, _ in PAGES:
            if method == "POST" and "sign-out" not in path and "refresh" not in path:
                answer = person.send(filled(path, *ends), {"csrf": token, **fields})  # type: ignore[dict-item]
                assert answer.status_code < 500, (path, odd)
        for path in ("students?after=", "audit-log?before=", "held?page=", "held?only=",
                     "audit-log.csv?x="):  # fmt: skip
            answer = person.http.get(
                f"{person.base}/d/{FAIRVIEW}/{path}", params={"x": odd}, timeout=30
            )
            short = odd[:60] if isinstance(odd, str) else "%ED%A0%80"
            answer = person.get(f"/d/{FAIRVIEW}/{path}{short}".replace("\0", "%00"))
            assert answer.status_code < 500, (path, odd)
    for path in ("/d/%00/students", f"/d/{FAIRVIEW}%00/students", "/d/%ff/students", "//", "/d/"):
        assert person.get(path).status_code in (404, 405), path


def raw(base: str, request: bytes) -> bytes:
    """What the server says to bytes that no HTTP library would send."""
    place = urlsplit(base)
    assert place.hostname
    assert place.port
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


MALFORMED = (
    b"content-type: multipart/form-data\r\ncontent-length: 3\r\n\r\nabc",
    b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 9\r\n\r\n--x\r\nabc\r\n",
    b"content-type: multipart/form-data; boundary=x\r\ncontent-length: 68\r\n\r\n"
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nabc\r\n',
    b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    b"content-length: 99999999\r\n\r\n",
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
)


def test_malformed_forms_are_refused_with_the_portals_headers(portal: str) -> None:
    for body in MALFORMED:
        head = b"POST /sign-in HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
        answer = raw(portal, head + body)
        assert answer[9:12] in (b"400", b"403"), (body, answer[:300])
        assert b"content-security-policy: default-src 'none'" in answer


def test_a_form_is_as_long_as_it_is_and_not_as_it_says(portal: str) -> None:
    """A length told beside chunks was believed, and a body without an end kept in memory."""
    head = (
        b"POST /sign-in HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n"
        b"transfer-encoding: chunked\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    answer = raw(portal, head + 8 * chunk + b"1\r\nx\r\n")  # a byte too many, and no end
    assert answer[9:12] == b"400", answer[:200]
    assert b"The form is too large" in answer


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd", "/static/"]
)
def test_static_files_are_those_of_the_folder_alone(portal: str, path: str) -> None:
    answer = raw(portal, f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
    assert answer[9:12] == b"404", answer[:200]


def test_every_method_and_every_error_bears_the_portals_headers(
    sign_in: SignIn, browser_of: Callable[[], Person]
) -> None:
    admin, nobody = sign_in(ADMIN), browser_of()
    answers = [
        person.http.request(method, person.base + path, timeout=30, allow_redirects=False)
        for person in (admin, nobody)
        for method in ("HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "GET", "POST")
        for path in ("/", "/sign-in", f"/d/{FAIRVIEW}/students", "/nowhere", "/static/none.css")
    ]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.status_code < 500
        if answer.status_code == 405 and "static" not in str(answer.url):
            assert answer.headers["allow"]


def test_a_teacher_can_not_enter_what_basics_hold(
    sign_in: SignIn, student_address: Callable[..., str]
) -> None:
    teacher, address = sign_in(TEACHER), student_address(FAIRVIEW)
    teacher.post(f"{address}/by-hand", pronouns="they")
    assert teacher.post(f"{address}/by-hand", part="basics").status_code == 404
    assert 'value="they"' in teacher.get(address).text


def test_a_slash_too_many_redirects_nowhere(browser_of: Callable[[], Person]) -> None:
    """A redirect would lead to the host that a stranger named."""
    for path in ("/sign-in/", "/team/", "/d/fairview-isd/students/"):
        answer = browser_of().get(path, headers={"host": "evil.example"})
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
