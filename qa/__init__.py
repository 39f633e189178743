"""Suraq: answers questions from an essay with its own passages and exact section citations."""

from importlib.metadata import version

__version__ = version("suraq")
