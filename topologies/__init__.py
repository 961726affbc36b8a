"""Who is linked to whom, and how they mix: graphs, mixing weights, spectra. Pure mathematics: no clock, no network."""
