"""Between Granian and the WSGI application: a body is read before a thread is taken for it.

Granian's own WSGI threads wait for bodies, so that a few slow callers would occupy all of them.
Here bodies arrive without a thread, within a time and a size that depend on who sends them, and the
application runs in a thread only when it has all that it needs (see docs/decisions/0028).
"""
