"""Every page on one list: address, page, methods, who may open it.

A district's pages begin with ``/d/{district}``; the tests try each of them as a user of another.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route

from samegoal_sync.portal.health import health_routes
from samegoal_sync.portal.identity.accounts import Role
from samegoal_sync.portal.page_access import EVERYONE, MANAGING, TEAM, guarded
from samegoal_sync.portal.pages import (
    account_page,
    add_student,
    all_districts,
    audit_log,
    caseload_pages,
    district_information,
    district_settings,
    document_pages,
    edit_by_hand,
    erasure_pages,
    finish_document,
    held_night_page,
    problem_list,
    same_student_page,
    sign_in_page,
    student_details_page,
    student_list,
    student_refresh,
)
from samegoal_sync.portal.visit import Page

_CASELOAD = "/d/{district}/caseloads/{user}"
_DOCUMENT = "/d/{district}/documents/{document}"
_INFORMATION = "/d/{district}/district-information"
_SAME_STUDENT = "/d/{district}/same-student"
_STUDENT = "/d/{district}/students/{student}"

#: Address, method, page, roles.
PAGES: tuple[tuple[str, str, Page, frozenset[Role]], ...] = (
    ("/", "GET", sign_in_page.home, EVERYONE),
    ("/sign-out", "POST", sign_in_page.sign_out, EVERYONE),
    ("/account", "GET", account_page.account, EVERYONE),
    ("/account/password", "POST", account_page.save_password, EVERYONE),
    ("/account/second-factor", "GET", account_page.second_factor, EVERYONE),
    ("/account/second-factor", "POST", account_page.confirm_second_factor, EVERYONE),
    ("/team", "GET", all_districts.team, TEAM),
    ("/team/audit-log", "GET", audit_log.team_log, TEAM),
    ("/team/audit-log", "POST", audit_log.search_team_log, TEAM),
    ("/team/audit-log.csv", "GET", audit_log.team_log_csv, TEAM),
    ("/d/{district}/students", "GET", student_list.students, EVERYONE),
    ("/d/{district}/students", "POST", student_list.search_students, EVERYONE),
    ("/d/{district}/add-student", "GET", add_student.add_form, MANAGING),
    ("/d/{district}/add-student", "POST", add_student.add_student, MANAGING),
    (_STUDENT, "GET", student_details_page.details, EVERYONE),
    (f"{_STUDENT}/basics", "GET", student_details_page.basics, MANAGING),
    (f"{_STUDENT}/edit", "GET", edit_by_hand.edit, MANAGING),
    (f"{_STUDENT}/edit", "POST", edit_by_hand.save_student, MANAGING),
    (f"{_STUDENT}/guardians", "POST", edit_by_hand.save_guardian, MANAGING),
    (f"{_STUDENT}/guardians/remove", "POST", edit_by_hand.remove_guardian, MANAGING),
    (f"{_STUDENT}/delete", "GET", edit_by_hand.confirm_delete, MANAGING),
    (f"{_STUDENT}/delete", "POST", edit_by_hand.delete_student, MANAGING),
    (f"{_STUDENT}/by-hand", "POST", student_details_page.enter_by_hand, EVERYONE),
    (f"{_STUDENT}/documents", "POST", document_pages.start, EVERYONE),
    (_DOCUMENT, "GET", document_pages.document, EVERYONE),
    (f"{_DOCUMENT}/pdf", "GET", document_pages.pdf, EVERYONE),
    (f"{_DOCUMENT}/fill", "POST", document_pages.fill, EVERYONE),
    (f"{_DOCUMENT}/take-over", "POST", document_pages.take_over, EVERYONE),
    (f"{_DOCUMENT}/draft", "POST", document_pages.keep, EVERYONE),
    (f"{_DOCUMENT}/draft/discard", "POST", document_pages.discard_draft, EVERYONE),
    (f"{_DOCUMENT}/review", "POST", finish_document.review, EVERYONE),
    (f"{_DOCUMENT}/finish", "GET", finish_document.confirm_finish, EVERYONE),
    (f"{_DOCUMENT}/finish", "POST", finish_document.finish_document, EVERYONE),
    (f"{_DOCUMENT}/amend", "POST", finish_document.amend, EVERYONE),
    (f"{_STUDENT}/refresh", "POST", student_refresh.refresh, EVERYONE),
    (f"{_STUDENT}/refresh", "GET", student_refresh.refresh_state, EVERYONE),
    (_INFORMATION, "GET", district_information.district_information, MANAGING),
    (f"{_INFORMATION}/import", "GET", district_information.import_state, MANAGING),
    (f"{_INFORMATION}/secret", "POST", district_information.reveal_secret, MANAGING),
    ("/d/{district}/settings/guardians", "POST", district_settings.save_guardians, MANAGING),
    ("/d/{district}/settings/limits", "POST", district_settings.save_limits, MANAGING),
    ("/d/{district}/settings/dates", "POST", district_settings.save_dates, MANAGING),
    ("/d/{district}/settings/exit_codes", "POST", district_settings.save_exit_codes, MANAGING),
    ("/d/{district}/settings/languages", "POST", district_settings.save_languages, MANAGING),
    ("/d/{district}/settings/buildings", "POST", district_settings.save_buildings, MANAGING),
    ("/d/{district}/settings/night", "POST", district_settings.save_night, MANAGING),
    ("/d/{district}/held", "GET", held_night_page.held_night, MANAGING),
    ("/d/{district}/held/decision", "GET", held_night_page.decision_state, MANAGING),
    ("/d/{district}/held/approve", "GET", held_night_page.confirm_approve, MANAGING),
    ("/d/{district}/held/discard", "GET", held_night_page.confirm_discard, MANAGING),
    ("/d/{district}/held/approve", "POST", held_night_page.approve_held, MANAGING),
    ("/d/{district}/held/discard", "POST", held_night_page.discard_held, MANAGING),
    ("/d/{district}/problems", "GET", problem_list.problems, MANAGING),
    ("/d/{district}/problems.csv", "GET", problem_list.problems_csv, MANAGING),
    (_SAME_STUDENT, "GET", same_student_page.same_student, MANAGING),
    (f"{_SAME_STUDENT}/merge", "POST", same_student_page.merge_records, MANAGING),
    (f"{_SAME_STUDENT}/keep-apart", "POST", same_student_page.keep_records_apart, MANAGING),
    (f"{_STUDENT}/on-request", "GET", erasure_pages.on_request, MANAGING),
    (f"{_STUDENT}/erase", "POST", erasure_pages.erase, MANAGING),
    (f"{_STUDENT}/forget", "POST", erasure_pages.forget, MANAGING),
    ("/d/{district}/erased-students", "GET", erasure_pages.erased_students, MANAGING),
    ("/d/{district}/erased-students", "POST", erasure_pages.admit, MANAGING),
    ("/d/{district}/caseloads", "GET", caseload_pages.caseloads, MANAGING),
    ("/d/{district}/caseloads", "POST", caseload_pages.choose_caseload, MANAGING),
    (_CASELOAD, "GET", caseload_pages.caseload, MANAGING),
    (f"{_CASELOAD}/buildings", "POST", caseload_pages.save_buildings, MANAGING),
    (f"{_CASELOAD}/students", "POST", caseload_pages.add_students, MANAGING),
    (f"{_CASELOAD}/students/{{student}}/remove", "POST", caseload_pages.remove_student, MANAGING),
    ("/d/{district}/audit-log", "GET", audit_log.audit_log, MANAGING),
    ("/d/{district}/audit-log", "POST", audit_log.search_audit_log, MANAGING),
    ("/d/{district}/audit-log.csv", "GET", audit_log.audit_log_csv, MANAGING),
)


def page_routes() -> Sequence[BaseRoute]:
    """The pages as Starlette's routes; open to anybody: sign-in and health."""
    return [
        *health_routes(),
        Route("/sign-in", sign_in_page.sign_in, methods=["GET", "POST"]),
        Route("/sign-in/code", sign_in_page.sign_in_code, methods=["GET", "POST"]),
        *(
            Route(path, guarded(page, roles), methods=[method])
            for path, method, page, roles in PAGES
        ),
    ]
