"""From the embedded server to one of the operator's own, and back: a backup carries everything."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from samegoal_sync.backup.make_backup import make_backup
from samegoal_sync.backup.restore_backup import restore_backup
from samegoal_sync.database import connect, running_database
from samegoal_sync.settings import Settings
from samegoal_sync_tests.backup.installation import emptied, furnish, rows
from samegoal_sync_tests.database.own_servers import (
    as_superuser,
    documented,
    in_database,
    plain_user,
)


@pytest.mark.slow
def test_the_move_to_an_own_server_and_back_loses_nothing(
    own: str, database_url: str, settings: Settings, tmp_path: Path
) -> None:
    furnish(settings, database_url)
    before = rows(database_url)
    make_backup(settings, database_url, tmp_path / "embedded")

    first, inside = documented()
    as_superuser(own, first)
    as_superuser(in_database(own), inside)
    theirs = plain_user(own)
    moved = dataclasses.replace(settings, storage=tmp_path / "moved", database_url=theirs)
    _, secrets = restore_backup(moved, theirs, tmp_path / "embedded")
    assert rows(theirs) == before
    assert secrets.closed == ()
    with running_database(moved) as started, connect(started) as connection:
        # The portal's role sees what its policies let it see, as before: of no district, nothing.
        connection.execute("set role samegoal_portal")
        assert connection.execute("select count(*) from students").fetchone() == (0,)

    make_backup(moved, theirs, tmp_path / "own")
    back = dataclasses.replace(settings, storage=tmp_path / "back")
    restore_backup(back, emptied(database_url), tmp_path / "own")
    assert rows(database_url) == before
