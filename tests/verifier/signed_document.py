"""Signed documents of a mirror, read as store-format.md section 6 says."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timezone

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MAX_NUMBER = 9007199254740991
MAX_BYTES = {"root": 512 * 1024, "timestamp": 64 * 1024, "index": 32 * 1024 * 1024}
HEX_64 = re.compile(r"[0-9a-f]{64}", re.ASCII)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


class Refused(Exception):
    """A document is not accepted."""


def require(condition, why):
    if not condition:
        raise Refused(why)


def _no_duplicates(pairs):
    found = {}
    for key, value in pairs:
        require(key not in found, f"duplicate key {key!r}")
        found[key] = value
    return found


def _no_constant(text):
    raise Refused(f"not JSON: {text}")


def parse_json(text):
    """Reads JSON strictly: no duplicate keys, no NaN."""
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from error
    return value


def text_of(raw):
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused("not UTF-8") from error


def decode_base64(text, length):
    """The bytes of a base64 text that has padding, no line breaks, and unused bits of zero."""
    require(isinstance(text, str), "base64 is not a string")
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise Refused("not base64") from error
    require(base64.b64encode(raw).decode("ascii") == text, "not the canonical base64")
    require(len(raw) == length, f"expected {length} bytes, got {len(raw)}")
    return raw


def number(table, key, least=1):
    value = table.get(key)
    require(type(value) is int and least <= value <= MAX_NUMBER, f"{key} is not a number in range")
    return value


def string(table, key, pattern):
    value = table.get(key)
    require(isinstance(value, str) and pattern.fullmatch(value), f"{key} has another form")
    return value


def time(table, key):
    text = string(table, key, TIME)
    try:
        when = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise Refused(f"{key} is not a time") from error
    require(when.year >= 1970 and text[17:19] <= "59", f"{key} is out of range")
    return int(when.timestamp())


def validity(table, days):
    issued, expires = time(table, "issued"), time(table, "expires")
    require(issued < expires <= issued + days * 86400, "it is valid for too long, or for no time")
    return issued, expires


def key_id(public):
    return hashlib.sha256(public).hexdigest()


@dataclass
class Document:
    kind: str
    payload: str
    signatures: list

    @classmethod
    def parse(cls, kind, raw):
        require(len(raw) <= MAX_BYTES[kind], f"the {kind} is too long")
        table = parse_json(text_of(raw))
        require(isinstance(table, dict), "not an object")
        require(table.get("schema") == f"loom-{kind} 1", "another schema")
        payload = table.get("payload")
        require(isinstance(payload, str), "no payload")
        require(not any("\ud800" <= letter <= "\udfff" for letter in payload), "not Unicode")
        found = table.get("signatures", [])
        require(isinstance(found, list) and len(found) <= 64, "too many signatures")
        signatures = []
        for signature in found:
            if not isinstance(signature, dict) or signature.get("scheme") != "ed25519":
                continue
            key = string(signature, "key", HEX_64)
            signatures.append((key, decode_base64(signature.get("signature"), 64)))
        return cls(kind, payload, signatures)

    def table(self):
        table = parse_json(self.payload)
        require(isinstance(table, dict), "the payload is not an object")
        return table

    def digest(self):
        return hashlib.sha256(self.payload.encode("utf-8")).hexdigest()

    def signers(self, keys, role):
        """The keys of a role that signed; refused if they are too few."""
        message = f"loom-{self.kind} 1\n{self.payload}".encode("utf-8")
        valid = set()
        for key, signature in self.signatures:
            if key not in role["keys"] or keys.get(key) is None:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(keys[key]).verify(signature, message)
            except (InvalidSignature, ValueError):
                continue
            valid.add(key)
        require(len(valid) >= role["threshold"], f"{len(valid)} of {role['threshold']} signatures")
        return valid
