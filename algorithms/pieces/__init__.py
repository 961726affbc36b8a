"""Mathematics and protocol shared by several algorithms, one idea a module."""
