"""A decision on a held night, as it runs outside of the request that asked for it."""

from __future__ import annotations

from samegoal_sync.errors import SyncError
from samegoal_sync.portal.errors import Conflict, Unexpected
from samegoal_sync.samegoal.errors import NothingHeld, OtherNightHeld
from samegoal_sync.samegoal.publication.decision_progress import begin_decision
from samegoal_sync.samegoal.publication.held_nights import Witness, approve, discard

_DECISIONS = {"approve": approve, "discard": discard}


def decide_held(
    database_url: str, slug: str, decision: str, sync_id: int, who: str, witness: Witness
) -> bool:
    """Decide in one transaction with its audit line, and write down how it goes and how it ended.

    Args:
        database_url: the owner's.
        decision: ``approve`` or ``discard``.
        sync_id: the night that the person saw.

    Returns:
        ``False``: another decision of the district is under way; this one was not begun.

    Raises:
        Conflict: another night is held by now, or none; nothing was decided.
    """
    progress = begin_decision(database_url, slug, decision, sync_id, who)
    if progress is None:
        return False
    failure: SyncError | None = Unexpected()
    try:
        _DECISIONS[decision](
            database_url, slug, who,
            sync_id=sync_id, witness=witness, take_turn=progress.take_turn,
        )  # fmt: skip
        failure = None
    except (NothingHeld, OtherNightHeld):
        failure = other_night()
        raise failure from None
    except SyncError as error:
        failure = error
        raise
    finally:
        progress.end(failure)
    return True


def other_night() -> Conflict:
    """The night that the person saw is not the one that is held."""
    return Conflict(
        "The night on the page is no longer the one that is held",
        hint="Open the held night again and look at it before you decide. Nothing was changed.",
    )
