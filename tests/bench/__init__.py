"""Benchmarks: what the package costs against what one would write by hand, as ratios of the same run.

Run them with ``python -m tests.bench``.
"""
