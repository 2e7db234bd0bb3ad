"""Who may do what: grants and filters as values, their text, and what they mean.

Rule: decisions are pure functions of what was read; `held` alone reads, and says whose grants count now.
"""
