"""PostgreSQL as Django's database backend, for a database that may become unavailable.

`parameters` defines how this project connects. `connections` gives up statements of a server that
no longer responds, which `pulse` detects. `pool` gives out connections within `budget`, and
retries as long as a caller waits. `outage` distinguishes temporary errors from permanent ones. See
docs/decisions/0034.
"""
