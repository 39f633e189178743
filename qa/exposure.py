"""What must not be open to a network by oversight."""

from __future__ import annotations

from qa.addresses import is_loopback
from qa.errors import SettingsError
from qa.settings import Settings


def check_exposure(settings: Settings) -> None:
    """Refuse settings that let others administer who were perhaps not meant to.

    Raises:
        SettingsError: administration is on at an address that others reach and nothing asks for a key, or a key is
            the administrator's token.
    """
    token = settings.admin_token.get_secret_value()
    if not token:
        return
    if settings.api_keys.find(token.encode()) is not None:
        raise SettingsError(
            "QA_API_KEYS holds the value of QA_ADMIN_TOKEN, so that who may ask may change; use another"
        )
    if settings.api_keys or settings.public_admin or is_loopback(settings.host):
        return
    raise SettingsError(
        f"QA_ADMIN_TOKEN is set and others can reach QA_HOST={settings.host}, where nothing asks for a key: "
        "set QA_API_KEYS, or serve on 127.0.0.1, or set QA_PUBLIC_ADMIN=yes if this is meant"
    )
