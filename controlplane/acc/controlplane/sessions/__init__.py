"""The life of a session after it was allowed: its tickets, what ends it, and the watch for reasons to end it.

Rule: what allowed a session must go on allowing it.
"""
