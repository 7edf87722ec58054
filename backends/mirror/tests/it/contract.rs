//! Every kind of mirror passes the contract suite.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use loom_mirror::{Mirror, MirrorOptions};
use loom_source::{
    Capabilities, Source,
    contract::{self, Failure, PublishedRelease, RunningFixture, SourceFixture},
};
use loom_test_support::{
    file_server::{FileServer, FileServerRules},
    moto::MotoServer,
    release_folder::{self, ReleaseLayout},
    s3::{self, S3Rights, S3Server},
};
use tempfile::TempDir;

use crate::support::{bundle_of, s3_options};

/// How the mirror is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    File,
    Bundle,
    Http,
    S3,
    Moto,
}

/// A kind of mirror; with `moto`, its bucket is on that server.
struct MirrorFixture {
    access: Access,
    layout: ReleaseLayout,
    moto: Option<Arc<MotoServer>>,
}

/// A published mirror and its source.
struct RunningMirror {
    _root: TempDir,
    folder: PathBuf,
    layout: ReleaseLayout,
    mirror: Mirror,
    bucket: Option<(Arc<MotoServer>, String)>,
    bundled: bool,
    _server: Option<Box<dyn Send + Sync>>,
}

const SECRET: &str = "s3cret-w0rd";

#[async_trait]
impl SourceFixture for MirrorFixture {
    fn name(&self) -> String {
        format!("mirror {:?} {:?}", self.access, self.layout)
    }

    fn capabilities(&self) -> Capabilities {
        let list = self.access != Access::Http || self.layout == ReleaseLayout::Indexed;
        Capabilities { releases: true, dev: false, list, resume: true, claims: true }
    }

    async fn start(
        &self,
        releases: &[PublishedRelease],
    ) -> Result<Box<dyn RunningFixture>, Failure> {
        let root = TempDir::new()?;
        let folder = match self.access {
            Access::S3 => root.path().join("bucket/some/prefix"),
            Access::Bundle => root.path().join("files"),
            _ => root.path().into(),
        };
        std::fs::create_dir_all(&folder)?;
        release_folder::write(&folder, self.layout, releases)?;
        let mut options = MirrorOptions::default();
        let mut moto_bucket = None;
        let (location, server): (_, Option<Box<dyn Send + Sync>>) = match self.access {
            Access::File => (url::Url::from_file_path(root.path()).unwrap().to_string(), None),
            Access::Bundle => {
                let path = bundle_of(&folder)?;
                (url::Url::from_file_path(path).unwrap().to_string(), None)
            }
            Access::S3 => {
                let server = S3Server::start(root.path(), S3Rights::All).await?;
                options.objects = s3_options(server.address, s3::SECRET);
                ("s3://bucket/some/prefix/".to_owned(), Some(Box::new(server)))
            }
            Access::Moto => {
                static NEXT: AtomicUsize = AtomicUsize::new(0);
                let moto = self.moto.clone().expect("the test starts moto");
                let bucket = format!("bucket-{}", NEXT.fetch_add(1, Ordering::Relaxed));
                moto.fill(&bucket, "p", &folder);
                options.objects = s3_options(&moto.address, s3::SECRET);
                let location = format!("s3://{bucket}/p");
                moto_bucket = Some((moto, bucket));
                (location, None)
            }
            Access::Http => {
                // user:s3cret-w0rd in base64
                let authorization = Some("Basic dXNlcjpzM2NyZXQtdzByZA==".to_owned());
                let rules = FileServerRules { authorization, ..FileServerRules::default() };
                let server = FileServer::start(root.path().into(), rules).await?;
                let address = server.address;
                let location = format!("http://user:{SECRET}@{address}?key={SECRET}");
                (location, Some(Box::new(server)))
            }
        };
        let mirror = Mirror::open(location.parse()?, options)?;
        Ok(Box::new(RunningMirror {
            _root: root,
            folder,
            layout: self.layout,
            mirror,
            bucket: moto_bucket,
            bundled: self.access == Access::Bundle,
            _server: server,
        }))
    }

    fn secrets(&self) -> Vec<String> {
        vec![SECRET.to_owned(), s3::SECRET.to_owned(), "dXNlcjpzM2NyZXQtdzByZA".to_owned()]
    }
}

#[async_trait]
impl RunningFixture for RunningMirror {
    fn source(&self) -> &dyn Source {
        &self.mirror
    }

    async fn replace(&mut self, releases: &[PublishedRelease]) -> Result<(), Failure> {
        release_folder::write(&self.folder, self.layout, releases)?;
        if let Some((moto, bucket)) = &self.bucket {
            moto.fill(bucket, "p", &self.folder);
        }
        if self.bundled {
            bundle_of(&self.folder)?;
        }
        Ok(())
    }
}

macro_rules! contract {
    ($($name:ident: $access:ident $layout:ident;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let (access, layout) = (Access::$access, ReleaseLayout::$layout);
            let moto = (access == Access::Moto).then(|| Arc::new(MotoServer::start()));
            contract::run(&MirrorFixture { access, layout, moto }).await.assert();
        })*
    };
}

contract! {
    a_folder_of_versions: File Versioned;
    a_flat_folder: File Flat;
    a_store_in_a_folder: File Store;
    an_indexed_store_in_a_folder: File Indexed;
    a_bundle_of_versions: Bundle Versioned;
    a_bundle_of_a_flat_folder: Bundle Flat;
    a_bundle_of_a_store: Bundle Store;
    a_bundle_of_an_indexed_store: Bundle Indexed;
    a_server_of_versions: Http Versioned;
    a_flat_server: Http Flat;
    a_store_on_a_server: Http Store;
    an_indexed_store_on_a_server: Http Indexed;
    a_bucket_of_versions: S3 Versioned;
    a_flat_bucket: S3 Flat;
    a_store_in_a_bucket: S3 Store;
    an_indexed_store_in_a_bucket: S3 Indexed;
    a_bucket_of_versions_on_moto: Moto Versioned;
    a_store_in_a_bucket_on_moto: Moto Store;
}
