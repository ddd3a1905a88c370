"""What the live map, the explorer and the charts share in a browser: the front end's bundles and how they are sent."""
