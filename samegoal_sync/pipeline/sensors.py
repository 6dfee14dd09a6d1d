"""Sensors: the mailbox, what follows from each night, expiry, freshness, partitions in step.

Each only calls the function of ``districts`` that does the work, with the registry that the
environment names. A mail server that is down shows as a skipped tick that says so.
"""

# Without postponed annotations: Dagster looks at the resources' types itself.

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from samegoal_sync.district import PARTITIONS, DistrictState
from samegoal_sync.districts.errors import AuditReceiverError
from samegoal_sync.districts.monitoring.digest import HOUR, ZONE, write_digest
from samegoal_sync.districts.monitoring.expiry import probe_expired, warn_of_expiry
from samegoal_sync.districts.monitoring.pause_reminders import remind_of_pauses
from samegoal_sync.districts.monitoring.post_run import process_ended_runs
from samegoal_sync.districts.onboarding.mail_requests import take_up_requests
from samegoal_sync.districts.registry.registry import Registry
from samegoal_sync.mail.errors import MailError
from samegoal_sync.mail.team import deliver_all, team_of, webhook_alone
from samegoal_sync.pipeline.freshness import CHECK, evaluation, is_fresh
from samegoal_sync.pipeline.heartbeat import beating
from samegoal_sync.pipeline.import_job import IMPORT_DISTRICT
from samegoal_sync.pipeline.orphaned_runs import (
    end_orphaned_runs,
    end_unqueued_runs,
    record_canceled_nights,
    record_lost_run,
)
from samegoal_sync.pipeline.published_asset import make_room
from samegoal_sync.pipeline.resources import AuditReceiver, Database, Mail
from samegoal_sync.pipeline.unheard_runs import end_unheard_runs
from samegoal_sync.samegoal.publication.last_good_night import last_nights_as_asked
from samegoal_sync.settings import Settings

_ON = dg.DefaultSensorStatus.RUNNING


@dg.sensor(
    name="mailbox",
    minimum_interval_seconds=120,
    default_status=_ON,
    description="Reads the mailbox for districts' mails \"Complete SameGoal Demographics "
    'Integration" and takes each request up.',
)
@beating("mailbox")
def mailbox(_context: dg.SensorEvaluationContext, database: Database, mail: Mail) -> dg.SkipReason:
    """Take up districts' mails "Complete SameGoal Demographics Integration"."""
    registry = database.registry()
    where = mail.mailbox()
    if where is None:
        return dg.SkipReason("no mailbox is set (SAMEGOAL_SYNC_IMAP_URL)")
    try:
        taken = take_up_requests(registry, where, datetime.now(UTC))
    except MailError as error:
        return dg.SkipReason(error.what)
    return dg.SkipReason(
        f"requests: {', '.join(taken.requests) or 'none'}; flagged: {len(taken.flagged)}"
    )


@dg.sensor(
    name="post_run_processing",
    minimum_interval_seconds=60,
    default_status=_ON,
    description="After each import run: sets the district's state, writes the morning mail to "
    "its contacts, and sends mails that are due.",
)
@beating("post_run_processing")
def post_run_processing(
    _context: dg.SensorEvaluationContext, database: Database, mail: Mail
) -> dg.SkipReason:
    """After each night: the district's state, and the morning mail to its contacts."""
    registry, now = database.registry(), datetime.now(UTC)
    settled = process_ended_runs(registry, now, webhook_alone(mail.settings()))
    done = [*_some(settled), *_delivered(mail.settings(), registry, now)]
    return dg.SkipReason("; ".join(done) or "no night ended since")


#: What one tick names; a fleet after a downtime has thousands.
_NAMED = 20


def _some(lines: Sequence[str]) -> list[str]:
    more = len(lines) - _NAMED
    return [*lines[:_NAMED], *([f"and {more:,} more"] if more > 0 else [])]


