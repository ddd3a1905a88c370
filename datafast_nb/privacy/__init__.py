"""Pseudonyms in place of people, and nothing in other text that tells who they are."""

from datafast_nb.privacy.frames import TREATMENTS, Treatment, people, redacted
from datafast_nb.privacy.key import PROCESS_KEY, SHORTEST_KEY, Key, concealed
from datafast_nb.privacy.traces import BLANK

__all__ = ["BLANK", "PROCESS_KEY", "SHORTEST_KEY", "TREATMENTS", "Key", "Treatment", "concealed", "people", "redacted"]
