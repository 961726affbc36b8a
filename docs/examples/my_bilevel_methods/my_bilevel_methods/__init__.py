"""A package that brings bilevelsim one of each: an algorithm, a problem, a family of graphs and a compressor."""
