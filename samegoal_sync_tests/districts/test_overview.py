"""However many districts, one screen says how they stand and whom to call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from samegoal_sync.cli import cli
from samegoal_sync.database import connect
from samegoal_sync.districts.monitoring.digest import digest
from samegoal_sync.districts.monitoring.district_status import overall_status
from samegoal_sync.districts.monitoring.heartbeats import beat

NOW = datetime.now(UTC)


def _fleet(url: str, districts: int = 300) -> None:
    """Of ten districts eight are fine, one was refused, one is held; every hundredth is stale."""
    with connect(url) as connection:
        connection.execute(
            "insert into districts (slug, name, state, base_url, client_key) select "
            "'d-' || lpad(n::text, 4, '0'), 'District ' || n, 'active', 'https://d.example/' || n, "
            "'KEY' from generate_series(1, %s) n",
            (districts,),
        )
        connection.execute(
            """
            insert into syncs (district, run_id, night, state, started_at, finished_at, counts,
                findings, message, hint, actor)
            select slug, slug, %(now)s::date,
                case right(slug, 1) when '1' then 'failed' when '2' then 'held'
                    else 'published' end,
                %(now)s, %(now)s - case when right(slug, 2) = '00' then interval '3 days'
                    else interval '1 hour' end,
                '{"students_sent": 7}', case when right(slug, 1) = '1'
                    then '{"error": "AccessExpired"}'::jsonb else '{}' end,
                'told of ' || slug, 'do this', 'district'
            from districts
            """,
            {"now": NOW},
        )


def test_a_fleet_is_a_screen_of_groups_worst_first(database_url: str) -> None:
    _fleet(database_url)
    text = digest(overall_status(database_url, NOW))
    lines = text.splitlines()
    assert len(lines) <= 24
    assert all(len(line) <= 100 for line in lines)
    assert lines[0] == "300 districts: 30 failing, 30 held, 3 stale, 237 fine"
    assert "failing: access refused, 30 districts [action by district]" in lines
    assert "    d-0001, d-0011, d-0021, d-0031 and 26 more" in lines
    assert text.index("failing:") < text.index("held:") < text.index("stale:")


def test_status_groups_a_fleet_lists_all_on_request_and_says_that_nothing_ticks(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fleet(database_url)
    monkeypatch.setenv("SAMEGOAL_SYNC_DATABASE_URL", database_url)

    def shown(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(cli, ["status", *arguments], standalone_mode=False)
        return done.return_value, done.stdout, done.stderr

    status, out, err = shown()
    assert status == 1
    assert len(out.splitlines()) <= 24
    assert "30 failing" in out
    assert "ticked" not in err
    assert shown("--all")[1].count("d-0") >= 300
    beat(database_url, "nightly", NOW - timedelta(hours=5), 0.1)
    with connect(database_url) as connection:
        connection.execute("delete from districts where right(slug, 1) not in ('3', '4')")
    status, _, err = shown()
    assert status == 1  # though every district is fine
    assert "no schedule or sensor has ticked" in err
