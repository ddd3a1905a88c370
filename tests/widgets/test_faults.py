"""What goes wrong in drawing: never unseen, never more than once in the log, gone when it goes well again."""

from __future__ import annotations

import pytest

from datafast_nb.widgets.faults import Faults


def draw(faults: Faults, error: Exception | None) -> None:
    with faults.guarded("The table could not be drawn"):
        if error is not None:
            raise error


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), ValueError("x"), RuntimeError("x"), IndexError("x")])
def test_a_fault_is_logged_once_with_its_traceback_and_noted_until_it_is_gone(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    faults = Faults()
    for _ in range(3):
        draw(faults, error)
    (record,) = caplog.records
    assert record.name.startswith("datafast_nb")
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    (note,) = faults.notes
    assert note.startswith(f"The table could not be drawn ({type(error).__name__}")
    draw(faults, None)
    assert faults.notes == ()


def test_the_end_of_the_kernel_is_no_fault() -> None:
    with pytest.raises(KeyboardInterrupt), Faults().guarded("The table could not be drawn"):
        raise KeyboardInterrupt
