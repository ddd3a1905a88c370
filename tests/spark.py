"""A Spark on this machine; where it finds no Java, which command installs one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

PACKAGE = "openjdk-17-jre-headless"
MISSING = f"""PySpark needs Java 17 or later, and none was found. Install one, on Debian and Ubuntu as root with
    {sys.executable} -m tests.setup
or name the folder of one in the environment variable JAVA_HOME."""
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # The plan of a funnel takes 350 MB while it is optimized: 512 MB made a test fail now and then.
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=96m",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
    # Of a few rows, it takes longer to compile the code of a plan, and to plan it again half-way, than to run it.
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@contextmanager
def local(threads: int | str = 1, settings: Mapping[str, str] = SETTINGS) -> Iterator[Any]:
    """Return a Spark session in so many threads of this machine; ``*`` for one per core."""
    if not has_java():
        pytest.fail(MISSING, pytrace=False)
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{threads}]").appName("datafast_nb")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def collected(frame: Any) -> pl.DataFrame:
    """Return the rows of a Spark frame."""
    table = pl.from_arrow(frame.toArrow())
    assert isinstance(table, pl.DataFrame)
    return table


def has_java() -> bool:
    """Say whether the Java that PySpark would take is there and runs."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    try:
        return bool(java) and subprocess.run([java, "-version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
