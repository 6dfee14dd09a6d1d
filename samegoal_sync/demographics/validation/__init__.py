"""Whether frames may go on to the next stage."""
