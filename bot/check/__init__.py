"""The check: what works between this bot, Slack, Samora and the database; where it doesn't, why, and what to do.

``samora-bot check`` and the doctor in Slack make the same checks, each with those that only it can make.
"""
