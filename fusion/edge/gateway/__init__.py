"""Between Granian and the WSGI application: reads a request's body before a thread is used for it.

Granian's own WSGI threads wait for bodies, so that a few slow clients would occupy all of them.
Here bodies arrive without a thread, with limits of time and size that depend on the sender, and the
application runs in a thread only when the body is complete (see docs/decisions/0028).
"""
