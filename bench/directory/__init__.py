"""The control plane, measured: what a full directory costs, beside a directory of a hundredth and a bare route.

    python -m bench.directory

Two databases on one Postgres, alike but for their size; a controller process on each; and a server that does nothing
but one indexed query. All are asked in turn, so that a ratio is between figures of the same seconds. Growth is what the
full directory costs for each one of the small one.
"""
