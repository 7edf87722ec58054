//! The channel over which other processes reach a supervisor: a Unix socket in the instance's folder; where there is
//! none (Windows; a path longer than the 108 bytes of a socket address, without `/proc`), loopback TCP with a token
//! that only this user can read.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use loom_base::token::random_token;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt};

use crate::state::StateFile;

/// The longest message in bytes. The longest that is sent is a record with launch arguments, a few kilobytes.
const LIMIT: u64 = 1 << 20;

/// A connection, whichever kind.
pub(super) trait ControlStream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ControlStream for T {}

/// The supervisor's end of the channel.
pub(super) enum ControlListener {
    #[cfg(unix)]
    Unix(tokio::net::UnixListener),
    Tcp(tokio::net::TcpListener, String),
}

impl ControlListener {
    /// Listens at the socket `control`, or writes an address to it. Only the holder of the instance's lock may call
    /// this. Needs a tokio runtime.
    pub(super) fn bind(control: &StateFile) -> io::Result<Self> {
        control.remove().map_err(io::Error::other)?;
        #[cfg(unix)]
        if let Some(listener) =
            unix::through_short_path(control.path(), |path| tokio::net::UnixListener::bind(path))
        {
            return Ok(Self::Unix(listener?));
        }
        Self::bind_tcp(control)
    }

    fn bind_tcp(control: &StateFile) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let token = random_token()?;
        let text = format!("{} {token}", listener.local_addr()?);
        control.write_unsynced(text.as_bytes()).map_err(io::Error::other)?;
        Ok(Self::Tcp(tokio::net::TcpListener::from_std(listener)?, token))
    }

    /// The next connection, and the token that the caller must send first.
    pub(super) async fn accept(&self) -> io::Result<(Box<dyn ControlStream>, Option<String>)> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(listener) => (Box::new(listener.accept().await?.0), None),
            Self::Tcp(listener, token) => {
                (Box::new(listener.accept().await?.0), Some(token.clone()))
            }
        })
    }
}

/// An accepted connection, which transfers one line per message.
pub(super) struct Conversation(tokio::io::BufReader<Box<dyn ControlStream>>);

impl Conversation {
    /// Checks the token, if one is required; `None` where the caller does not send it.
    pub(super) async fn begin(
        stream: Box<dyn ControlStream>,
        token: Option<String>,
    ) -> Option<Self> {
        let mut this = Self(tokio::io::BufReader::new(stream));
        match token {
            Some(token) if this.line().await? != token => None,
            _ => Some(this),
        }
    }

    /// The next message; `None` at the end of the connection.
    pub(super) async fn line(&mut self) -> Option<String> {
        use tokio::io::AsyncReadExt;
        let mut line = String::new();
        (&mut self.0).take(LIMIT).read_line(&mut line).await.ok()?;
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    }

    /// Sends a message. Errors are ignored: a caller that is gone needs no answer.
    pub(super) async fn send(&mut self, value: &impl serde::Serialize) {
        let Ok(mut line) = serde_json::to_vec(value) else { return };
        line.push(b'\n');
        let _ = self.0.write_all(&line).await;
        let _ = self.0.flush().await;
    }
}

/// A connection of the caller, whichever kind.
trait BlockingStream: Read + Write + Send {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()>;
}

impl BlockingStream for TcpStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}

#[cfg(unix)]
impl BlockingStream for std::os::unix::net::UnixStream {
    fn set_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(timeout))
    }
}

/// The caller's end of the channel; blocking.
pub(super) struct ControlClient(BufReader<Box<dyn BlockingStream>>);

