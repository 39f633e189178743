"""The Model Context Protocol: the tools ``search`` and ``fetch``, and the documents as resources."""
