//! Every kind of mirror passes the contract.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::support::{
    moto::Moto,
    s3,
    server::{Rules, Server},
    shelf::{self, Layout},
};
use async_trait::async_trait;
use loom_mirror::{Mirror, MirrorOptions};
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedRelease, RunningFixture, SourceFixture},
};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    File,
    Http,
    S3,
    Moto,
}

struct Kind(Way, Layout, Option<Arc<Moto>>);

struct Standing {
    _root: TempDir,
    folder: PathBuf,
    layout: Layout,
    mirror: Mirror,
    filled: Option<(Arc<Moto>, String)>,
    _server: Option<Box<dyn Send + Sync>>,
}

const SECRET: &str = "s3cret-w0rd";

#[async_trait]
impl SourceFixture for Kind {
    fn name(&self) -> String {
        format!("mirror {:?} {:?}", self.0, self.1)
    }

    fn capabilities(&self) -> Capabilities {
        let list = self.0 != Way::Http || self.1 == Layout::Indexed;
        Capabilities { releases: true, dev: false, list, resume: true, claims: true }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let root = TempDir::new()?;
        let folder = match self.0 {
            Way::S3 => root.path().join("bucket/some/prefix"),
            _ => root.path().into(),
        };
        std::fs::create_dir_all(&folder)?;
        shelf::write(&folder, self.1, releases)?;
        let (mut options, mut filled) = (MirrorOptions::default(), None);
        let (location, server): (_, Option<Box<dyn Send + Sync>>) = match self.0 {
            Way::File => (url::Url::from_file_path(root.path()).unwrap().to_string(), None),
            Way::S3 => {
                let server = s3::Server::start(root.path(), s3::Rights::All).await?;
                options.objects = server.options(s3::SECRET);
                ("s3://bucket/some/prefix/".to_owned(), Some(Box::new(server)))
            }
            Way::Moto => {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                let moto = self.2.clone().expect("the test starts it");
                let bucket = format!("bucket-{}", NEXT.fetch_add(1, Ordering::Relaxed));
                moto.fill(&bucket, "p", &folder);
                options.objects = s3::options(&moto.address, s3::SECRET);
                let location = format!("s3://{bucket}/p");
                filled = Some((moto, bucket));
                (location, None)
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
        let mirror = Mirror::open(location.parse()?, options)?;
        Ok(Box::new(Standing {
            _root: root,
            folder,
            layout: self.1,
            mirror,
            filled,
            _server: server,
        }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), s3::SECRET.to_owned(), "dXNlcjpzM2NyZXQtdzByZA".to_owned()]
    }
}

#[async_trait]
impl RunningFixture for Standing {
    fn source(&self) -> &dyn Source {
        &self.mirror
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        shelf::write(&self.folder, self.layout, releases)?;
        if let Some((moto, bucket)) = &self.filled {
            moto.fill(bucket, "p", &self.folder);
        }
        Ok(())
    }
}

macro_rules! contract {
    ($($name:ident: $way:ident $layout:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let moto = (Way::$way == Way::Moto).then(|| Arc::new(Moto::start()));
            contract::run(&Kind(Way::$way, Layout::$layout, moto)).await.assert();
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
    a_bucket_of_versions_elsewhere: Moto Versioned;
    a_store_in_a_bucket_elsewhere: Moto Store;
}
