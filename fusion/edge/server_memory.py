"""Limits the memory that the threads of a server process keep."""

import ctypes

_M_ARENA_MAX, _ARENAS = -8, 2


def keep_memory_small() -> None:
    """Let future threads share two heaps of the C library, instead of one each.

    Large responses leave each heap at its largest size: about 20 MiB of a busy server's memory.
    Only glibc has such heaps; elsewhere this has no effect.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
