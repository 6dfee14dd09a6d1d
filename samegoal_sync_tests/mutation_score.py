"""How many small faults the tests would notice: ``make mutants``.

mutmut changes one thing at a time in the modules of ``[tool.mutmut]`` (a comparison, a word, an
argument), and runs the tests that reach the changed function. A change that no test notices
*survives*: either a test is missing, or the change makes no difference. One Postgres serves
all of it. Prints the score of each module; exits 1 where all together stay below ``AIM``.

    python -m samegoal_sync_tests.mutation_score [PATTERN ...]    only mutants whose name matches
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from samegoal_sync.database import running_database
from samegoal_sync.settings import Settings
from samegoal_sync_tests.conftest import HOME_VARIABLE

AIM = 0.85
_MUTMUT = [sys.executable, "-m", "mutmut"]
_LINE = re.compile(r"^\s*(?P<module>[\w.]+?)\.x[_\w]*?__mutmut_\d+: (?P<outcome>.+)$")
#: Outcomes by which a mutant counts as noticed.
_NOTICED = frozenset({"killed", "timeout", "segfault", "suspicious", "caught by type check"})


def main(patterns: list[str]) -> int:
    """Run mutmut and print the scores; the exit status."""
    with tempfile.TemporaryDirectory(prefix="sg-") as folder:
        home = Path(folder)
        with running_database(Settings(home=home / "d", storage=home / "s")):
            environment = os.environ | {HOME_VARIABLE: folder, "POLARS_MAX_THREADS": "1"}
            subprocess.run(
                [*_MUTMUT, "run", "--max-children", str(os.cpu_count() or 1), *patterns],
                env=environment,
                check=True,
            )
    done = subprocess.run(
        [*_MUTMUT, "results", "--all", "true"], capture_output=True, text=True, check=True
    )
    return report(done.stdout)


def report(results: str) -> int:
    """Print a line a module of mutmut's own list of results; 1 below the aim."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    for line in results.splitlines():
        if (found := _LINE.match(line)) and found["outcome"] != "not checked":
            outcomes[found["module"]][found["outcome"]] += 1
    noticed = mutants = 0
    for module, counts in sorted(outcomes.items()):
        killed = sum(n for outcome, n in counts.items() if outcome in _NOTICED)
        noticed, mutants = noticed + killed, mutants + counts.total()
        print(f"{killed / counts.total():6.1%}  {killed:4} of {counts.total():4}  {module}")
    if not mutants:
        print("no mutant was tried")
        return 1
    print(f"{noticed / mutants:6.1%}  {noticed:4} of {mutants:4}  all (aim: {AIM:.0%})")
    return 0 if noticed / mutants >= AIM else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
