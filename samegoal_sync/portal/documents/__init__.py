"""Documents: started from Details, filled, finished, printed."""
