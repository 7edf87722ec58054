//! The decision whether a new connection is admitted.

use std::{io, net::SocketAddr, sync::Arc};

use loom_base::loopback::is_loopback_ip;
use loom_environment::{UserIds, names};
use tokio::net::TcpStream;

use super::socket_table;

/// Decides which connections are admitted where no token is set.
#[derive(Debug, Clone)]
pub struct PeerCheck(Option<Arc<AdmittedUsers>>);

/// The users whose connections are admitted.
#[derive(Debug, PartialEq, Eq)]
struct AdmittedUsers {
    own: u32,
    others: Vec<u32>,
}

/// Whether a connection is admitted. A request on a connection that is not must be refused with the reason.
pub type Admission = Result<(), PeerRefusal>;

/// Why a connection is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefusal {
    /// It is one of another user.
    #[error("{}", refusal(&format!("user {uid}"), &uid.to_string()))]
    OtherUser {
        /// The id of that user.
        uid: u32,
    },
    /// No process has the other end, or it was closed at once.
    #[error("{}", refusal("an unknown user", "uid"))]
    NoOwner,
    /// The user could not be determined.
    #[error("{}", refusal("a user that could not be determined", "uid"))]
    Undetermined,
}

fn refusal(user: &str, uid: &str) -> String {
    format!(
        "this runtime serves its own user only, and this connection is one of {user}: start the runtime with \
         {}={uid} or with {}",
        names::ALLOW_USERS,
        names::BRIDGE_TOKEN
    )
}

impl PeerCheck {
    /// Admits connections of the server's own user and of `allowed` users; all connections if `has_token` (the token is
    /// checked instead), and on systems that do not tell whose a connection is.
    pub fn new(allowed: &UserIds, has_token: bool) -> Self {
        let own = own_user().filter(|_| cfg!(target_os = "linux") && !has_token);
        let Some(own) = own else { return Self(None) };
        if !socket_table::is_readable() {
            let fix = names::BRIDGE_TOKEN;
            tracing::warn!(
                "/proc/net/tcp cannot be read: other users of this machine are not refused; set {fix}"
            );
            return Self(None);
        }
        Self(Some(Arc::new(AdmittedUsers { own, others: allowed.0.clone() })))
    }

    /// Whether this connection is admitted. Must be called right after the connection was accepted: a peer that closes it
    /// is no longer known.
    pub async fn admission(&self, connection: &TcpStream) -> Admission {
        let Some(users) = &self.0 else { return Ok(()) };
        let (Ok(peer), Ok(local)) = (connection.peer_addr(), connection.local_addr()) else {
            return Err(PeerRefusal::NoOwner);
        };
        if !is_from_this_machine(peer, local) {
            return Ok(());
        }
        let owner = tokio::task::spawn_blocking(move || socket_table::owner(peer, local)).await;
        let admission = users.admission(owner.unwrap_or_else(|_| Err(io::Error::other("panic"))));
        if let Err(refusal) = admission {
            tracing::debug!(%peer, "connection refused: {refusal}");
        }
        admission
    }
}

impl AdmittedUsers {
    fn admission(&self, owner: io::Result<Option<u32>>) -> Admission {
        match owner {
            Ok(Some(uid)) if uid == self.own || self.others.contains(&uid) => Ok(()),
            Ok(Some(uid)) => Err(PeerRefusal::OtherUser { uid }),
            Ok(None) => Err(PeerRefusal::NoOwner),
            // The tables could be read when the server started. A client that uses up all descriptors must not pass.
            Err(_) => Err(PeerRefusal::Undetermined),
        }
    }
}

/// Whether a connection did not leave the machine. A process may connect to loopback from any address of the machine.
fn is_from_this_machine(peer: SocketAddr, local: SocketAddr) -> bool {
    let [peer, local] = [peer.ip().to_canonical(), local.ip().to_canonical()];
    is_loopback_ip(local) || is_loopback_ip(peer) || peer == local
}

/// The id of the user who runs this process; `None` where users have no ids.
#[cfg(unix)]
fn own_user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// The id of the user who runs this process; `None` where users have no ids.
#[cfg(not(unix))]
fn own_user() -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_and_allowed_users_are_admitted() {
        let users = AdmittedUsers { own: 1000, others: vec![33] };
        for (owner, expected) in [
            (Some(1000), Ok(())),
            (Some(33), Ok(())),
            (Some(0), Err(PeerRefusal::OtherUser { uid: 0 })),
            (Some(1001), Err(PeerRefusal::OtherUser { uid: 1001 })),
            (None, Err(PeerRefusal::NoOwner)),
        ] {
            assert_eq!(users.admission(Ok(owner)), expected, "{owner:?}");
        }
        let failed = users.admission(Err(io::Error::other("no descriptors")));
        assert_eq!(failed, Err(PeerRefusal::Undetermined));
    }

    #[test]
    fn a_refusal_names_the_setting() {
        let message = PeerRefusal::OtherUser { uid: 33 }.to_string();
        assert!(message.contains("one of user 33: start"), "{message}");
        assert!(message.contains("LOOM_ALLOW_USERS=33 or with LOOM_BRIDGE_TOKEN"), "{message}");
    }

    #[test]
    fn connections_over_loopback_are_from_this_machine() {
        for (peer, local, expected) in [
            ("127.0.0.1:1", "127.0.0.1:2", true),
            ("[::1]:1", "[::1]:2", true),
            ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:2", true),
            ("192.0.2.1:1", "127.0.0.1:2", true),
            ("192.0.2.1:1", "[::ffff:192.0.2.1]:2", true),
            ("192.0.2.1:1", "192.0.2.2:2", false),
        ] {
            let (from, to) = (peer.parse().unwrap(), local.parse().unwrap());
            assert_eq!(is_from_this_machine(from, to), expected, "{peer} {local}");
        }
    }

    #[test]
    fn with_a_token_all_connections_are_admitted() {
        assert!(PeerCheck::new(&UserIds::default(), true).0.is_none());
    }
}
