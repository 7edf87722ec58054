//! The process that listens on a port: for messages, and as proof that an answer comes from our own child.

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
    imp::of(port)
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{collections::HashSet, fs, path::Path};

    use super::PortOwner;

    pub(super) fn of(port: u16) -> Option<PortOwner> {
        let wanted: HashSet<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| listening(&table, port))
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

    /// The inodes of the sockets that listen on `port` in a table of `/proc/net`.
    pub(super) fn listening(table: &str, port: u16) -> Vec<String> {
        const LISTEN: &str = "0A";
        let suffix = format!(":{port:04X}");
        table
            .lines()
            .skip(1)
            .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
            .filter(|f| f.len() > 9 && f[1].ends_with(&suffix) && f[3] == LISTEN)
            .map(|f| f[9].to_owned())
            .collect()
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
    pub(super) fn of(_port: u16) -> Option<super::PortOwner> {
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
}
