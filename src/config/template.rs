//! The `loom.toml` that `loom init` writes.

use std::{
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use super::ConfigError;

/// A commented `loom.toml` for a project of this name: it says nothing but the name, and shows the rest.
pub fn template(name: &str) -> String {
    // A JSON string is a TOML basic string as well.
    TEMPLATE.replace("{name}", &serde_json::Value::from(name).to_string())
}

/// Writes the template as `loom.toml` into `folder`, never over a file that is there.
pub fn init(folder: &Path, name: &str) -> Result<PathBuf, ConfigError> {
    let file = folder.join("loom.toml");
    let fail = |source| ConfigError::Write { file: file.clone(), source };
    let mut aside =
        tempfile::Builder::new().prefix(".loom.toml-").make_in(folder, create).map_err(fail)?;
    aside.write_all(template(name).as_bytes()).map_err(fail)?;
    aside.as_file().sync_all().map_err(fail)?;
    match aside.persist_noclobber(&file) {
        Ok(_) => Ok(file),
        Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Err(ConfigError::Exists { file }),
        Err(e) => Err(fail(e.error)),
    }
}

/// A new file with the mode that the user's mask leaves: a project's file is for all who work on it.
fn create(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)
}

const TEMPLATE: &str = r#"# Settings of this Loom project. `loom config show` prints what holds and where each value comes from,
# `loom config check` finds mistakes. Flags and environment variables beat this file.

name = {name}
# version = "0.1.0"
# description = "What this project is about"

[bridge]
# address = "127.0.0.1:50051"    # LOOM_BRIDGE_ADDR, --bridge-port
# mode = "full"                  # or "bridge-only": no dashboard
# version = "latest"             # or "0.2.0", "^0.2"
# timeout_sec = 30

[dashboard]
# enabled = true
# port = 3030
# host = "127.0.0.1"

# A language model. Keep the key out of this file: export DEEPSEEK_API_KEY, or write it into .env.
# [llm.deepseek]
# type = "http"
# api_base = "https://api.deepseek.com"
# model = "deepseek-chat"
# max_tokens = 4096
# temperature = 0.7

# A server of tools.
# [mcp.filesystem]
# command = "npx"
# args = ["-y", "@modelcontextprotocol/server-filesystem", "/tmp"]

# Anything your agents want to know.
# [agents.planner]
# topics = ["analysis.trend", "analysis.risk"]

# Where runtimes come from, first one first. Without any: a cargo build of the Loom checkout where there is
# one, then the releases on GitHub. Others who use this file are asked before they take effect: `loom trust`.
# [[sources]]
# type = "mirror"
# url = "https://mirror.example.com/loom"
# timeout = "10s"

[trust]
# checksum = "required"          # or "if-available"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = init(folder.path(), "one").unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(matches!(init(folder.path(), "two"), Err(ConfigError::Exists { .. })));
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
