//! The lines of plugins, for the fuzz targets.

use loom_source::{SkippedEntries, json};

use crate::messages::PluginResponse;

/// Reads a line of a plugin.
pub fn line(line: &[u8]) {
    let Ok(response) = json::strict::<PluginResponse>(line) else { return };
    match response {
        PluginResponse::Offer(Some(offer)) => {
            if let Ok(offer) = offer.into_offer("plugin:x") {
                for artifact in &offer.artifacts {
                    let at = artifact.asset.as_str();
                    assert!(!at.is_empty() && at.len() <= 4096 && !at.contains(char::is_control));
                }
            }
        }
        PluginResponse::Versions(Some(versions)) => {
            let skipped = SkippedEntries::default();
            assert!(versions.read(&skipped).len() <= 10_000);
            let _ = skipped.take();
        }
        other => assert!(!other.name().is_empty()),
    }
}
