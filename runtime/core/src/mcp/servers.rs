//! All of them.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Backoff, McpServerConfig, life::Life};
use crate::registry::Registry;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From a server's start to its list of tools; programs such as `npx` may have to fetch it first.
    pub start: Duration,
    /// How long a server that left a call unanswered may give no sign of life at all.
    pub silence: Duration,
    /// When one that ended is started again.
    pub backoff: Backoff,
}

impl Default for Pace {
    fn default() -> Self {
        let (start, silence) = (Duration::from_secs(120), Duration::from_secs(60));
        Self { start, silence, backoff: Backoff::default() }
    }
}

/// The servers of a runtime. Dropped, they are killed; [`Servers::stop`] is kinder.
#[derive(Debug, Default)]
pub struct McpServers {
    stop: CancellationToken,
    lives: JoinSet<()>,
}

impl McpServers {
    /// Starts them, each beside the others, and offers their tools as they come; waits for nothing.
    pub fn start(specs: Vec<McpServerConfig>, registry: &Arc<Registry>, pace: Pace) -> Self {
        let mut servers = Self::default();
        for spec in specs {
            let life = Life::new(spec, pace, registry, servers.stop.clone());
            servers.lives.spawn(life.live());
        }
        servers
    }

    /// Ends them all, in a few seconds at most.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.lives.join_next().await.is_some() {}
    }
}
