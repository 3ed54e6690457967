"""Orders at a real broker, against a stand-in that speaks HTTP."""
