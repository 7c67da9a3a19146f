"""The app's manifest: what Slack is told about this bot. ``manifest.yml`` in the repository is this, for Socket Mode.

Format: docs.slack.dev/reference/app-manifest.
"""

# Scope → what the bot cannot do without it.
NEEDED_SCOPES = {
    "commands": "the slash command and the shortcuts",
    "chat:write": "private answers where no response_url is at hand, and shared cards",
    "app_mentions:read": "mentions, the way to ask inside a thread",
}

_MANIFEST = """\
# How Slack shows and reaches the bot. Paste it at api.slack.com/apps → Create New App → From a manifest.
# Written by `samora-bot manifest`; for HTTP instead of Socket Mode: `samora-bot manifest --url https://bot.example.com`.
display_information:
  name: Samora
  description: Look up and share Samora AI phone calls without leaving Slack.
  long_description: >-
    Samora's voice agents phone people. Give this bot a call's id, and it shows you, and you alone, how the call went:
    status, times, duration, agent and variables. Recording and Transcript hand you a fresh link at each press, because
    links die after an hour. Share posts the card for everybody, with e-mail addresses and phone numbers masked.
  background_color: "#1f2a44"
features:
  bot_user:
    display_name: samora
    always_online: true
  slash_commands:
    - command: /samora-call
      description: Look up a Samora call
      usage_hint: "<call id> | subscribe <call id> | unsubscribe <call id> | list | help"
      should_escape: false{command_url}
  shortcuts:
    - name: Show Samora call
      type: message
      callback_id: show_call
      description: Shows you the call that this message names
    - name: Follow Samora call
      type: message
      callback_id: follow_call
      description: Follows the call that this message names in its thread
    - name: Find a Samora call
      type: global
      callback_id: find_call
      description: Asks for a call id and shows you the call
oauth_config:
  scopes:
    bot:
{scopes}
    # No optional scopes yet: each will come with the feature that needs it, and that feature will do without.
settings:
  event_subscriptions:
    bot_events:
      - app_mention{events_url}
  interactivity:
    is_enabled: true{interactivity_url}
  org_deploy_enabled: false
  socket_mode_enabled: {socket_mode}
  token_rotation_enabled: false
"""


def make_manifest(url: str | None = None) -> str:
    """The manifest as YAML: for Socket Mode, or for HTTP at the bot's public address.

    Args:
        url: such as ``https://bot.example.com``; ``/slack/events`` is added.
    """
    scopes = "\n".join(f"      - {scope:<18} # {why}" for scope, why in NEEDED_SCOPES.items())
    if url is None:
        return _MANIFEST.format(scopes=scopes, command_url="", events_url="", interactivity_url="", socket_mode="true")
    address = f"{url.rstrip('/')}/slack/events"
    return _MANIFEST.format(
        scopes=scopes,
        command_url=f"\n      url: {address}",
        events_url=f"\n    request_url: {address}",
        interactivity_url=f"\n    request_url: {address}",
        socket_mode="false",
    )
