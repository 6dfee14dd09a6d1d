"""``samegoal-sync districts``: onboard districts and keep them connected."""

from __future__ import annotations

import click

from samegoal_sync.commands.app import CommandGroup
from samegoal_sync.commands.districts.lifecycle import remove, resume, suspend
from samegoal_sync.commands.districts.onboarding_commands import (
    complete,
    reencrypt,
    rotate_secret,
    verify,
)
from samegoal_sync.commands.districts.registration import add, change, import_, list_, show


@click.group(cls=CommandGroup)
def districts() -> None:
    """Onboard districts and keep them connected.

    Example: samegoal-sync districts add fairview-isd --name "Fairview ISD"
    --base-url https://skyward.iscorp.com/FairviewTXStuAPI --client-key KEY
    """


for _command in (
    add, change, list_, show, verify, complete, rotate_secret, reencrypt, suspend, resume,
    remove, import_,
):  # fmt: skip
    districts.add_command(_command)
