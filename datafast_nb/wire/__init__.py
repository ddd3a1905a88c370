"""The response of the realtime map: bytes in, frames out.

The whole body is decoded at once into typed structs. Only if that fails is it decoded again field by field, each
field for all records at once, so that one bad value costs only that value.
"""

from datafast_nb.wire.decoding import MOST_RECORDS, Tables, decode
from datafast_nb.wire.fault import Fault, one_line, read_fault
from datafast_nb.wire.problems import MOST_PROBLEMS

__all__ = ["MOST_PROBLEMS", "MOST_RECORDS", "Fault", "Tables", "decode", "one_line", "read_fault"]
