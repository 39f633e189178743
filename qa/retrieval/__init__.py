"""A question becomes hits and an answer."""
