"""The district partitions: one run of the pipeline is one district."""

from __future__ import annotations

import dagster as dg

from samegoal_sync.district import PARTITIONS

#: The partition key is the district's slug; activating a district in the registry adds it.
DISTRICTS = dg.DynamicPartitionsDefinition(name=PARTITIONS)


def drop_partition(instance: dg.DagsterInstance, slug: str) -> None:
    """Take a district's partition away; Dagster's history of its runs stays."""
    instance.delete_dynamic_partition(PARTITIONS, slug)
