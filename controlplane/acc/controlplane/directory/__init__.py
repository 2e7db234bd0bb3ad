"""The resources of the API, a module each: what there is, and what may be asked of it.

Rule: each module owns its tables and says every statement over them.
"""
