//! Examples of `loom deploy` and its commands.

use super::example::{CommandExamples, example};

/// The examples of `loom deploy` and its commands.
pub(super) const ALL: &[CommandExamples] = &[
    (
        "deploy",
        &[
            example(
                "loom deploy render --target compose --to deploy",
                "Write a compose file for the image of deploy.image",
            ),
            example("loom deploy diff deploy", "Show what another render would change"),
        ],
    ),
    (
        "deploy render",
        &[
            example(
                "loom deploy render --target kubernetes --to deploy --image registry.example/loom@sha256:0000000000000000000000000000000000000000000000000000000000000000",
                "Write manifests and a kustomization",
            ),
            example(
                "loom deploy render --target systemd --to deploy",
                "Write a unit that starts the locked release in the store /opt/loom",
            ),
            example("loom deploy render --to deploy", "Render again after a change of loom.toml"),
        ],
    ),
    (
        "deploy diff",
        &[example("loom deploy diff deploy", "Exit 1 if the folder is not up to date")],
    ),
];
