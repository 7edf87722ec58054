//! Examples of `loom release` and its commands.

use super::example::{CommandExamples, example};

/// The examples of `loom release` and its commands.
pub(super) const ALL: &[CommandExamples] = &[
    (
        "release",
        &[example(
            "loom release pack --version 0.2.0 --to dist",
            "Pack the build of this machine as a release",
        )],
    ),
    (
        "release pack",
        &[
            example(
                "loom release pack --version 0.2.0 --to dist",
                "Pack the program in target/dist for this machine's platform",
            ),
            example(
                "loom release pack --program builds --version 0.2.0 --platform linux-x86_64 windows-x86_64 --to dist",
                "Pack builds/linux-x86_64/… and builds/windows-x86_64/…",
            ),
        ],
    ),
    (
        "release sign",
        &[
            example(
                "loom release sign dist --minisign ~/.minisign/minisign.key",
                "Make a .minisig file for each archive and SHA256SUMS",
            ),
            example("loom release sign dist --gpg", "Make .asc files with gpg's default key"),
        ],
    ),
    (
        "release publish",
        &[
            example(
                "loom release publish dist --to github:loom-os/loom --notes NOTES.md",
                "Upload all files to a draft, then publish it",
            ),
            example(
                "loom release publish dist --to github:loom-os/loom --commit \"$(git rev-parse HEAD)\"",
                "Let GitHub make the tag",
            ),
            example(
                "loom release publish dist --to oci://registry.example/loom --runtime-layer auto",
                "Publish as an image whose tag is the version, with the C library of this system",
            ),
        ],
    ),
    (
        "release check",
        &[
            example(
                "loom release check loom-os/loom 0.2.0 --key minisign.pub",
                "Download the assets of all platforms, and verify them by this key",
            ),
            example(
                "loom release check ./mirror 0.2.0 --platform linux-x86_64",
                "Check a folder for one platform, by the keys and identities of the configuration",
            ),
        ],
    ),
];
