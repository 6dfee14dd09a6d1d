"""Write the generated pages of docs/ anew."""

from __future__ import annotations

from pathlib import Path

from samegoal_sync.generated_docs.rule_pages import write

if __name__ == "__main__":
    write(Path(__file__).parents[2] / "docs")
