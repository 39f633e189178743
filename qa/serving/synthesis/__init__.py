"""Answers that a language model writes from the passages that were found; off unless one is set."""
