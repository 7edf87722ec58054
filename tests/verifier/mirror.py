"""Reads a signed mirror in a folder, as store-format.md section 6 says."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from signed_document import (
    HEX_64,
    Document,
    Refused,
    decode_base64,
    key_id,
    number,
    parse_json,
    require,
    string,
    text_of,
    validity,
)

MIRROR_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
NAME = re.compile(r"(?!.*\.$)[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[1-9]|lpt[1-9])(\..*)?", re.ASCII)
VERSION = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?",
    re.ASCII,
)
PLATFORMS = {"linux-x86_64", "linux-aarch64", "macos-x86_64", "macos-aarch64", "windows-x86_64"}
MAX_STEPS = 1024
MAX_RELEASES = 100_000


def is_name(text):
    return isinstance(text, str) and bool(NAME.fullmatch(text)) and not DEVICE.fullmatch(text)


@dataclass
class Root:
    mirror: str
    number: int
    expires: int
    authorities: list
    keys: dict
    roles: dict

    @classmethod
    def parse(cls, document):
        table = document.table()
        mirror = string(table, "mirror", MIRROR_ID)
        count = number(table, "number")
        _, expires = validity(table, 3653)
        authorities = table.get("authorities")
        require(isinstance(authorities, list) and len(authorities) <= 64, "no authorities")
        require(all(is_name(name) for name in authorities), "an authority is not a name")
        keys = cls.parse_keys(table.get("keys"))
        roles = table.get("roles")
        require(isinstance(roles, dict), "no roles")
        names = ["root", "index"] + (["timestamp"] if roles.get("timestamp") is not None else [])
        roles = {name: cls.parse_role(roles.get(name), keys) for name in names}
        return cls(mirror, count, expires, authorities, keys, roles)

    @staticmethod
    def parse_keys(table):
        require(isinstance(table, dict) and len(table) <= 64, "no keys")
        keys = {}
        for name, key in table.items():
            require(HEX_64.fullmatch(name), "a key id has another form")
            require(isinstance(key, dict) and isinstance(key.get("scheme"), str), "a key has no scheme")
            keys[name] = None
            if key["scheme"] == "ed25519":
                keys[name] = decode_base64(key.get("public"), 32)
                require(key_id(keys[name]) == name, "a key has another id than its own")
        return keys

    @staticmethod
    def parse_role(role, keys):
        require(isinstance(role, dict) and isinstance(role.get("keys"), list), "no role")
        names, threshold = role["keys"], role.get("threshold")
        require(len(names) <= 64 and all(isinstance(name, str) for name in names), "no keys in a role")
        require(len(set(names)) == len(names), "a role has a key twice")
        require(all(name in keys for name in names), "a role has an unknown key")
        require(type(threshold) is int and 1 <= threshold <= len(names), "no threshold")
        return {"keys": names, "threshold": threshold}


@dataclass
class State:
    """What a reader keeps of a mirror."""

    root: bytes
    order: tuple = (0, 0)
    payload: str = ""
    issued: int = 0


@dataclass
class Mirror:
    folder: Path
    state: State
    clock: int
    versions: list = field(default_factory=list)
    entries: list = field(default_factory=list)
    serial: int = 0
    expired: str = ""

    def read(self, path, limit=1024 * 1024):
        file = self.folder / path
        if not file.is_file():
            return None
        require(file.stat().st_size <= limit, f"{path} is too long")
        return file.read_bytes()

    def document(self, kind, path):
        raw = self.read(path, 32 * 1024 * 1024)
        require(raw is not None, f"there is no {path}")
        return Document.parse(kind, raw)

    def first_root(self):
        document = Document.parse("root", self.state.root)
        root = Root.parse(document)
        document.signers(root.keys, root.roles["root"])
        return root

    def follow(self):
        root = self.first_root()
        for step in range(MAX_STEPS + 1):
            path = f"root/{root.number + 1}.json"
            raw = self.read(path)
            if raw is None:
                return root
            require(step < MAX_STEPS, "the chain of roots does not end")
            document = Document.parse("root", raw)
            document.signers(root.keys, root.roles["root"])
            following = Root.parse(document)
            document.signers(following.keys, following.roles["root"])
            require(following.mirror == root.mirror, "a root of another mirror")
            require(following.number == root.number + 1, "a root of another number")
            signs = ["index", "timestamp"]
            if [root.roles.get(name) for name in signs] != [following.roles.get(name) for name in signs]:
                self.state.issued = 0
            self.state.root = raw
            root = following
        raise AssertionError("unreachable")

    def check_root(self, root, table):
        require(table.get("mirror") == root.mirror, "a document of another mirror")
        require(number(table, "root") == root.number, "a document of another root")

    def check_seen(self, order, payload):
        require(order >= self.state.order, f"expected {self.state.order} or later, got {order}")
        same = order == self.state.order
        require(not same or payload == self.state.payload, "two indexes have one serial")

    def timestamp(self, root):
        document = self.document("timestamp", "releases/timestamp.json")
        document.signers(root.keys, root.roles["timestamp"])
        table = document.table()
        self.check_root(root, table)
        issued, expires = validity(table, 366)
        digest = string(table, "index", HEX_64)
        self.check_seen((root.number, number(table, "serial")), digest)
        return {"serial": table["serial"], "index": digest, "issued": issued, "expires": expires}

    def verify(self):
        """Steps 1 to 5 of section 6."""
        root = self.follow()
        stamp = self.timestamp(root) if "timestamp" in root.roles else None
        document = self.document("index", "releases/index.json")
        document.signers(root.keys, root.roles["index"])
        table = document.table()
        self.check_root(root, table)
        self.serial = number(table, "serial")
        order, digest = (root.number, self.serial), document.digest()
        self.check_seen(order, digest)
        issued, expires = validity(table, 366)
        if stamp is not None:
            named = (stamp["serial"], stamp["index"])
            require(named == (self.serial, digest), "another index than the timestamp names")
        self.read_releases(root, table)
        limits = {"root": root.expires, "index": expires}
        highest = max(self.state.issued, issued)
        if stamp is not None:
            limits["timestamp"] = stamp["expires"]
            highest = max(highest, stamp["issued"])
        now = max(self.clock, highest)
        self.expired = ", ".join(sorted(name for name, limit in limits.items() if limit <= now))
        self.state.order, self.state.payload, self.state.issued = order, digest, highest
        return root

    def read_releases(self, root, table):
        releases = table.get("releases")
        require(isinstance(releases, list) and len(releases) <= MAX_RELEASES, "no releases")
        known = set()
        for entry in releases:
            if not self.is_entry(entry) or entry["authority"] not in root.authorities:
                continue
            release = tuple(entry[key] for key in ("authority", "binary", "version", "platform"))
            require(release not in known, "a release is listed twice")
            known.add(release)
            self.entries.append(entry)
            if not entry.get("yanked", False):
                self.versions.append(entry["version"])

    @staticmethod
    def is_entry(entry):
        """Whether the fields of an entry are understood; another entry is left out."""
        if not isinstance(entry, dict):
            return False
        version, statement = entry.get("version"), entry.get("statement")
        return (
            is_name(entry.get("authority"))
            and is_name(entry.get("binary"))
            and isinstance(version, str)
            and len(version) <= 64
            and bool(VERSION.fullmatch(version))
            and entry.get("platform") in PLATFORMS
            and isinstance(statement, str)
            and bool(HEX_64.fullmatch(statement))
            and isinstance(entry.get("yanked", False), bool)
        )

    def object(self, digest):
        path = f"objects/sha256/{digest[:2]}/{digest}"
        raw = self.read(path, 1 << 40)
        require(raw is not None, f"there is no {path}")
        require(hashlib.sha256(raw).hexdigest() == digest, f"{path} has other bytes")
        return raw

    def release(self, version, platform):
        """The tree of a release, after its record, its statement and its archives were verified."""
        entries = [e for e in self.entries if (e["version"], e["platform"]) == (version, platform)]
        require(entries, f"the mirror has no {version}")
        entry = entries[0]
        path = "releases/{authority}/{binary}/{version}/{platform}.json".format(**entry)
        raw = self.read(path)
        require(raw is not None, f"there is no {path}")
        record = parse_json(text_of(raw))
        require(record.get("schema") == "loom-record 1", "not a record")
        require(record.get("statement") == entry["statement"], "a record with another statement")
        statement = parse_json(text_of(self.object(entry["statement"])))
        require(statement.get("schema") == "loom-statement 1", "not a statement")
        require(not statement.get("critical"), "a critical entry that is unknown")
        for key in ("authority", "binary", "version", "platform"):
            require(statement.get(key) == entry[key], "a statement of another release")
        known = {archive["digest"] for archive in statement.get("archives", [])}
        for carrier in record.get("carriers", []):
            if carrier.get("form") == "archive" and carrier.get("digest") in known:
                self.object(carrier["digest"])
        return statement["tree"]


def given(raw, sha256):
    """The state of a reader that was given its first root."""
    require(hashlib.sha256(raw).hexdigest() == sha256, "the first root has another digest")
    return State(root=raw)


__all__ = ["Mirror", "Refused", "State", "given"]
