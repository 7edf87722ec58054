//! The process that listens on a port: for messages, and as proof that an answer comes from our own child.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortOwner {
    /// The process id.
    pub pid: u32,
    /// The name of its executable.
    pub name: String,
}

impl std::fmt::Display for PortOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The process that listens on TCP `port` of this machine; `None` where that cannot be found out. Only on Linux, and
/// there only for processes of the same user, or as root.
pub fn port_owner(port: u16) -> Option<PortOwner> {
    imp::find(port, None)
}

/// The same for one address: a process that listens on another address of this machine with the same port is not
/// meant, one that listens on all addresses is.
pub(super) fn owner_of(address: SocketAddr) -> Option<PortOwner> {
    imp::find(address.port(), Some(address.ip()))
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{
        collections::HashSet,
        fs,
        net::{IpAddr, Ipv4Addr, Ipv6Addr},
        path::Path,
    };

    use super::PortOwner;

    pub(super) fn find(port: u16, ip: Option<IpAddr>) -> Option<PortOwner> {
        let wanted: HashSet<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| listening(&table, port, ip))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        if wanted.is_empty() {
            return None;
        }
        let processes = fs::read_dir("/proc").ok()?;
        processes
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .find(|pid| holds(*pid, &wanted))
            .map(|pid: u32| PortOwner { pid, name: name(pid) })
    }

    /// The inodes of the sockets that listen on `port`, and where `ip` is given on that address or on all, in a table
    /// of `/proc/net`.
    pub(super) fn listening(table: &str, port: u16, ip: Option<IpAddr>) -> Vec<String> {
        const LISTEN: &str = "0A";
        table
            .lines()
            .skip(1)
            .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
            .filter(|fields| fields.len() > 9 && fields[3] == LISTEN)
            .filter(|fields| {
                local_address(fields[1]).is_some_and(|(local, local_port)| {
                    let same = ip.is_none_or(|ip| local.is_unspecified() || local == ip);
                    local_port == port && same
                })
            })
            .map(|fields| fields[9].to_owned())
            .collect()
    }

    /// An address of the table, such as `0100007F:C383`: words of 32 bits in the byte order of the machine. An IPv4
    /// address in IPv6 form is returned as IPv4.
    fn local_address(text: &str) -> Option<(IpAddr, u16)> {
        let (ip, port) = text.split_once(':')?;
        let words: Vec<[u8; 4]> = (0..ip.len() / 8)
            .map(|n| u32::from_str_radix(ip.get(n * 8..n * 8 + 8)?, 16).ok())
            .map(|word| word.map(u32::to_ne_bytes))
            .collect::<Option<_>>()?;
        let bytes = words.concat();
        let ip = match <[u8; 16]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ipv6Addr::from(bytes).to_canonical(),
            Err(_) => Ipv4Addr::from(<[u8; 4]>::try_from(bytes.as_slice()).ok()?).into(),
        };
        Some((ip, u16::from_str_radix(port, 16).ok()?))
    }

    fn holds(pid: u32, sockets: &HashSet<String>) -> bool {
        let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
        open.flatten().any(|fd| {
            fs::read_link(fd.path())
                .is_ok_and(|to| to.to_str().is_some_and(|text| sockets.contains(text)))
        })
    }

    fn name(pid: u32) -> String {
        let exe = fs::read_link(format!("/proc/{pid}/exe")).ok();
        let exe =
            exe.as_deref().and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned());
        exe.unwrap_or_else(|| {
            fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim().to_owned()
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn find(_port: u16, _ip: Option<std::net::IpAddr>) -> Option<super::PortOwner> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_found_with_its_process() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(port_owner(port).unwrap().pid, std::process::id());
    }

    #[test]
    fn the_address_decides_between_listeners_of_one_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:C383 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 11 1 0 100 0 0 10 0\n\
             1: 0200007F:C383 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 12 1 0 100 0 0 10 0\n\
             2: 0100007F:C384 00000000:0000 01 00000000:00000000 00:00000000 00000000 0 0 13 1 0 100 0 0 10 0\n\
             3: 00000000:C385 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 14 1 0 100 0 0 10 0\n";
        let table6 = "header\n\
             0: 00000000000000000000000001000000:C383 0:0 0A 0 0 0 0 0 15 1\n\
             1: 0000000000000000FFFF00000100007F:C386 0:0 0A 0 0 0 0 0 16 1\n";
        let ip = |text: &str| Some(text.parse().unwrap());
        for (table, port, ip, expected) in [
            (table, 0xC383, None, &["11", "12"][..]),
            (table, 0xC383, ip("127.0.0.2"), &["12"]),
            (table, 0xC384, ip("127.0.0.1"), &[]),
            (table, 0xC385, ip("127.0.0.1"), &["14"]),
            (table6, 0xC383, ip("127.0.0.1"), &[]),
            (table6, 0xC386, ip("127.0.0.1"), &["16"]),
        ] {
            assert_eq!(super::imp::listening(table, port, ip), expected, "{port:x} {ip:?}");
        }
    }
}
