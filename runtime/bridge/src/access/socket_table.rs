//! The owner of a connection, from the tables of TCP sockets that the kernel keeps.
//!
//! A connection over loopback has two sockets in the tables: ours, and that of the peer, whose local address is our
//! remote address. Its row names the user who made it. The format is that of proc_pid_net(5):
//!
//! ```text
//!   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//!    0: 0100007F:D8F2 0100007F:C383 01 00000000:00000000 00:00000000 00000000  1000        0 123456 1 …
//! ```

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// Sockets of IPv4.
const TCP: &str = "/proc/self/net/tcp";
/// Sockets of IPv6, which may also have mapped addresses of IPv4.
const TCP6: &str = "/proc/self/net/tcp6";
/// The states in which the row of a socket names its owner. In all others, the process may have closed it, and the row
/// names user 0.
const OWNED_STATES: [&str; 2] = [ESTABLISHED, CLOSE_WAIT];
const ESTABLISHED: &str = "01";
const CLOSE_WAIT: &str = "08";

/// Whether the tables can be read.
pub(super) fn is_readable() -> bool {
    File::open(TCP).and_then(|mut table| table.read(&mut [0])).is_ok()
}

/// The user who owns the socket that `peer` is the local and `local` the remote address of. `None` if no process has
/// such a socket, or the table does not say whose it is.
///
/// # Errors
/// If a table cannot be read.
pub(super) fn owner(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
    // A table is read in parts, and may change in between: a row that moves can be missed.
    for _ in 0..2 {
        if let Some(owner) = owner_now(peer, local)? {
            return Ok(Some(owner));
        }
    }
    Ok(None)
}

fn owner_now(peer: SocketAddr, local: SocketAddr) -> io::Result<Option<u32>> {
    let [peer, local] = [peer, local].map(|a| SocketAddr::new(a.ip().to_canonical(), a.port()));
    if let (IpAddr::V4(_), IpAddr::V4(_)) = (peer.ip(), local.ip())
        && let Some(owner) = find(BufReader::new(File::open(TCP)?), &column(peer), &column(local))?
    {
        return Ok(Some(owner));
    }
    match File::open(TCP6) {
        Ok(table) => find(BufReader::new(table), &column6(peer), &column6(local)),
        // A kernel without IPv6.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The owner of the socket with these addresses, as columns of the table.
fn find(mut table: impl BufRead, local: &str, remote: &str) -> io::Result<Option<u32>> {
    let mut row = String::new();
    while table.read_line(&mut row)? > 0 {
        if let Some(owner) = owner_in(&row, local, remote) {
            return Ok(Some(owner));
        }
        row.clear();
    }
    Ok(None)
}

/// The owner that a row names, if it is the row of that socket.
fn owner_in(row: &str, local: &str, remote: &str) -> Option<u32> {
    let mut columns = row.split_ascii_whitespace().skip(1);
    let is_socket = columns.next()? == local && columns.next()? == remote;
    let state = columns.next().filter(|state| is_socket && OWNED_STATES.contains(state))?;
    let mut rest = columns.skip(3);
    let owner = rest.next()?.parse().ok()?;
    let inode = rest.nth(1)?;
    // The process has closed the socket: its owner is no longer known.
    (!state.is_empty() && inode != "0").then_some(owner)
}

/// An address in the table of IPv4: `0100007F:1F90`. The kernel prints words as numbers, in the machine's byte order.
fn column(address: SocketAddr) -> String {
    match address.ip() {
        IpAddr::V4(ip) => format!("{}:{:04X}", word(ip.octets()), address.port()),
        IpAddr::V6(_) => column6(address),
    }
}

/// An address in the table of IPv6; one of IPv4 is mapped.
fn column6(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) => Ipv4Addr::to_ipv6_mapped(&ip),
        IpAddr::V6(ip) => ip,
    };
    format!("{}:{:04X}", words(ip), address.port())
}

fn words(ip: Ipv6Addr) -> String {
    ip.octets().chunks_exact(4).map(|four| word([four[0], four[1], four[2], four[3]])).collect()
}

fn word(bytes: [u8; 4]) -> String {
    format!("{:08X}", u32::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(addresses: &str, state: &str, uid: u32, inode: u32) -> String {
        format!(
            "   7: {addresses} {state} 00000000:00000000 00:00000000 00000000  {uid:>5}        0 {inode} 1 0000 20 4 0 10 -1\n"
        )
    }

    #[test]
    fn only_the_row_of_the_socket_names_its_owner() {
        let (peer, local) = ("0100007F:D8F2", "0100007F:C383");
        let own = format!("{peer} {local}");
        let table = [
            (row(&own, "01", 1000, 5), Some(1000)),
            (row(&own, "08", 1000, 5), Some(1000)),
            (row(&own, "01", 0, 5), Some(0)),
            (row(&own, "01", 0, 0), None),
            (row(&own, "01", 1000, 0), None),
            (row(&own, "04", 0, 0), None),
            (row(&own, "05", 1000, 5), None),
            (row(&own, "06", 0, 0), None),
            (row(&own, "0A", 1000, 5), None),
            (row(&format!("{local} {peer}"), "01", 1000, 5), None),
            (row(&format!("{peer} 0100007F:C384"), "01", 1000, 5), None),
            (row(&format!("0200007F:D8F2 {local}"), "01", 1000, 5), None),
            ("  sl  local_address rem_address   st\n".to_owned(), None),
            (format!("   7: {peer} {local} 01\n"), None),
            (String::new(), None),
        ];
        for (row, expected) in table {
            assert_eq!(owner_in(&row, peer, local), expected, "{row}");
        }
        let rows = row("0:1 0:2", "01", 1, 1) + &row(&own, "01", 7, 1);
        assert_eq!(find(rows.as_bytes(), peer, local).unwrap(), Some(7));
        assert_eq!(find(row("0:1 0:2", "01", 1, 1).as_bytes(), peer, local).unwrap(), None);
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_are_written_as_the_kernel_does() {
        let table = [
            ("127.0.0.1:50051", "0100007F:C383", "0000000000000000FFFF00000100007F:C383"),
            (
                "[::1]:80",
                "00000000000000000000000001000000:0050",
                "00000000000000000000000001000000:0050",
            ),
        ];
        for (address, four, six) in table {
            let address = address.parse().unwrap();
            assert_eq!((column(address), column6(address)), (four.to_owned(), six.to_owned()));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_owner_of_a_real_connection_is_found() {
        use std::net::{TcpListener, TcpStream};

        let me = rustix::process::geteuid().as_raw();
        for host in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
            let listener = TcpListener::bind(host).unwrap();
            let port = listener.local_addr().unwrap().port();
            let targets: &[&str] = match host {
                "127.0.0.1:0" => &["127.0.0.1", "[::ffff:127.0.0.1]"],
                "[::1]:0" => &["[::1]"],
                _ => &["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"],
            };
            for target in targets {
                let client = TcpStream::connect(format!("{target}:{port}")).unwrap();
                let (ours, peer) = listener.accept().unwrap();
                let local = ours.local_addr().unwrap();
                assert_eq!(owner(peer, local).unwrap(), Some(me), "{host} from {target}");
                drop(client);
                assert_eq!(owner(peer, local).unwrap(), None, "closed: {host} from {target}");
            }
        }
        assert!(is_readable());
    }
}
