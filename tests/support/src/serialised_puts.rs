//! A proxy that lets a PUT of a key through alone, for servers that check a condition first and write then.
//!
//! GETs of the key wait as well: while such a server writes, it can answer with the old bytes and the new ETag.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use loom_base::LockExt as _;

type KeyLocks = Arc<Mutex<BTreeMap<String, Arc<RwLock<()>>>>>;

/// The proxy; it stops when dropped. Each connection serves one request.
#[derive(Debug)]
pub struct SerialisedPuts {
    /// The address that the proxy listens on.
    pub address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Drop for SerialisedPuts {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl SerialisedPuts {
    /// Forwards requests to the server at `upstream`, on a loopback port that the operating system picks.
    ///
    /// # Errors
    /// Where no port can be bound.
    pub fn start(upstream: impl Into<String>) -> io::Result<Self> {
        let upstream = upstream.into();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (stop, locks) = (Arc::clone(&stopped), KeyLocks::default());
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (upstream, locks) = (upstream.clone(), Arc::clone(&locks));
                // A client may close the connection at any time.
                thread::spawn(move || forward(&client, &upstream, &locks));
            }
        });
        Ok(Self { address, stopped })
    }
}

/// Forwards the one request of a connection, and the response to it.
fn forward(client: &TcpStream, upstream: &str, locks: &KeyLocks) -> io::Result<()> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut head = line.clone();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        let (name, value) = header.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or(0);
        }
        if !name.eq_ignore_ascii_case("connection") {
            head.push_str(&header);
        }
    }
    head.push_str("Connection: close\r\n\r\n");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let path = line.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
    let lock = Arc::clone(locks.locked().entry(path).or_default());
    // A test that panicked with the lock leaves nothing half done.
    let (_alone, _shared) = if line.starts_with("PUT ") {
        (Some(lock.write().unwrap_or_else(PoisonError::into_inner)), None)
    } else {
        (None, Some(lock.read().unwrap_or_else(PoisonError::into_inner)))
    };
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(&[head.as_bytes(), &body].concat())?;
    io::copy(&mut server, &mut { client })?;
    client.shutdown(Shutdown::Both)
}
