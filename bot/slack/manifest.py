"""The app's manifest: what Slack is told about this bot. ``manifest.yml`` in the repository is this, for Socket Mode.

Format: docs.slack.dev/reference/app-manifest.
"""

# Scope → what the bot cannot do without it.
NEEDED_SCOPES = {
    "commands": "the slash command and the shortcuts",
    "chat:write": "private answers where no response_url is at hand, and shared cards",
    "app_mentions:read": "mentions, the way to ask inside a thread",
}

# Scope → what the bot does better with it, and does without where a workspace withholds it.
OPTIONAL_SCOPES = {
    "channels:read": "shows variables in public channels, as it knows which are shared with others, and resumes there",
    "groups:read": "does as with channels:read, in private channels",
    "channels:history": "when Slack's answer got lost, looks whether a notice was posted before it posts it again",
    "groups:history": "does as with channels:history, in private channels; without, a notice may come twice then",
    "users:read": "tells guests from members: those get no recordings, no transcripts and no unmasked variables",
    "usergroups:read": "knows who is in the user groups that ALLOWED_USERS and MEDIA_USERS name",
}

# Event → the scope without which it does not come, if there is one.
EVENTS = {
    "app_mention": "app_mentions:read",
    "app_home_opened": "",
    "channel_unarchive": "channels:read",
    "group_unarchive": "groups:read",
    "member_joined_channel": "channels:read or groups:read",
    "channel_id_changed": "",
    "channel_shared": "channels:read or groups:read",
    "channel_unshared": "channels:read or groups:read",
    "app_uninstalled": "",
    "tokens_revoked": "",
}

_MANIFEST = """\
# How Slack shows and reaches the bot. Paste it at api.slack.com/apps → Create New App → From a manifest.
# Written by `samora-bot manifest`; for HTTP instead of Socket Mode: `samora-bot manifest --url https://bot.example.com`.
display_information:
  name: Samora
  description: Look up, share and follow Samora AI phone calls without leaving Slack.
  long_description: >-
    Samora's voice agents phone people. Give this bot a call's id, and it shows you, and you alone, how the call went:
    status, times, duration, agent and variables. Recording and Transcript hand you a fresh link at each press, because
    links die after an hour. Share posts the card for everybody, with e-mail addresses and phone numbers masked. Follow
    keeps that card up to date and tells its thread of each change.
  background_color: "#1f2a44"
features:
  # Without a messages tab, Slack refuses the direct message that says why a subscription is paused.
  app_home:
    home_tab_enabled: true
    messages_tab_enabled: true
    messages_tab_read_only_enabled: true
  bot_user:
    display_name: samora
    always_online: true
  slash_commands:
    - command: /samora-call
      description: Look up or follow a Samora call
      usage_hint: >-
        <call id> | subscribe <call id> [on:finished to:card] | subscribe agent <agent id> [status:rejected] |
        unsubscribe <call id>, agent <agent id> or all | name <agent id> Collections | list | doctor | help
      should_escape: true{command_url}
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
    # Slack wants these above too; a workspace may withhold them, and the bot does without.
    bot_optional:
{optional_scopes}
settings:
  event_subscriptions:
    bot_events:
{events}{events_url}
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
    optional = [_commented(scope, "optional, see below") for scope in OPTIONAL_SCOPES]
    parts = {
        "scopes": "\n".join([_commented(*each) for each in NEEDED_SCOPES.items()] + optional),
        "optional_scopes": "\n".join(_commented(*each) for each in OPTIONAL_SCOPES.items()),
        "events": "\n".join(_commented(event, f"with {scope}" if scope else "") for event, scope in EVENTS.items()),
    }
    if url is None:
        return _MANIFEST.format(**parts, command_url="", events_url="", interactivity_url="", socket_mode="true")
    address = f"{url.rstrip('/')}/slack/events"
    return _MANIFEST.format(
        **parts,
        command_url=f"\n      url: {address}",
        events_url=f"\n    request_url: {address}",
        interactivity_url=f"\n    request_url: {address}",
        socket_mode="false",
    )


def _commented(item: str, comment: str) -> str:
    return f"      - {item:<21} # {comment}" if comment else f"      - {item}"
