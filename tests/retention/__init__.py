"""Old events leave the log, and nothing is lost by it."""
