//! Files of logins, and what helpers print.

use super::{credential_helper, docker_config::DockerConfig};

/// Reads the bytes as a file of logins and as the output of a helper. What is refused shows none of its text.
pub fn logins(data: &[u8]) {
    match DockerConfig::parse(data) {
        Ok(config) => {
            let keepers = config.keepers("registry.example", "loom/loom-bridge-server");
            assert!(keepers.len() <= 3, "{} places for one login", keepers.len());
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.starts_with("not a file of logins (line "), "{text}");
        }
    }
    if let Err(text) = credential_helper::parse(data) {
        assert_eq!(text, "it printed no login");
    }
}
