"""Settings of a whole process; a program makes them, a library must not."""

from __future__ import annotations

import gc
import sys
from importlib.abc import MetaPathFinder
from importlib.util import find_spec

_OBJECTS_PER_COLLECTION = 100_000
_M_ARENA_MAX = -8  # of mallopt(3)


def collect_rarely() -> None:
    """Search for cyclic garbage after 100,000 new objects instead of some hundred.

    A block of rows is made of tens of thousands of objects without cycles, which end by their reference counts; with
    Python's default each of them is visited several times before.
    """
    gc.set_threshold(_OBJECTS_PER_COLLECTION, *gc.get_threshold()[1:])
    gc.enable()


def share_memory_of_threads() -> None:
    """Let all threads allocate from one heap, where the C library (glibc) would make one for each.

    Each of these would keep as much free memory as the largest answer takes that its thread has ever read.
    """
    import ctypes  # the other programs do not need it

    mallopt = None if sys.platform == "win32" else getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def keep_pandas_out() -> None:
    """Spare the process the import of pandas, which pyarrow begins with its first array and which takes 0.3 s of CPU.

    pyarrow asks only once whether values may be those of pandas. Conversions to pandas are still possible, and import
    it then. Nothing is done if pandas is imported already, or if pyarrow is not installed.
    """
    if "pandas" in sys.modules or find_spec("pyarrow") is None:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _NoPandas)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(_NoPandas)


class _NoPandas(MetaPathFinder):
    @classmethod
    def find_spec(cls, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(name=fullname)
