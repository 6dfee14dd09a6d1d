"""The assets, one file a stage; each is thin and calls the room that does the work."""
