"""One name for each well-known site: a link may say ``google``, and the referrer ``www.google.de``."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import narwhals.stable.v2 as nw
import polars as pl

from datafast_nb.conversion.frames import without

if TYPE_CHECKING:
    from collections.abc import Mapping

# Only what is certainly the same site, as a campaign may have any name.
_SITES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "google": (),
        "bing": ("bing.com",),
        "duckduckgo": ("duckduckgo.com",),
        "yahoo": ("yahoo.com", "search.yahoo.com"),
        "facebook": ("facebook.com", "m.facebook.com", "l.facebook.com", "lm.facebook.com", "fb"),
        "instagram": ("instagram.com", "l.instagram.com", "ig"),
        "linkedin": ("linkedin.com", "lnkd.in"),
        "x": ("x.com", "twitter", "twitter.com", "mobile.twitter.com", "t.co"),
        "reddit": ("reddit.com", "old.reddit.com", "out.reddit.com"),
        "youtube": ("youtube.com", "m.youtube.com", "youtu.be"),
        "tiktok": ("tiktok.com",),
        "pinterest": ("pinterest.com",),
        "github": ("github.com",),
        "hackernews": ("news.ycombinator.com", "hn"),
        "producthunt": ("producthunt.com",),
        "chatgpt": ("chatgpt.com", "chat.openai.com"),
        "perplexity": ("perplexity.ai",),
    }
)
_CALLED: Final = {other: name for name, others in _SITES.items() for other in (name, *others)}
_GOOGLE: Final = r"^google\.(com?\.)?(com|[a-z]{2})$"  # google.com, google.de, google.co.uk


def known_site(channel: nw.Expr) -> nw.Expr:
    """Return a channel with one name for each well-known site, however it is written; others stay unchanged."""
    spelled = without(channel.str.to_lowercase(), [r"^www\."]).str.replace_all(_GOOGLE, "google")
    return nw.coalesce(spelled.replace_strict(_CALLED, default=None, return_dtype=nw.String), channel)


def channel_called(name: str) -> str:
    """Return the channel that a person means by a name.

    Examples
    --------
    >>> channel_called("google.com"), channel_called("newsletter")
    ('google', 'newsletter')
    """
    frame = nw.from_native(pl.DataFrame({"name": [name]}))
    return str(frame.select(known_site(nw.col("name")).alias("name"))["name"].item())
