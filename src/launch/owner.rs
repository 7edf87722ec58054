//! Who listens on a port: explanation for people, and proof that an answer comes from our own child.

use serde::{Deserialize, Serialize};

/// A process, as far as it could be found out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// Its command's name.
    pub name: String,
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// The process that listens on TCP `port` of this machine, where it can be told: on Linux, of the same user or as root.
pub fn of(port: u16) -> Option<Owner> {
    imp::of(port)
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{collections::HashSet, fs, path::Path};

    use super::Owner;

    pub(super) fn of(port: u16) -> Option<Owner> {
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
            .map(|pid: u32| Owner { pid, name: name(pid) })
    }

    /// The socket inodes that listen on `port` in a table of `/proc/net`.
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
    pub(super) fn of(_port: u16) -> Option<super::Owner> {
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
        assert_eq!(of(port).unwrap().pid, std::process::id());
    }
}
