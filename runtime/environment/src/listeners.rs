//! The value of `LOOM_LISTEN_FDS`: listening sockets that the server inherits.

use serde::{Deserialize, Serialize};

/// The listening sockets that a server inherits, in the manner of systemd's `LISTEN_FDS`: numbers of file descriptors.
///
/// The process that starts the server has bound them to the addresses in `LOOM_BRIDGE_ADDR` and `LOOM_DASHBOARD_*`, and
/// keeps them open, so that connections wait while one server ends and the next one starts. A server that takes them
/// says so in its ready file ([`ReadyDocument::inherited`](crate::ReadyDocument::inherited)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InheritedListeners {
    /// The id of the process that the sockets are inherited from. They count for its children alone, not for programs
    /// that these start with the same environment.
    pub parent: u32,
    /// The descriptor of the bridge's socket.
    pub bridge: i32,
    /// The descriptor of the dashboard's socket; absent where the dashboard is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboard: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn the_value_is_a_json_object() {
        let listeners = InheritedListeners { parent: 7, bridge: 5, dashboard: None };
        let text = serde_json::to_string(&listeners).unwrap();
        assert_eq!(text, r#"{"parent":7,"bridge":5}"#);
        assert_eq!(json::read::<InheritedListeners>(&text).unwrap(), listeners);
    }
}
