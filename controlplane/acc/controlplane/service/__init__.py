"""What every part of the program stands on: its settings, its log, its metrics, its limits, how it listens.

Rule: nothing here knows what a session or a grant is.
"""
