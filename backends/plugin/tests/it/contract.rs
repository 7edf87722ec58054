//! The example plugin passes the contract.

#[allow(dead_code, unreachable_pub)]
#[path = "../../../mirror/tests/it/support/shelf.rs"]
mod shelf;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use loom_plugin::{Plugin, PluginOptions, Program};
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedRelease, RunningFixture, SourceFixture},
};
use serde_json::json;
use tempfile::TempDir;

const SECRET: &str = "s3cret-t0ken";

struct Example;

struct Standing {
    root: TempDir,
    plugin: Plugin,
}

#[async_trait]
impl SourceFixture for Example {
    fn name(&self) -> String {
        "the example plugin".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { releases: true, dev: false, list: true, resume: true, claims: true }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let root = TempDir::new()?;
        shelf::write(root.path(), shelf::Layout::Versioned, releases)?;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/loom-source-folder");
        let plugin = Plugin::open(PluginOptions {
            name: "folder".to_owned(),
            program: Program::At(program),
            options: json!({"folder": root.path(), "token": SECRET}),
            environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
            timeout: Duration::from_secs(20),
            total_timeout: None,
            offline: false,
        });
        Ok(Box::new(Standing { root, plugin }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }
}

#[async_trait]
impl RunningFixture for Standing {
    fn source(&self) -> &dyn Source {
        &self.plugin
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        Ok(shelf::write(self.root.path(), shelf::Layout::Versioned, releases)?)
    }
}

#[tokio::test]
async fn the_example_keeps_the_contract() {
    contract::run(&Example).await.assert();
}

#[test]
fn the_documentation_shows_the_example_as_it_is() {
    let text = include_str!("../../../README.md");
    assert!(text.contains(include_str!("../../examples/loom-source-folder")));
}
