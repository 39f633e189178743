"""The answer leaves: the HTTP service. It holds no retrieval logic."""
