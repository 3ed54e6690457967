"""What the machine itself can do: the least code that has the same outward effect, measured beside ours in the same run."""
