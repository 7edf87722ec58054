//! An S3 server over a folder, which checks signatures: each folder in it is a bucket.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use loom_base::LockExt as _;
use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    auth::SimpleAuth,
    s3_error,
    service::S3ServiceBuilder,
};
use tokio::{net::TcpListener, task::JoinHandle};

/// The access key that the server knows.
pub const KEY: &str = "AKIAEXAMPLE";
/// The secret of [`KEY`].
pub const SECRET: &str = "wJalrXUtnFEMI-s3cret";

/// Who is permitted to do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum S3Rights {
    /// Requests signed with the key are permitted.
    All,
    /// Signed requests for objects that exist are permitted. Requests for missing objects are refused, as S3 does
    /// without the permission to list.
    ReadOnly,
    /// Every request is permitted.
    Public,
    /// No request is permitted.
    None,
}

/// A server; it stops when dropped.
#[derive(Debug)]
pub struct S3Server {
    /// The address that the server listens on.
    pub address: SocketAddr,
    operations: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl S3Server {
    /// Serves the folders in `root` as buckets, on a loopback port that the operating system picks.
    ///
    /// # Errors
    /// Where the folder cannot be read or no port can be bound.
    pub async fn start(root: &Path, rights: S3Rights) -> io::Result<Self> {
        let files =
            s3s_fs::FileSystem::new(root).map_err(|e| io::Error::other(format!("{e:?}")))?;
        let operations = Arc::new(Mutex::new(Vec::new()));
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        builder.set_access(AccessGuard { rights, root: root.into(), log: operations.clone() });
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client may close the connection at any time.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { address, operations, task })
    }

    /// The names of the S3 operations requested since the last call.
    pub fn operations(&self) -> Vec<String> {
        std::mem::take(&mut *self.operations.locked())
    }
}

struct AccessGuard {
    rights: S3Rights,
    root: std::path::PathBuf,
    log: Arc<Mutex<Vec<String>>>,
}

#[async_trait::async_trait]
impl S3Access for AccessGuard {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let operation = request.s3_op().name();
        self.log.locked().push(operation.to_owned());
        let known = request.credentials().is_some();
        let there = || {
            let object = request.s3_path().as_object();
            object.is_some_and(|(bucket, key)| self.root.join(bucket).join(key).is_file())
        };
        let allowed = match self.rights {
            S3Rights::All => known,
            S3Rights::ReadOnly => known && operation == "GetObject" && there(),
            S3Rights::Public => true,
            S3Rights::None => false,
        };
        if allowed { Ok(()) } else { Err(s3_error!(AccessDenied)) }
    }
}
