"""What the live map, the explorer and the charts share in the browser: the bundles, and how they are sent."""
