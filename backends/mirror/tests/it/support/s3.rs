//! A real S3 server over a folder, which checks signatures: each folder in it is a bucket.

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
use loom_mirror::ObjectOptions;
use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    auth::SimpleAuth,
    s3_error,
    service::S3ServiceBuilder,
};
use tokio::{net::TcpListener, task::JoinHandle};

pub const KEY: &str = "AKIAEXAMPLE";
pub const SECRET: &str = "wJalrXUtnFEMI-s3cret";

/// Who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Whoever knows the key may do everything.
    All,
    /// Whoever knows the key may read, and is refused whatever is not there, as without the right to list.
    ReadOnly,
    /// Everybody may do everything.
    Public,
    /// Nobody may do anything.
    None,
}

/// A server; it ends when dropped.
#[derive(Debug)]
pub struct Server {
    pub address: SocketAddr,
    operations: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(root: &Path, rights: Rights) -> io::Result<Self> {
        let files =
            s3s_fs::FileSystem::new(root).map_err(|e| io::Error::other(format!("{e:?}")))?;
        let operations = Arc::new(Mutex::new(Vec::new()));
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
        builder.set_access(Guard { rights, root: root.into(), log: operations.clone() });
        let service = builder.build();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    // A client that goes away is no failure of the server.
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { address, operations, task })
    }

    /// What a client is opened with that has this secret.
    pub fn options(&self, secret: &str) -> ObjectOptions {
        options(&self.address.to_string(), secret)
    }

    /// The operations since the last call.
    pub fn operations(&self) -> Vec<String> {
        std::mem::take(&mut *self.operations.lock().unwrap())
    }
}

struct Guard {
    rights: Rights,
    root: std::path::PathBuf,
    log: Arc<Mutex<Vec<String>>>,
}

#[async_trait::async_trait]
impl S3Access for Guard {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let operation = request.s3_op().name();
        self.log.lock().unwrap().push(operation.to_owned());
        let known = request.credentials().is_some();
        let there = || {
            let object = request.s3_path().as_object();
            object.is_some_and(|(bucket, key)| self.root.join(bucket).join(key).is_file())
        };
        let allowed = match self.rights {
            Rights::All => known,
            Rights::ReadOnly => known && operation == "GetObject" && there(),
            Rights::Public => true,
            Rights::None => false,
        };
        if allowed { Ok(()) } else { Err(s3_error!(AccessDenied)) }
    }
}

/// What a client of the server at an address is opened with that has this secret.
pub fn options(address: &str, secret: &str) -> ObjectOptions {
    let variables = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", secret)];
    ObjectOptions {
        endpoint: Some(format!("http://{address}").parse().unwrap()),
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned().into())).into(),
        ..ObjectOptions::default()
    }
}
