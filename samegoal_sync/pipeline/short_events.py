"""What of a run Dagster's event log keeps, and how: no event twice, no field twice.

3,000 districts leave their events each night, for 30 days. Some only repeat what the event beside
them says, and all hold fields that Dagster fills in by itself when it reads them. Whoever reads an
event meets it equal in every field but ``logging_tags``, which nothing reads once it is stored.
"""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
from dagster._core.events import DagsterEvent
from dagster._core.execution.plan.handle import StepHandle
from dagster._serdes import pack_value

from samegoal_sync.pipeline.asset_checks import GUARDIAN_CHECKS, RAW_CHECKS, STUDENT_CHECKS
from samegoal_sync.pipeline.published_asset import WITHIN_GUARDS

#: An input loaded is an output of the step before; an output handled is a materialization with
#: the same address. All types are ``Any``.
_SAID_BY_OTHERS = {
    dg.DagsterEventType.STEP_INPUT,
    dg.DagsterEventType.LOADED_INPUT,
    dg.DagsterEventType.HANDLED_OUTPUT,
    dg.DagsterEventType.RESOURCE_INIT_STARTED,  # what fails has an event of its own
    dg.DagsterEventType.RESOURCE_INIT_SUCCESS,
}

#: Messages of the engine that only lead up to another: to the task that Celery took, to the start
#: and the end of each step.
_SAID_AROUND = (
    "[CeleryRunLauncher] Creating Celery run worker job task",
    "Executing steps in process",
    "Finished steps in process",
)

#: An error for each step that a failed one keeps from starting: one fault would be three red lines.
_AFTER_A_FAULT = "Dependencies for step "

#: How Dagster names the outputs of checks: after the asset and the check.
_CHECKS = tuple(
    f"_{check.name}" for check in (*RAW_CHECKS, *STUDENT_CHECKS, *GUARDIAN_CHECKS, WITHIN_GUARDS)
)

#: Fields that Dagster takes for ``None``, or for empty, where a stored object lacks them.
_MAY_LACK = {
    "EventLogEntry": {"step_key", "pipeline_name", "message"},
    "DagsterEvent": {
        "step_handle", "solid_handle", "step_kind_value", "logging_tags", "event_specific_data",
        "message", "pid", "step_key",
    },
    "AssetCheckEvaluation": {"description", "metadata"},
    "AssetMaterialization": {"description", "partition"},
    "AssetMaterializationPlannedData": {"partitions_subset"},
    "ComputeLogsCaptureData": {
        "external_url", "external_stdout_url", "external_stderr_url", "shell_cmd",
    },
    "EngineEventData": {"metadata_entries", "error", "marker_start", "marker_end"},
    "EventMetadataEntry": {"description"},
    "StepMaterializationData": {"asset_lineage"},
    "StepOutputData": {"metadata_entries", "version"},
    "StepOutputHandle": {"mapping_key"},
    "TypeCheckData": {"description", "metadata_entries"},
}  # fmt: skip


#: Likewise, but not for being empty.
_DEFAULTS = {("AssetCheckEvaluation", "severity"): pack_value(dg.AssetCheckSeverity.ERROR)}


_NEVER = object()


def is_kept(event: dg.EventLogEntry) -> bool:
    """Whether an event says what no other says."""
    inner = event.dagster_event
    if inner is None:
        return not event.user_message.startswith(_AFTER_A_FAULT)
    if inner.event_type is dg.DagsterEventType.STEP_OUTPUT:
        # A check's evaluation follows. Outputs that feed other steps stay: Dagster looks for them
        # when a run is executed again from where it failed.
        return not inner.step_output_data.output_name.endswith(_CHECKS)
    if inner.event_type is dg.DagsterEventType.ENGINE_EVENT and not inner.engine_event_data.error:
        return not (inner.message or "").startswith(_SAID_AROUND)
    return inner.event_type not in _SAID_BY_OTHERS


def shortened(event: dg.EventLogEntry) -> dg.EventLogEntry:
    """The event without what Dagster derives of its other fields when it reads it."""
    inner = event.dagster_event
    if inner is None:
        return event
    words = "" if event.user_message == inner.message else event.user_message
    return event._replace(user_message=words, dagster_event=_without_derived(inner))


def _without_derived(inner: DagsterEvent) -> DagsterEvent:
    inner = inner._replace(logging_tags={})
    if inner.node_handle is None or inner.step_handle != StepHandle(inner.node_handle):
        return inner
    return inner._replace(step_handle=None, step_key=None)


def as_json(event: dg.EventLogEntry) -> str:
    """A shortened event as it is stored."""
    return json.dumps(_trimmed(pack_value(event)), separators=(",", ":"))


def _trimmed(packed: Any) -> Any:
    if isinstance(packed, dict):
        kind = packed.get("__class__", "")
        may_lack = _MAY_LACK.get(kind, ())
        return {
            name: _trimmed(value)
            for name, value in packed.items()
            if (value or value is False or value == 0 or name not in may_lack)
            and value != _DEFAULTS.get((kind, name), _NEVER)
        }
    if isinstance(packed, list):
        return [_trimmed(one) for one in packed]
    return packed
