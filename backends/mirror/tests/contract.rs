//! Every kind of mirror passes the contract.

#![allow(clippy::expect_used, clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use async_trait::async_trait;
use loom_mirror::{Mirror, Options};
use loom_source::{
    Capabilities, Source,
    contract::{self, Published, Stand, Subject, Wrong},
};
use support::{
    s3,
    server::{Rules, Server},
    shelf::{self, Layout},
};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    File,
    Http,
    S3,
}

struct Kind(Way, Layout);

struct Standing {
    _root: TempDir,
    folder: PathBuf,
    layout: Layout,
    mirror: Mirror,
    _server: Option<Box<dyn Send + Sync>>,
}

const SECRET: &str = "s3cret-w0rd";

#[async_trait]
impl Subject for Kind {
    fn name(&self) -> String {
        format!("mirror {:?} {:?}", self.0, self.1)
    }

    fn capabilities(&self) -> Capabilities {
        let list = self.0 != Way::Http || self.1 == Layout::Indexed;
        Capabilities { releases: true, dev: false, list, resume: true, claims: true }
    }

    async fn stand(&self, releases: &[Published]) -> Result<Box<dyn Stand>, Wrong> {
        let root = TempDir::new()?;
        let folder = match self.0 {
            Way::S3 => root.path().join("bucket/some/prefix"),
            _ => root.path().into(),
        };
        std::fs::create_dir_all(&folder)?;
        shelf::write(&folder, self.1, releases)?;
        let mut options = Options::default();
        let (location, server): (_, Option<Box<dyn Send + Sync>>) = match self.0 {
            Way::File => (url::Url::from_file_path(root.path()).unwrap().to_string(), None),
            Way::S3 => {
                let server = s3::Server::start(root.path(), s3::Rights::All).await?;
                options.objects = server.options(s3::SECRET);
                ("s3://bucket/some/prefix/".to_owned(), Some(Box::new(server)))
            }
            Way::Http => {
                // «user:s3cret-w0rd» in base64
                let authorization = Some("Basic dXNlcjpzM2NyZXQtdzByZA==".to_owned());
                let rules = Rules { authorization, ..Rules::default() };
                let server = Server::start(root.path().into(), rules).await?;
                let address = server.address;
                let location = format!("http://user:{SECRET}@{address}?key={SECRET}");
                (location, Some(Box::new(server)))
            }
        };
        let mirror = Mirror::open(&location, options)?;
        Ok(Box::new(Standing { _root: root, folder, layout: self.1, mirror, _server: server }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), s3::SECRET.to_owned(), "dXNlcjpzM2NyZXQtdzByZA".to_owned()]
    }
}

#[async_trait]
impl Stand for Standing {
    fn source(&self) -> &dyn Source {
        &self.mirror
    }

    async fn replace(&mut self, releases: &[Published]) -> Result<(), Wrong> {
        Ok(shelf::write(&self.folder, self.layout, releases)?)
    }
}

macro_rules! contract {
    ($($name:ident: $way:ident $layout:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            contract::run(&Kind(Way::$way, Layout::$layout)).await.assert();
        })*
    };
}

contract! {
    a_folder_of_versions: File Versioned;
    a_flat_folder: File Flat;
    a_store_in_a_folder: File Store;
    an_indexed_store_in_a_folder: File Indexed;
    a_server_of_versions: Http Versioned;
    a_flat_server: Http Flat;
    a_store_on_a_server: Http Store;
    an_indexed_store_on_a_server: Http Indexed;
    a_bucket_of_versions: S3 Versioned;
    a_flat_bucket: S3 Flat;
    a_store_in_a_bucket: S3 Store;
    an_indexed_store_in_a_bucket: S3 Indexed;
}
