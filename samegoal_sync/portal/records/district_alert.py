"""How a district stands, in the words and with the ways back of the person who reads it.

A remedy is something that the reader can do where they are: a link to the page for it, what to do
in Skyward, or that nothing is theirs to do. Commands are shown to the technical team alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from samegoal_sync.districts.monitoring.district_status import DistrictStatus
from samegoal_sync.districts.monitoring.worst_problem import Cause, Severity
from samegoal_sync.errors import Actor
from samegoal_sync.portal.rendering.jinja_environment import clock, day, sentence

EXTEND_SCREEN = "Administrative Access > API > Integration > SameGoal Demographics"

_STAYS = "What was published before stays as it was."
_TEAM_ACTS = "SameGoal's technical team acts on it; there is nothing that you have to do."


@dataclass(frozen=True)
class Alert:
    """What stands, and the way back.

    Attributes:
        tone: ``bad``, ``warn`` or ``""``.
        what: one sentence.
        remedy: what the reader does, or that there is nothing to do.
        page: of the district, without its address; ``""`` if none helps.
        link: the words of the link to it.
        command: what the technical team can paste.
        pressing: whether it is shown on every page.
    """

    tone: str
    what: str
    remedy: str
    page: str = ""
    link: str = ""
    command: str = ""
    pressing: bool = False


def alert_of(status: DistrictStatus, *, team: bool) -> Alert | None:
    """The first thing that is to be done; ``None`` if all is well.

    Args:
        team: whether SameGoal's technical team reads it.
    """
    return next(iter(alerts_of(status, team=team)), None)


def alerts_of(status: DistrictStatus, *, team: bool) -> list[Alert]:
    """What is to be done, first things first: a night can be held while a later one failed.

    Args:
        team: whether SameGoal's technical team reads it.
    """
    if status.severity is Severity.FINE:
        return []
    alerts = [_alert(status, team=team)]
    if status.held_night and status.cause is not Cause.HELD:
        alerts.append(
            _alert(
                replace(
                    status,
                    cause=Cause.HELD,
                    severity=Severity.HELD,
                    actor=Actor.DISTRICT.value,
                    tried_again_at=None,
                    hint=f"samegoal-sync held {status.slug}",
                ),
                team=team,
            )
        )
    return alerts


def _alert(status: DistrictStatus, *, team: bool) -> Alert:
    what, remedy, page, link = _WORDS[status.cause](status)
    hint = status.hint or ""
    mine = team or status.actor != Actor.TECHNICAL_TEAM.value
    if status.cause in _TOLD_BY_HINT:
        remedy = f"{remedy} {_own_part(hint, mine)}".strip()
    if status.tried_again_at:
        again = clock(status.tried_again_at, status.time_zone)
        remedy = f"{remedy} Tried again automatically at {again}.".strip()
    return Alert(
        tone={Severity.FAILING: "bad", Severity.WAITING: ""}.get(status.severity, "warn"),
        what=sentence(what),
        remedy=remedy,
        page=page,
        link=link,
        # A held night is decided on its page, by whoever reads this.
        command=_command(hint, status.cause) if team and page != "held" else "",
        pressing=status.severity >= Severity.STALE,
    )


_PROGRAM = "samegoal-sync"

#: What is to be done is known by the error alone.
_TOLD_BY_HINT = (
    Cause.FAILED_NIGHT,
    Cause.FAILING,
    Cause.CUT_OFF,
    Cause.UNDELIVERED,
    Cause.STALE,
)


def _command(hint: str, cause: Cause) -> str:
    """What to paste: with the words around it only where the remedy does not say them."""
    start = hint.find(_PROGRAM)
    if start < 0:
        return ""
    return hint if cause in _TOLD_BY_HINT else hint[start:]


def _own_part(hint: str, mine: bool) -> str:
    if not mine:
        return _TEAM_ACTS
    return "" if _PROGRAM in hint else sentence(hint)


_Words = tuple[str, str, str, str]


def _suspended(_status: DistrictStatus) -> _Words:
    return (
        "Nightly imports are suspended",
        "SameGoal's technical team can resume them.",
        "",
        "",
    )


def _onboarding(status: DistrictStatus) -> _Words:
    return (
        f"Onboarding: {status.state.value}",
        "",
        "district-information#onboarding",
        "See the next step",
    )


def _failed(status: DistrictStatus) -> _Words:
    return status.problem or "The last night failed", _STAYS, "problems", "See Problems"


def _cut_off(_status: DistrictStatus) -> _Words:
    return "The last import was cut off", _STAYS, "problems", "See Problems"


def _refused(status: DistrictStatus) -> _Words:
    if status.days_left is not None and status.days_left < 0:
        what = f"The Integration Access expired on {day(status.expires_on)}"
        todo = "set a later Expiration Date, or clear it"
    else:
        what = "Qmlativ refuses the Integration Access: it is not active"
        todo = "see that it is active and that its Expiration Date is not past"
    remedy = f"{_STAYS} In Skyward open {EXTEND_SCREEN} and {todo}."
    return what, remedy, "district-information#extend", "How to extend it"


def _held(status: DistrictStatus) -> _Words:
    return (
        f"The night of {day(status.held_night or status.last_night)} is held",
        f"It would have changed more than the guards allow. {_STAYS}",
        "held",
        "Look at it, then approve or discard it",
    )


def _undelivered(status: DistrictStatus) -> _Words:
    return status.problem or "What is published was not delivered", "", "problems", "See Problems"


def _stale(status: DistrictStatus) -> _Words:
    what = "No import has gone well for 36 hours" if status.last_good else "No import has run yet"
    return what, _STAYS if status.last_good else "", "problems", "See Problems"


def _expiring(status: DistrictStatus) -> _Words:
    days = status.days_left or 0
    what = (
        f"The Integration Access expires in {days} day{'' if days == 1 else 's'}"
        if days >= 0
        else f"The Integration Access should have ended on {day(status.expires_on)}"
    )
    remedy = f"In Skyward open {EXTEND_SCREEN} and set a later Expiration Date, or clear it."
    return what, remedy, "district-information#extend", "How to extend it"


def _rejects(status: DistrictStatus) -> _Words:
    return (
        status.problem or "Students were rejected",
        "Problems says for each what to do in Skyward.",
        "problems",
        "See Problems",
    )


_WORDS = {
    Cause.SUSPENDED: _suspended,
    Cause.ONBOARDING: _onboarding,
    Cause.FAILED_NIGHT: _failed,
    Cause.FAILING: _failed,
    Cause.CUT_OFF: _cut_off,
    Cause.ACCESS_REFUSED: _refused,
    Cause.HELD: _held,
    Cause.UNDELIVERED: _undelivered,
    Cause.STALE: _stale,
    Cause.EXPIRING: _expiring,
    Cause.REJECTS: _rejects,
}
