"""Text becomes vectors: one for a whole text and one for each of its tokens."""