def _delivered(settings: Settings, registry: Registry, now: datetime) -> list[str]:
    """Send the letters that are due; what became of them, for the tick's line."""
    lines = []
    for done in deliver_all(settings, registry.database_url, now):
        if done.sent or done.refused:
            lines.append(f"letters sent: {done.sent}, refused: {done.refused}")
        if done.down:
            lines.append(done.down.what)
    return lines


@dg.sensor(
    name="access_expiry",
    minimum_interval_seconds=3600,
    default_status=_ON,
    description="Warns a district 30, 14, 7 and 1 days before its Integration Access ends and "
    "before a pause, and notices when an expired access works again.",
)
@beating("access_expiry")
def access_expiry(
    _context: dg.SensorEvaluationContext, database: Database, mail: Mail
) -> dg.SkipReason:
    """Warn 30, 14, 7 and 1 days before access ends, and before a pause; notice renewed access."""
    registry = database.registry()
    back = probe_expired(registry)
    now = datetime.now(UTC)
    warned = warn_of_expiry(registry, team_of(mail.settings()), now)
    warned += remind_of_pauses(registry, now)
    return dg.SkipReason(
        f"warned: {', '.join(_some(warned)) or 'none'}; "
        f"works again: {', '.join(_some(back)) or 'none'}"
    )


@dg.sensor(
    name="technical_digest",
    minimum_interval_seconds=600,
    default_status=_ON,
    description="Mails the technical team once a day how every district stands, worst first.",
)
@beating("technical_digest")
def technical_digest(
    context: dg.SensorEvaluationContext, database: Database, mail: Mail
) -> dg.SkipReason:
    """Mail the technical team once a day how every district stands, worst first."""
    registry = database.registry()
    team = team_of(mail.settings())
    now = datetime.now(UTC)
    local = now.astimezone(ZONE)
    if not team:
        return dg.SkipReason(
            "nobody is to be told (team in SAMEGOAL_SYNC_SMTP_URL, or SAMEGOAL_SYNC_WEBHOOK_URL)"
        )
    if local.hour < HOUR or context.cursor == local.date().isoformat():
        return dg.SkipReason(f"sent, or not yet {HOUR}:00 ({ZONE})")
    needing = write_digest(registry.database_url, team, now)
    context.update_cursor(local.date().isoformat())
    return dg.SkipReason(f"written: {needing} districts need a person")


@dg.sensor(
    name="audit_log_shipping",
    minimum_interval_seconds=60,
    default_status=_ON,
    description="Sends new lines of the audit log to the file or syslog server that takes them.",
)
@beating("audit_log_shipping")
def audit_log_shipping(
    _context: dg.SensorEvaluationContext, database: Database, audit_receiver: AuditReceiver
) -> dg.SkipReason:
    """Send new lines of the audit log on; a receiver that is down gets them when it is up."""
    try:
        sent = audit_receiver.ship(database.registry().database_url)
    except AuditReceiverError as error:
        return dg.SkipReason(error.what)
    if sent is None:
        return dg.SkipReason("no receiver is set (SAMEGOAL_SYNC_AUDIT_SHIP_TO)")
    return dg.SkipReason(f"lines sent: {sent}")


#: Districts told in one tick; the rest come with the next.
_REPORTED_AT_ONCE = 500


@dg.sensor(
    name="districts_fresh",
    minimum_interval_seconds=900,
    default_status=_ON,
    description="Turns fresh_within_36_hours of each district green after a good or paused night, "
    "and red when 36 hours have passed without one.",
)
@beating("districts_fresh")
def districts_fresh(
    context: dg.SensorEvaluationContext, database: Database
) -> dg.SensorResult | dg.SkipReason:
    """Told when a district's last good night or its freshness is another than last time."""
    now = datetime.now(UTC)
    last = last_nights_as_asked(database.registry().database_url)
    state = {
        slug: [moment.isoformat() if moment else None, is_fresh(moment, now)]
        for slug, moment in last.items()
    }
    before = json.loads(context.cursor or "{}")
    turned = sorted(slug for slug in state if before.get(slug) != state[slug])[:_REPORTED_AT_ONCE]
    if not turned:
        return dg.SkipReason("no district's freshness changed")
    make_room(context.instance, CHECK, turned)
    reported = {slug: state[slug] for slug in turned}
    return dg.SensorResult(
        asset_events=[evaluation(slug, last[slug], now) for slug in turned],
        cursor=json.dumps({slug: one for slug, one in before.items() if slug in state} | reported),
    )


