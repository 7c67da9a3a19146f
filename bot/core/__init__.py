"""The rules of calls, look-ups and privacy. Standard library only: no Slack, no HTTP, no SQL."""
