//! How other processes reach a supervisor: a Unix socket in the instance's folder; where that is not to be had
//! (Windows, a path beyond the 108 bytes of a socket's address without `/proc`), loopback TCP and a token that only
//! this user can read.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt};

use super::settings::random_token;

/// The longest message: a document with a memo, never more.
const LIMIT: u64 = 1 << 20;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The supervisor's end.
pub(super) enum Listener {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(tokio::net::TcpListener, String),
}

impl Listener {
    /// Listens at `control` in `folder`. Only who holds the instance's lock may; needs a tokio runtime.
    pub(super) fn bind(folder: &Path) -> io::Result<Self> {
        let control = folder.join("control");
        match fs::remove_file(&control) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        #[cfg(unix)]
        if let Some(listener) =
            unix::through_short_path(folder, |path| tokio::net::UnixListener::bind(path))
        {
            return Ok(Self::Unix(listener?));
        }
        Self::bind_tcp(folder, &control)
    }

    fn bind_tcp(folder: &Path, control: &Path) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let token = random_token();
        let mut aside = tempfile::NamedTempFile::new_in(folder)?;
        write!(aside, "{} {token}", listener.local_addr()?)?;
        aside.persist(control)?;
        Ok(Self::Tcp(tokio::net::TcpListener::from_std(listener)?, token))
    }

    /// The next caller, and the token it has to begin with.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn Stream>, Option<String>)> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(listener) => (Box::new(listener.accept().await?.0), None),
            Self::Tcp(listener, token) => {
                (Box::new(listener.accept().await?.0), Some(token.clone()))
            }
        })
    }
}

/// One side of an accepted conversation, line by line.
pub(super) struct Conversation(tokio::io::BufReader<Box<dyn Stream>>);

impl Conversation {
    /// Begins one; a caller without the token is refused.
    pub(super) async fn begin(stream: Box<dyn Stream>, token: Option<String>) -> Option<Self> {
        let mut this = Self(tokio::io::BufReader::new(stream));
        match token {
            Some(token) if this.line().await? != token => None,
            _ => Some(this),
        }
    }

    /// The next line; `None` at the end.
    pub(super) async fn line(&mut self) -> Option<String> {
        use tokio::io::AsyncReadExt;
        let mut line = String::new();
        (&mut self.0).take(LIMIT).read_line(&mut line).await.ok()?;
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    }

    /// Says one line; a caller that is gone is its own business.
    pub(super) async fn say(&mut self, value: &impl serde::Serialize) {
        let Ok(mut line) = serde_json::to_vec(value) else { return };
        line.push(b'\n');
        let _ = self.0.write_all(&line).await;
        let _ = self.0.flush().await;
    }
}

trait Blocking: Read + Write + Send {
    fn patience(&self, timeout: Duration) -> io::Result<()>;
}

impl Blocking for TcpStream {
    fn patience(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}

#[cfg(unix)]
impl Blocking for std::os::unix::net::UnixStream {
    fn patience(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}

/// The caller's end; blocking.
pub(super) struct Caller(BufReader<Box<dyn Blocking>>);

impl Caller {
    /// Reaches the supervisor that listens in `folder`.
    pub(super) fn connect(folder: &Path) -> io::Result<Self> {
        let control = folder.join("control");
        #[cfg(unix)]
        if std::os::unix::fs::FileTypeExt::is_socket(&fs::symlink_metadata(&control)?.file_type()) {
            let connect = |path: &Path| std::os::unix::net::UnixStream::connect(path);
            let stream = unix::through_short_path(folder, connect)
                .unwrap_or_else(|| Err(io::ErrorKind::InvalidFilename.into()))?;
            return Ok(Self(BufReader::new(Box::new(stream))));
        }
        let text = fs::read_to_string(&control)?;
        let (address, token) = text.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
        let address: SocketAddr = address.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        let mut stream = TcpStream::connect(address)?;
        writeln!(stream, "{token}")?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    /// Says one line.
    pub(super) fn say(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.0.get_mut().write_all(&line)?;
        self.0.get_mut().flush()
    }

    /// The answer, if it comes within `patience`.
    pub(super) fn answer<T: serde::de::DeserializeOwned>(
        &mut self,
        patience: Duration,
    ) -> io::Result<T> {
        self.0.get_ref().patience(patience)?;
        let mut line = String::new();
        (&mut self.0).take(LIMIT).read_line(&mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        fs::File,
        io,
        os::fd::AsRawFd,
        path::{Path, PathBuf},
    };

    /// The system's limit is 104 (macOS) or 108 bytes with the final NUL.
    const LONGEST: usize = 100;

    /// Does `act` with a path of `control` in `folder` that is short enough for a socket; `None` where there is none.
    pub(super) fn through_short_path<T>(
        folder: &Path,
        act: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        let control = folder.join("control");
        if control.as_os_str().len() <= LONGEST {
            return Some(act(&control));
        }
        let opened = File::open(folder).ok()?;
        let short = PathBuf::from(format!("/proc/self/fd/{}", opened.as_raw_fd()));
        short.exists().then(|| act(&short.join("control")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(folder: &Path, bind: impl FnOnce(&Path) -> io::Result<Listener>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let listener = bind(folder).unwrap();
        let caller = std::thread::spawn({
            let folder = folder.to_owned();
            move || {
                let mut caller = Caller::connect(&folder).unwrap();
                caller.say(&"hello").unwrap();
                caller.answer::<String>(Duration::from_secs(20)).unwrap()
            }
        });
        runtime.block_on(async {
            let (stream, token) = listener.accept().await.unwrap();
            let mut conversation = Conversation::begin(stream, token).await.unwrap();
            assert_eq!(conversation.line().await.as_deref(), Some("\"hello\""));
            conversation.say(&"and you").await;
        });
        assert_eq!(caller.join().unwrap(), "and you");
    }

    #[test]
    fn a_supervisor_is_reached_in_a_folder_with_a_short_and_with_a_long_path() {
        let folder = tempfile::tempdir().unwrap();
        echo(folder.path(), Listener::bind);
        let long = folder.path().join("x".repeat(120));
        fs::create_dir(&long).unwrap();
        echo(&long, Listener::bind);
    }

    #[test]
    fn a_supervisor_is_reached_over_loopback_by_who_knows_the_token() {
        let folder = tempfile::tempdir().unwrap();
        echo(folder.path(), |folder| Listener::bind_tcp(folder, &folder.join("control")));
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_caller_with_another_token_is_refused() {
        let (mut ours, theirs) = tokio::io::duplex(64);
        ours.write_all(b"guess\n").await.unwrap();
        assert!(Conversation::begin(Box::new(theirs), Some(random_token())).await.is_none());
    }
}
