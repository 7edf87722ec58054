"""Verifies a signed mirror in a folder, with no code of Loom: written from store-format.md.

The reader's state is a JSON file, which begins with the first root and its digest (--root, --sha256). Prints one JSON
document; exits 0 if the mirror is accepted, 6 if it is refused.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from mirror import Mirror, Refused, State, given


def load(args):
    if args.state.exists():
        kept = json.loads(args.state.read_text())
        kept["root"] = kept["root"].encode()
        kept["order"] = tuple(kept["order"])
        return State(**kept)
    return given(args.root.read_bytes(), args.sha256)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--root", type=Path)
    parser.add_argument("--sha256")
    parser.add_argument("--now", type=int, default=int(time.time()))
    parser.add_argument("--release", help="VERSION of a release whose files are verified, too")
    parser.add_argument("--platform", default="linux-x86_64")
    args = parser.parse_args()
    answer = {"accepted": False}
    mirror = None
    try:
        mirror = Mirror(args.folder, load(args), args.now)
        root = mirror.verify()
        answer |= {"root": root.number, "serial": mirror.serial, "expired": mirror.expired}
        answer["versions"] = sorted(mirror.versions)
        if args.release:
            answer["tree"] = mirror.release(args.release, args.platform)
        answer["accepted"] = True
    except Refused as refusal:
        answer["why"] = str(refusal)
    if mirror is not None:
        state = vars(mirror.state) | {"root": mirror.state.root.decode()}
        args.state.write_text(json.dumps(state))
    print(json.dumps(answer))
    return 0 if answer["accepted"] else 6


if __name__ == "__main__":
    sys.exit(main())
