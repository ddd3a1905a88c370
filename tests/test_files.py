"""What the package writes is there whole, or what was there before is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from datafast_nb import files
from datafast_nb.files import write_whole

SAVES = (
    "dfn.charts.save(dfn.charts.scores(snap), file)",
    "live.save_html(file)",
    "live.save_image(file.with_suffix('.svg'))",
)
CODE = """
import resource, sys, time
from pathlib import Path
import datafast_nb as dfn
file, bytes_a_file = Path(sys.argv[1]), int(sys.argv[2])
site = dfn.demo.Site(seed=0)
snap = site.snapshot()
live = dfn.LiveMap(site)
live.open()
while live.snapshot is None:
    time.sleep(0.01)
resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_a_file, bytes_a_file))
for save in sys.argv[3:]:
    try:
        exec(save)
    except OSError as error:
        print("refused")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no file's size")
def test_a_full_disk_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    file = tmp_path / "saved.html"
    file.write_text("as it was")
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(file), "2000", *SAVES],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "refused\n" * len(SAVES)
    assert file.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_a_file_keeps_its_permissions_and_a_new_one_gets_those_of_the_system(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("old")
    kept.chmod(0o640)
    plain = tmp_path / "plain"
    plain.write_text("")
    for file in (kept, tmp_path / "new"):
        write_whole(file, b"new")
    assert kept.read_bytes() == b"new"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert (tmp_path / "new").stat().st_mode == plain.stat().st_mode


@pytest.mark.skipif(sys.platform == "win32", reason="Windows makes no links for everybody")
def test_a_link_stays_one(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("old")
    link = tmp_path / "link"
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        write_whole(pipe, b"through")
        assert reader.communicate()[0] == b"through"


@pytest.mark.parametrize(("refusals", "written"), [(3, True), (10_000, False)])
def test_a_file_that_another_program_reads_is_replaced_once_it_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusals: int, written: bool
) -> None:
    file = tmp_path / "saved.html"
    file.write_text("as it was")
    replace, asked = Path.replace, []

    def replace_if_free(new: Path, target: Path) -> Path:
        asked.append(new)
        if len(asked) <= refusals:
            raise PermissionError("the file is used by another process")
        return replace(new, target)

    monkeypatch.setattr(Path, "replace", replace_if_free)
    monkeypatch.setattr(files, "_SHARING", True)  # as on Windows
    monkeypatch.setattr(files, "_PAUSE", 0)
    if written:
        write_whole(file, b"new")
    else:
        with pytest.raises(PermissionError):
            write_whole(file, b"new")
    assert file.read_text() == ("new" if written else "as it was")
    assert list(tmp_path.iterdir()) == [file]
