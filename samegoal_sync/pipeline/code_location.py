"""The one code location, by name: where every run of ``import_district`` says that it belongs.

A run that names no location shows under no job and in no timeline. Whoever launches runs does not
import ``definitions`` (it gathers whoever launches runs, too), but loads it as Dagster does: by
the module's name.
"""

from __future__ import annotations

import sys

from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableJob, ReconstructableRepository
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

#: As workspace.yaml names it.
LOCATION = "samegoal_sync"
_MODULE, _ATTRIBUTE = "samegoal_sync.definitions", "defs"


def job_here(name: str) -> ReconstructableJob:
    """A job of the location, to be executed in this process."""
    pointer = ModuleCodePointer(_MODULE, _ATTRIBUTE, working_directory=None)
    return ReconstructableJob(ReconstructableRepository(pointer), name)


def job_origin(name: str) -> RemoteJobOrigin:
    """The same job as the web server and the daemon know it.

    They find it by the names of location and repository alone, also where workspace.yaml names a
    ``grpc_server``: what kind of server is said here does not matter to them.
    """
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=_MODULE)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name=LOCATION)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), name)
