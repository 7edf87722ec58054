//! The example plugin passes the contract suite.

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use loom_plugin::{Plugin, PluginOptions, PluginProgram};
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedRelease, RunningFixture, SourceFixture},
};
use loom_test_support::release_folder::{self, ReleaseLayout};
use serde_json::json;
use tempfile::TempDir;

const SECRET: &str = "s3cret-t0ken";

/// The example plugin, which serves a folder.
struct ExampleFixture;

struct RunningExample {
    root: TempDir,
    plugin: Plugin,
}

#[async_trait]
impl SourceFixture for ExampleFixture {
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
        release_folder::write(root.path(), ReleaseLayout::Versioned, releases)?;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/loom-source-folder");
        let plugin = Plugin::open(PluginOptions {
            name: "folder".to_owned(),
            program: PluginProgram::Found(program),
            options: json!({"folder": root.path(), "token": SECRET}),
            environment: vec![("PATH".into(), std::env::var_os("PATH").unwrap())],
            timeout: Duration::from_secs(20),
            total_timeout: None,
            offline: false,
        });
        Ok(Box::new(RunningExample { root, plugin }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned()]
    }
}

#[async_trait]
impl RunningFixture for RunningExample {
    fn source(&self) -> &dyn Source {
        &self.plugin
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        Ok(release_folder::write(self.root.path(), ReleaseLayout::Versioned, releases)?)
    }
}

#[tokio::test]
async fn the_example_passes_the_contract_suite() {
    contract::run(&ExampleFixture).await.assert();
}

#[test]
fn the_documentation_contains_the_example() {
    let text = include_str!("../../../../docs/src/plugins.md");
    assert!(text.contains(include_str!("../../examples/loom-source-folder")));
}
