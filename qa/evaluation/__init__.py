"""Question sets become figures: how often the right passage comes first, and how well answers are told from none."""
