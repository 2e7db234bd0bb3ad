"""The HTTP API as an engine, without any one resource: the caller, bodies, paths, pages, problems, kinds.

Rule: a resource says what it is; all that resources do alike is done here, once.
"""
