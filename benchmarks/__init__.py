"""Speed as ratios: the simulator against plain loops and bare floors, measured side by side in one process."""
