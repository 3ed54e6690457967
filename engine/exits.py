"""Exit codes of our processes, for whoever supervises them."""

FAILED = 70  # a part of the process died, and the process with it
