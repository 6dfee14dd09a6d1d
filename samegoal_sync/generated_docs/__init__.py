"""Pages of docs/ that are made from the code: ``python -m samegoal_sync.generated_docs``."""
