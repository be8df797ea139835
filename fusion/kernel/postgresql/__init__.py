"""PostgreSQL as Django's database backend, with what a database that goes away asks of a client.

`parameters` is the one place that says how this project connects. `connections` gives up a
statement that no living server works on, which `pulse` finds out. `pool` hands connections out
within `budget`, and goes on looking for the server for as long as somebody waits. `outage` tells
an error that passes from one that is an answer. See docs/decisions/0034.
"""
