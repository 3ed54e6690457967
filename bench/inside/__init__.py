"""Programs that run in a process of their own with the engine's settings, and print what they measured as JSON."""
