//! Samples of the errors of deployments.

use std::io;

use loom_runtime::deploy::DeployError;
use loom_source::Platform;

use super::samples;

variants!(DeployError {
    NoImage,
    NotPinned,
    StdioServers,
    Variable,
    Secret,
    TwoValues,
    OwnVariable,
    NotLocked,
    NoTree,
    Program,
    NotRendered,
    Record,
    Foreign,
    Io,
});

pub(super) fn errors() -> Vec<DeployError> {
    let key = || "llm.local.extra.token".to_owned();
    let io = |source: io::Error| DeployError::Io {
        action: "write",
        path: "/p/deploy/compose.yaml".into(),
        source,
    };
    vec![
        DeployError::NoImage,
        DeployError::NotPinned { image: "loom:0.2.0".to_owned() },
        DeployError::StdioServers { tables: vec!["[mcp.a]".to_owned(), "[mcp.b]".to_owned()] },
        DeployError::Variable { key: key() },
        DeployError::Secret { key: key() },
        DeployError::TwoValues {
            variable: "TOKEN".to_owned(),
            servers: ["a".to_owned(), "b".to_owned()],
        },
        DeployError::OwnVariable { server: "a".to_owned(), variable: "PATH".to_owned() },
        DeployError::NotLocked,
        DeployError::NoTree { platform: Platform::LinuxAarch64 },
        DeployError::Program { program: "bin/loom server".to_owned() },
        DeployError::NotRendered { folder: "deploy".into() },
        DeployError::Record {
            file: "/p/deploy/loom-deploy.toml".into(),
            reason: "missing field `schema`".to_owned(),
        },
        DeployError::Foreign { file: "/p/deploy/compose.yaml".into() },
        io(samples::io_error()),
        io(io::ErrorKind::StorageFull.into()),
    ]
}
