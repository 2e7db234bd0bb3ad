"""The record of every decision: what it may say, how it is kept, where it goes besides the database.

Rule: nothing is answered before its record is stored.
"""
