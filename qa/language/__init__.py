"""Text becomes comparable: cleaning, sentences, the language of a text."""

# Part of every generation's manifest: raise it when the same passage may be read differently.
NORMALISER_VERSION = 1
