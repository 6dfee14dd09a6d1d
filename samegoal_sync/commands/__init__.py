"""The ``samegoal-sync`` command's parts, one module a group of commands."""
