"""Login codes, made as `loom` makes them."""

import hashlib
import hmac
import os


def login_code(key, now):
    """Returns a code that was made at `now` with the key from the ready file."""
    message = f"{int(now):08x}{os.urandom(8).hex()}"
    return message + hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()[:32]
