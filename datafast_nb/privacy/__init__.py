"""Replaces people with pseudonyms, and blanks out what identifies them in other text."""

from datafast_nb.privacy.frames import TREATMENTS, Treatment, people, redacted
from datafast_nb.privacy.key import PROCESS_KEY, SHORTEST_KEY, Key, concealed
from datafast_nb.privacy.traces import BLANK

__all__ = ["BLANK", "PROCESS_KEY", "SHORTEST_KEY", "TREATMENTS", "Key", "Treatment", "concealed", "people", "redacted"]
