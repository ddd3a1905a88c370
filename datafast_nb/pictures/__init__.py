"""Pictures without a browser or a network, of charts and of the map: the process that draws them, and their formats."""
