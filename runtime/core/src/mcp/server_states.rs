//! The states of all MCP servers, for the dashboard.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::watch;

use super::connection::McpServerState;

/// The state of one server at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct McpServerStatus {
    /// The name of the server.
    pub name: String,
    /// `starting`, `up` or `down`.
    pub state: &'static str,
    /// Why it is down.
    pub reason: Option<String>,
    /// How often it was started again.
    pub restarts: u64,
}

/// The states of the servers. Clones observe the same servers.
#[derive(Debug, Clone, Default)]
pub struct McpServerStates(Vec<ObservedServer>);

#[derive(Debug, Clone)]
struct ObservedServer {
    name: String,
    state: watch::Receiver<McpServerState>,
    restarts: Arc<AtomicU64>,
}

impl McpServerStates {
    pub(super) fn add(
        &mut self,
        name: &str,
        state: watch::Receiver<McpServerState>,
        restarts: Arc<AtomicU64>,
    ) {
        self.0.push(ObservedServer { name: name.to_owned(), state, restarts });
    }

    /// The states now, in the order of the configuration.
    pub fn all(&self) -> Vec<McpServerStatus> {
        self.0.iter().map(ObservedServer::status).collect()
    }
}

impl ObservedServer {
    fn status(&self) -> McpServerStatus {
        let (state, reason) = match &*self.state.borrow() {
            McpServerState::Starting => ("starting", None),
            McpServerState::Up(_) => ("up", None),
            McpServerState::Down { reason, .. } => ("down", Some(reason.clone())),
        };
        let restarts = self.restarts.load(Ordering::Relaxed);
        McpServerStatus { name: self.name.clone(), state, reason, restarts }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[test]
    fn a_server_that_is_down_says_why_and_how_often_it_was_started_again() {
        let (sender, receiver) = watch::channel(McpServerState::Starting);
        let restarts = Arc::new(AtomicU64::new(0));
        let mut states = McpServerStates::default();
        states.add("files", receiver, Arc::clone(&restarts));
        assert_eq!((states.all()[0].state, states.all()[0].restarts), ("starting", 0));
        let reason = "MCP server files ended".to_owned();
        sender.send_replace(McpServerState::Down { reason: reason.clone(), until: Instant::now() });
        restarts.fetch_add(2, Ordering::Relaxed);
        let expected = McpServerStatus {
            name: "files".to_owned(),
            state: "down",
            reason: Some(reason),
            restarts: 2,
        };
        assert_eq!(states.all(), [expected]);
    }
}
