"""Whether a session still stands: what a page's socket asks from time to time, and what signing out announces."""

import hashlib

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import constant_time_compare

from engine import bus

SESSION_TOPIC = "session."  # + a session's digest: that session ended


def session_digest(session_key: str) -> str:
    """What names a session on the layer without giving it away."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]


def session_ended(session_key: str | None) -> None:
    """Tell every process to close the sockets of that session."""
    if session_key:
        bus.announce([SESSION_TOPIC + session_digest(session_key)])


def session_stands(session_key: str | None) -> AbstractUser | None:
    """The user of a session, read anew; None when it ended, ran out, or its password has changed since."""
    if not session_key:
        return None
    data = SessionStore(session_key).load()
    if BACKEND_SESSION_KEY not in data:
        return None
    user = get_user_model().objects.filter(pk=data[SESSION_KEY], is_active=True).first()
    if user and constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return user
    return None
