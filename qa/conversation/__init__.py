"""A conversation about the corpus: what was asked, in the light of what was asked before, and the reply as text."""