#: States in which a district's partition must be there; in others it may.
_PARTITIONED = (DistrictState.ACTIVE, DistrictState.FAILING, DistrictState.EXPIRED)


@dg.sensor(
    name="sync_partitions",
    minimum_interval_seconds=300,
    default_status=_ON,
    description="Keeps the partitions the same as the registry: adds those of new districts, "
    "drops those of removed ones.",
)
@beating("sync_partitions")
def sync_partitions(
    context: dg.SensorEvaluationContext, database: Database
) -> dg.SensorResult | dg.SkipReason:
    """Add the partitions that the registry has and Dagster lacks, and drop removed districts'."""
    districts = database.registry().list()
    there = set(context.instance.get_dynamic_partitions(PARTITIONS))
    missing = sorted(
        one.slug for one in districts if one.state in _PARTITIONED and one.slug not in there
    )
    gone = sorted(there - {str(one.slug) for one in districts})
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if missing:
        requests.append(dg.AddDynamicPartitionsRequest(PARTITIONS, missing))
    if gone:
        requests.append(dg.DeleteDynamicPartitionsRequest(PARTITIONS, gone))
    if not requests:
        return dg.SkipReason("partitions and registry are in step")
    return dg.SensorResult(dynamic_partitions_requests=requests)


@dg.run_failure_sensor(
    name="lost_runs",
    minimum_interval_seconds=60,
    default_status=_ON,
    description="Records an import run that ended without a result, because its process was "
    "killed, so that status and mail show it.",
)
def lost_runs(context: dg.RunFailureSensorContext) -> None:
    """Record a run that ended without a word (its process was killed), so that it is seen."""
    run = context.dagster_run
    slug = run.tags.get("dagster/partition")
    if (
        run.job_name != IMPORT_DISTRICT
        or slug is None
        or run.tags.get("dagster/will_retry") == "true"
    ):
        return
    record_lost_run(context.instance, run, slug)


@dg.sensor(
    name="orphaned_runs",
    minimum_interval_seconds=20,
    default_status=_ON,
    description="Ends import runs whose process is gone, that could not write their end down or "
    "that never reached the queue, and records nights whose run a person canceled.",
)
@beating("orphaned_runs")
def orphaned_runs(context: dg.SensorEvaluationContext, database: Database) -> dg.SkipReason:
    """End runs that nobody executes or that never reached the queue; record canceled nights."""
    database_url, now = database.registry().database_url, datetime.now(UTC)
    gone = end_orphaned_runs(context.instance, database_url)
    before = json.loads(context.cursor or "{}")
    unheard, since = end_unheard_runs(
        context.instance,
        database_url,
        {run_id: datetime.fromisoformat(at) for run_id, at in before.items()},
    )
    context.update_cursor(json.dumps({run_id: at.isoformat() for run_id, at in since.items()}))
    unqueued = end_unqueued_runs(context.instance, now)
    canceled = record_canceled_nights(context.instance, now)
    return dg.SkipReason(
        f"process gone: {', '.join(gone) or 'none'}; "
        f"not heard of: {', '.join(unheard) or 'none'}; "
        f"never queued: {', '.join(unqueued) or 'none'}; "
        f"canceled: {', '.join(canceled) or 'none'}"
    )


#: What ``definitions`` gathers.
SENSORS: Sequence[dg.SensorDefinition] = (
    mailbox,
    post_run_processing,
    access_expiry,
    technical_digest,
    audit_log_shipping,
    districts_fresh,
    sync_partitions,
    lost_runs,
    orphaned_runs,
)
