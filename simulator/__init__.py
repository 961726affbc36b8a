"""The simulator: virtual time, agents, links, stragglers, failures and meters. It knows nothing of bilevel
optimization.
"""
