"""Service Value: what a customer service is worth, to whom, and whether the figure can be trusted."""

__version__ = "0.1.0"
