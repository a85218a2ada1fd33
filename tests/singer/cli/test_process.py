"""Settings of a whole process."""

import gc
import subprocess
import sys

import pytest

PREFACE = "import sys, pyarrow as pa\nfrom talon_one_singer.cli.process import keep_pandas_out\n"


def output(code):
    """What a new process prints that runs the code."""
    return subprocess.run([sys.executable, "-c", PREFACE + code], capture_output=True, text=True, check=True).stdout


def test_arrow_does_without_pandas():
    """After the call, arrays are made without an import of pandas."""
    assert "False\n" == output("keep_pandas_out(); pa.array([{'a': 1}]); print('pandas' in sys.modules)")


def test_conversions_to_pandas_still_work():
    """After the call, a table can become a DataFrame."""
    assert "[1]\n" == output("keep_pandas_out(); print(list(pa.table({'a': [1]}).to_pandas()['a']))")


def test_pandas_that_is_there_already_is_left_alone():
    """A process that has imported pandas has its missing values made null by Arrow, as before."""
    code = "import pandas as pd; keep_pandas_out(); print(pa.array(pd.Series([1.0, None])).null_count)"
    assert "1\n" == output(code)


def test_importing_pandas_afterwards_works():
    """After the call, the process can import pandas."""
    assert "True\n" == output("keep_pandas_out(); import pandas; print(hasattr(pandas, 'DataFrame'))")


@pytest.mark.parametrize("module", ["talon_one_cli", "tap_talon_one", "target_talon_one"])
def test_every_program_collects_garbage_rarely(module):
    """Every program collects its youngest objects after 100,000 of them, and the older ones as Python does."""
    code = (
        "import gc, runpy, atexit\natexit.register(lambda: print(gc.get_threshold()))\nsys.argv = ['x', '--version']\n"
    )
    *_, found = output(f"{code}runpy.run_module({module!r}, run_name='__main__')").splitlines()
    assert str((100_000, *gc.get_threshold()[1:])) == found


@pytest.mark.parametrize(("module", "frozen"), [("talon_one_cli", 0), ("tap_talon_one", 1), ("target_talon_one", 0)])
def test_garbage_is_collected_during_the_run_and_not_at_the_end_of_the_tap(module, frozen):
    """All programs collect garbage once their modules are imported; the tap exempts all objects at its end."""
    code = (
        "import gc, runpy, atexit\n"
        "atexit.register(lambda: print(gc.isenabled(), int(gc.get_freeze_count() > 10_000)))\n"
        "sys.argv = ['x', '--version']\n"
    )
    *_, found = output(f"{code}runpy.run_module({module!r}, run_name='__main__')").splitlines()
    assert f"True {frozen}" == found


def test_a_process_without_pyarrow_goes_on():
    """The call does nothing if pyarrow is not installed, so that a command can name the extra that is missing."""
    code = "sys.modules.pop('pyarrow'); sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
    assert "False\n" == output(code + "keep_pandas_out(); print('pyarrow' in sys.modules)")
