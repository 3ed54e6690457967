"""Reads: plain dicts of python types, whose keys are the names on the wire. Each takes a fixed number of statements.

A scope is the accounts that a reader may see: a sequence of user ids, or None for every account.
"""
