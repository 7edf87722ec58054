//! Suggestions for words that other tools use for our commands.

use clap::{
    builder::StyledStr,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};

use super::color;

/// Words that users type, and the command that each of them means here.
const SYNONYMS: &[(&[&str], &str)] = &[
    (&["start", "run", "launch", "serve", "begin"], "up"),
    (&["kill", "halt", "quit", "shutdown", "terminate"], "down"),
    (&["ps", "top", "info", "running"], "status"),
    (&["log", "tail"], "logs"),
    (&["traces", "trace"], "runs"),
    (&["replay"], "runs replay"),
    (&["invoke", "tool"], "call"),
    (&["emit", "send", "pub"], "publish"),
    (&["watch", "stream", "subscribe"], "events -f"),
    (&["reload", "reboot"], "restart"),
    (&["with", "shell"], "exec"),
    (&["download", "fetch", "install", "pull", "upgrade", "acquire"], "get"),
    (&["where", "path", "locate"], "which"),
    (&["versions", "installed"], "list"),
    (&["search", "available", "ls-remote", "list-remote"], "list --remote"),
    (&["explain", "history"], "why"),
    (&["default", "switch", "select", "pin", "set"], "use"),
    (&["uninstall", "delete", "del", "erase"], "remove"),
    (&["verify", "fsck"], "store verify"),
    (&["repair", "fix", "heal"], "store repair"),
    (&["optimise", "optimize", "deduplicate"], "store dedup"),
    (&["du", "usage"], "store du"),
    (&["gc", "prune", "clean"], "store gc"),
    (&["add", "import"], "store add"),
    (&["cache"], "store"),
    (&["link"], "dev link"),
    (&["unlink"], "dev unlink"),
    (&["build"], "up --build"),
    (&["sources"], "source list"),
    (&["mirrors"], "mirror"),
    (&["test", "ping"], "source test"),
    (&["diagnose", "check", "health"], "doctor"),
    (&["new", "create", "setup"], "init"),
    (&["settings", "show"], "config show"),
    (&["allow", "approve"], "trust"),
    (&["completion"], "completions"),
    (&["manual", "manpage", "docs"], "man"),
    (&["version"], "--version"),
];

/// The arguments of `loom` that do what `word` means elsewhere.
fn meaning(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    let found = SYNONYMS.iter().find(|(words, _)| words.contains(&word.as_str()));
    found.map(|(_, command)| *command)
}

/// Replaces the suggestion for an unknown command by the command that the word means elsewhere, if it is known.
pub(crate) fn improve(error: &mut Error) {
    if error.kind() != ErrorKind::InvalidSubcommand {
        return;
    }
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let Some(command) = meaning(word) else { return };
    let tip = StyledStr::from(format!("use {}", color::literal(&format!("loom {command}"))));
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command::ALL;

    #[test]
    fn every_word_means_a_command_that_exists_and_is_none_itself() {
        let exists = |word: &str| ALL.iter().any(|entry| entry.is_called(word));
        for (words, command) in SYNONYMS {
            let first = command.split(' ').next().unwrap();
            assert!(exists(first) || first.starts_with("--"), "{command}");
            for word in *words {
                assert!(!exists(word), "{word}");
                assert_eq!(meaning(word), Some(*command), "{word} has two meanings");
            }
        }
        assert_eq!(meaning("Download"), Some("get"));
        assert_eq!(meaning("upp"), None);
    }
}
