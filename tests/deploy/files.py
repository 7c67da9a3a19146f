"""What the tests of deployment share: where the files are, and what may stand in them."""

from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.settings import HttpSettings, SocketSettings

ROOT = Path(__file__).parent.parent.parent

_FIELDS: dict[str, FieldInfo] = {**SocketSettings.model_fields, **HttpSettings.model_fields}
SETTINGS = {name.upper() for name in _FIELDS}
SECRETS = {name.upper() for name, field in _FIELDS.items() if SecretStr.__name__ in str(field.annotation)}

# So long the bot may take to finish what is under way: docs/failures.md.
STOPPING_SECONDS = 10
