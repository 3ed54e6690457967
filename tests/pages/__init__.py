"""The pages: what they show to whom, how they stay live, and how they look to a real browser."""