impl ControlClient {
    /// Connects to the supervisor that listens at `control`.
    pub(super) fn connect(control: &StateFile) -> io::Result<Self> {
        #[cfg(unix)]
        if unix::is_socket(control.path())? {
            let stream = unix::connect(control.path())?;
            return Ok(Self(BufReader::new(Box::new(stream))));
        }
        let bytes = control.read().map_err(io::Error::other)?.ok_or(io::ErrorKind::NotFound)?;
        let text = String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData)?;
        let (address, token) = text.split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
        let address: SocketAddr = address.parse().map_err(|_| io::ErrorKind::InvalidData)?;
        let mut stream = TcpStream::connect(address)?;
        writeln!(stream, "{token}")?;
        Ok(Self(BufReader::new(Box::new(stream))))
    }

    /// Sends a message.
    pub(super) fn send(&mut self, value: &impl serde::Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.0.get_mut().write_all(&line)?;
        self.0.get_mut().flush()
    }

    /// The next message, if it comes within `timeout`.
    pub(super) fn receive<T: serde::de::DeserializeOwned>(
        &mut self,
        timeout: Duration,
    ) -> io::Result<T> {
        self.0.get_ref().set_timeout(timeout)?;
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
        ffi::OsStr,
        fs::{self, File},
        io,
        os::{
            fd::AsRawFd,
            unix::{fs::FileTypeExt, net::UnixStream},
        },
        path::{Path, PathBuf},
    };

    /// Below the limit of the operating systems: 104 bytes (macOS) or 108, with the final NUL.
    const LONGEST: usize = 100;

    /// Whether `control` is a socket.
    pub(super) fn is_socket(control: &Path) -> io::Result<bool> {
        Ok(fs::symlink_metadata(control)?.file_type().is_socket())
    }

    /// Connects to the socket `control`.
    pub(super) fn connect(control: &Path) -> io::Result<UnixStream> {
        let connect = |path: &Path| UnixStream::connect(path);
        through_short_path(control, connect)
            .unwrap_or_else(|| Err(io::ErrorKind::InvalidFilename.into()))
    }

    /// Calls `act` with a path of `control` that is short enough for a socket address; `None` where there is none.
    pub(super) fn through_short_path<T>(
        control: &Path,
        act: impl FnOnce(&Path) -> io::Result<T>,
    ) -> Option<io::Result<T>> {
        if control.as_os_str().len() <= LONGEST {
            return Some(act(control));
        }
        let folder = File::open(control.parent()?).ok()?;
        let short = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()));
        let name: &OsStr = control.file_name()?;
        short.exists().then(|| act(&short.join(name)))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::state::StateDir;

    fn echo(folder: &Path, bind: impl FnOnce(&StateFile) -> io::Result<ControlListener>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        let control = StateDir::new(folder).file("control");
        let listener = bind(&control).unwrap();
        let client = std::thread::spawn(move || {
            let mut client = ControlClient::connect(&control).unwrap();
            client.send(&"hello").unwrap();
            client.receive::<String>(Duration::from_secs(20)).unwrap()
        });
        runtime.block_on(async {
            let (stream, token) = listener.accept().await.unwrap();
            let mut conversation = Conversation::begin(stream, token).await.unwrap();
            assert_eq!(conversation.line().await.as_deref(), Some("\"hello\""));
            conversation.send(&"hello to you").await;
        });
        assert_eq!(client.join().unwrap(), "hello to you");
    }

    #[test]
    fn a_supervisor_is_reached_in_folders_with_short_and_long_paths() {
        let folder = tempfile::tempdir().unwrap();
        echo(folder.path(), ControlListener::bind);
        let long = folder.path().join("x".repeat(120));
        fs::create_dir(&long).unwrap();
        echo(&long, ControlListener::bind);
    }

    #[test]
    fn a_supervisor_is_reached_over_loopback_with_the_token() {
        let folder = tempfile::tempdir().unwrap();
        echo(folder.path(), ControlListener::bind_tcp);
    }

    #[tokio::test(flavor = "current_thread")]
    async fn a_client_with_another_token_is_refused() {
        let (mut client, server) = tokio::io::duplex(64);
        client.write_all(b"guess\n").await.unwrap();
        let token = random_token().unwrap();
        assert!(Conversation::begin(Box::new(server), Some(token)).await.is_none());
    }
}
