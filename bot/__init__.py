"""Samora for Slack: look up, share and follow Samora AI phone calls in Slack.

The map: ``core`` holds the rules and knows no outside world; ``samora`` asks the calls API; ``slack`` speaks with
people; ``sandbox`` is a Samora and a Slack to play with; ``terminal`` draws cards where there is no Slack. ``app``
puts them together, ``web`` is the HTTP door, ``settings`` the only reader of the environment, ``log`` sets up the
logs, and ``cli`` is the command ``samora-bot``.
"""

__version__ = "0.1.0"
