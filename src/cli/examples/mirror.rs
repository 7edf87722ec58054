//! Examples of `loom mirror` and its commands.

use super::example::{CommandExamples, example};

/// The examples of `loom mirror` and its commands.
pub(super) const ALL: &[CommandExamples] = &[
    (
        "mirror",
        &[
            example("loom mirror sync --from github:loom-os/loom --to /srv/loom", "Fill a folder"),
            example("loom mirror verify /srv/loom", "Check every byte of it"),
        ],
    ),
    (
        "mirror init",
        &[example(
            "loom mirror init --to s3://releases/loom --keys ./keys --authority loom-os",
            "Make keys and the first root",
        )],
    ),
    (
        "mirror sync",
        &[
            example(
                "loom mirror sync --from github:loom-os/loom --to /srv/loom --key keys/index.pem",
                "Copy what the folder does not have",
            ),
            example(
                "loom mirror sync --from corp --to /media/usb/loom --version '>=0.2' --platform linux-x86_64 --keep 3",
                "Copy the newest three versions for one platform",
            ),
        ],
    ),
    (
        "mirror push",
        &[example(
            "loom mirror push --to s3://releases/loom loom-bridge-server 0.2.0 --key keys/index.pem",
            "Put an installed version into a mirror",
        )],
    ),
    (
        "mirror index",
        &[
            example("loom mirror index /srv/loom", "Write an index for the releases in a folder"),
            example(
                "loom mirror index /srv/loom --refresh --key keys/timestamp.pem",
                "Keep the index valid",
            ),
        ],
    ),
    (
        "mirror diff",
        &[example(
            "loom mirror diff /media/usb/loom s3://releases/loom",
            "Print what only one of them has, and what differs",
        )],
    ),
    (
        "mirror verify",
        &[example(
            "loom mirror verify https://mirror.example/loom",
            "Check every byte of a mirror",
        )],
    ),
    (
        "mirror yank",
        &[example(
            "loom mirror yank /srv/loom 0.2.0 --key keys/index.pem",
            "Never select 0.2.0 any more",
        )],
    ),
    (
        "mirror gc",
        &[
            example("loom mirror gc /srv/loom --dry-run", "Print what would be removed"),
            example(
                "loom mirror gc oci://registry.example/loom",
                "Remove the versions that its index has not named for 7 days",
            ),
            example(
                "loom mirror gc oci-layout:/srv/images",
                "The same of an image layout, with the blobs that no tag needs",
            ),
        ],
    ),
    (
        "mirror root",
        &[example("loom mirror root new /srv/loom --to root.json", "Begin the next root")],
    ),
    (
        "mirror root new",
        &[example(
            "loom mirror root new /srv/loom --to root.json --add index=new.pem --remove index=1f3a",
            "Replace the key of the index",
        )],
    ),
    (
        "mirror root sign",
        &[example("loom mirror root sign root.json --key keys/root.pem", "Sign the draft")],
    ),
    (
        "mirror root publish",
        &[example("loom mirror root publish root.json --to /srv/loom", "Publish the signed root")],
    ),
    (
        "mirror bundle",
        &[
            example(
                "loom mirror bundle --to loom-0.2.0.loombundle --version 0.2.0 --key bundle.key",
                "Write an installed release into one signed file",
            ),
            example(
                "loom mirror bundle --to site.loombundle --from /srv/loom --lock loom.lock --with-loom",
                "Write what a project has locked, and this program",
            ),
        ],
    ),
    (
        "mirror import",
        &[
            example("loom mirror import site.loombundle", "Install the releases for this machine"),
            example("loom mirror import site.loombundle --to /srv/loom", "Put them into a mirror"),
        ],
    ),
    (
        "mirror serve",
        &[
            example("loom mirror serve /srv/loom", "Serve a mirror to this machine"),
            example(
                "loom mirror serve /srv/loom --listen 0.0.0.0:8180 --remote",
                "Serve it to the network",
            ),
            example(
                "loom mirror serve cache --pull-through https://mirror.example/loom",
                "Fetch what is missing from another mirror, and keep it",
            ),
        ],
    ),
];
