//! The content of the file that `LOOM_READY_FILE` names.

use serde::{Deserialize, Serialize};

use crate::LoginKey;

/// Where a server listens: `{"bridge": "127.0.0.1:50051", "dashboard": "http://127.0.0.1:3030"}`. The server writes it
/// once both listen; the file is replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadyDocument {
    /// The address of the gRPC listener, `ip:port`.
    pub bridge: String,
    /// The URL of the dashboard; `null` when it is off.
    pub dashboard: Option<String>,
    /// The key of the dashboard's login codes; absent where the dashboard needs no login. The file that holds it can be
    /// read by the server's user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_key: Option<LoginKey>,
    /// Whether the server took the sockets that `LOOM_LISTEN_FDS` names; absent where it did not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inherited: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_has_two_keys_and_readers_ignore_others() {
        let bridge = "127.0.0.1:7".to_owned();
        let document = ReadyDocument { bridge, dashboard: None, login_key: None, inherited: false };
        let text = serde_json::to_string(&document).unwrap();
        assert_eq!(text, r#"{"bridge":"127.0.0.1:7","dashboard":null}"#);
        let newer = r#"{"bridge":"127.0.0.1:7","dashboard":null,"later":1}"#;
        assert_eq!(serde_json::from_str::<ReadyDocument>(newer).unwrap(), document);
    }
}
