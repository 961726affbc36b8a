"""What goes wrong with a topology: one class, one sentence."""


class TopologyError(ValueError):
    """A graph or its mixing weights break a rule; the message is one sentence with the name, the value and the rule."""
