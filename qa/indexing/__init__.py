"""Passages become an index: generations on disk, each complete or not there."""
