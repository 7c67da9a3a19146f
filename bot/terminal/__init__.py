"""The terminal: cards and findings drawn with Rich where there is a terminal, plain where there is a pipe."""
