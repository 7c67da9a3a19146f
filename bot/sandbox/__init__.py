"""A Samora and a Slack to play with: servers that speak the real protocols, keep the real limits and fail on demand.

The demo and the end-to-end tests stand on them. They know nothing of the bot.
"""
