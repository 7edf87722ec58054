//! Listening sockets that the process that started the server has bound: see [`InheritedListeners`].

use std::net::TcpListener;

use loom_base::HostPort;
use loom_environment::InheritedListeners;

/// The listeners that were inherited.
#[derive(Debug, Default)]
pub(crate) struct AdoptedListeners {
    pub(crate) bridge: Option<TcpListener>,
    pub(crate) dashboard: Option<TcpListener>,
}

impl AdoptedListeners {
    /// Takes the sockets over, if they are listening sockets on these ports: all that are needed, or none.
    pub(crate) fn adopt(
        listeners: Option<InheritedListeners>,
        bridge: &HostPort,
        dashboard: Option<&HostPort>,
    ) -> Self {
        let Some(listeners) = listeners.filter(|listeners| is_child_of(listeners.parent)) else {
            return Self::default();
        };
        let Some(of_bridge) = imp::adopt(listeners.bridge, bridge.port) else {
            return Self::default();
        };
        let of_dashboard = match (dashboard, listeners.dashboard) {
            (None, _) => None,
            (Some(address), Some(number)) => match imp::adopt(number, address.port) {
                Some(listener) => Some(listener),
                None => return Self::default(),
            },
            (Some(_), None) => return Self::default(),
        };
        Self { bridge: Some(of_bridge), dashboard: of_dashboard }
    }
}

/// Whether the process that bound the sockets started this one: it is the parent, or has ended since. Sockets that are
/// refused although they are here would keep their ports from this server itself.
fn is_child_of(parent: u32) -> bool {
    imp::parent() == Some(parent) || imp::has_ended(parent)
}

#[cfg(unix)]
mod imp {
    use std::{
        net::TcpListener,
        os::fd::{BorrowedFd, FromRawFd as _, OwnedFd},
    };

    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

    pub(super) fn parent() -> Option<u32> {
        Some(std::os::unix::process::parent_id())
    }

    pub(super) fn has_ended(process: u32) -> bool {
        let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
        process.is_none_or(|process| {
            rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
        })
    }

    #[cfg(not(target_vendor = "apple"))]
    fn is_listening(socket: BorrowedFd<'_>) -> bool {
        rustix::net::sockopt::socket_acceptconn(socket).unwrap_or(false)
    }

    /// Whether it is a stream socket: these systems do not tell whether one listens.
    #[cfg(target_vendor = "apple")]
    fn is_listening(socket: BorrowedFd<'_>) -> bool {
        rustix::net::sockopt::socket_type(socket) == Ok(rustix::net::SocketType::STREAM)
    }

    /// The listening socket `number`, if it is one on this port. Programs that the server starts do not inherit it.
    #[allow(unsafe_code, reason = "an inherited descriptor has no owner in this program")]
    pub(super) fn adopt(number: i32, port: u16) -> Option<TcpListener> {
        if number <= 2 {
            return None;
        }
        let is_open = {
            // SAFETY: the descriptor is only looked at; if it is not open, the system says so.
            let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
            fcntl_getfd(borrowed).is_ok() && is_listening(borrowed)
        };
        if !is_open {
            return None;
        }
        // SAFETY: the parent process names the descriptor for this purpose, and nothing in this program uses it.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        fcntl_setfd(&socket, FdFlags::CLOEXEC).ok()?;
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true).ok()?;
        (listener.local_addr().ok()?.port() == port).then_some(listener)
    }
}

#[cfg(not(unix))]
mod imp {
    use std::net::TcpListener;

    pub(super) fn parent() -> Option<u32> {
        None
    }

    pub(super) fn has_ended(_: u32) -> bool {
        false
    }

    /// None: no sockets are inherited on this system.
    pub(super) fn adopt(_number: i32, _port: u16) -> Option<TcpListener> {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::fd::{AsRawFd as _, IntoRawFd as _};

    use super::*;

    fn listeners(parent: u32, bridge: i32) -> Option<InheritedListeners> {
        Some(InheritedListeners { parent, bridge, dashboard: None })
    }

    #[test]
    fn a_listening_socket_of_the_parent_is_taken() {
        let parent = std::os::unix::process::parent_id();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bridge = HostPort::new("127.0.0.1", address.port());
        let other = HostPort::new("127.0.0.1", 1);
        // Not of the parent, not open, no socket.
        let own = std::process::id();
        for number in [listeners(own, listener.as_raw_fd()), listeners(parent, 9_999), None] {
            let adopted = AdoptedListeners::adopt(number, &bridge, None);
            assert!(adopted.bridge.is_none(), "{number:?}");
        }
        let file = std::fs::File::open("/dev/null").unwrap();
        let adopted = AdoptedListeners::adopt(listeners(parent, file.as_raw_fd()), &bridge, None);
        assert!(adopted.bridge.is_none());
        // Of a parent that has ended: the largest process id is not in use.
        let number = listener.try_clone().unwrap().into_raw_fd();
        let adopted = AdoptedListeners::adopt(listeners(i32::MAX as u32, number), &bridge, None);
        assert!(adopted.bridge.is_some());
        // A dashboard needs a socket of its own.
        let number = listener.try_clone().unwrap().into_raw_fd();
        let adopted = AdoptedListeners::adopt(listeners(parent, number), &bridge, Some(&other));
        assert!(adopted.bridge.is_none());
        let number = listener.try_clone().unwrap().into_raw_fd();
        let adopted = AdoptedListeners::adopt(listeners(parent, number), &bridge, None);
        assert_eq!(adopted.bridge.unwrap().local_addr().unwrap(), address);
    }
}
