"""Samora for Slack: look up, share and follow Samora AI phone calls in Slack.

The map: ``core`` holds the rules and knows no outside world; ``samora`` asks the calls API; ``slack`` speaks with
people; ``storage`` keeps what must not be lost; ``sandbox`` is a Samora and a Slack to play with; ``terminal`` draws
cards where there is no Slack. ``workers`` is the one loop, and ``crew`` the workers that follow calls with it, at most
as often as ``rates`` says; ``pruner`` throws away what is over. ``check`` looks at what works, for the terminal and
for the doctor in Slack. ``memory`` opens the database, ``asking`` what asks Samora, ``speaking`` what Slack is reached
by, ``app`` puts all together and ``running`` is what it does then, ``watchdog`` sees when that hangs, and ``tracing``
tells a collector what was done.
``web`` is the HTTP door and ``server`` what it hangs in, ``settings`` the only reader of the environment, ``kinds`` the
values in them and ``rules`` what they mean to the core, ``log`` sets up the logs, ``lean`` makes a start quick,
``stopping`` hears when it is to end, and ``cli`` is the command ``samora-bot``.
"""

__version__ = "0.1.0"
