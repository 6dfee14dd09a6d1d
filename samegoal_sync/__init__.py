"""samegoal_sync: nightly demographics from Skyward Qmlativ into SameGoal.

A student's record flows one way, and the folders say the same:
``qmlativ`` (source) -> ``demographics`` (transforms and checks) -> ``samegoal`` (publication).
"""
