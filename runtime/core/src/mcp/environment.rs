//! The part of the runtime's environment that MCP servers inherit.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

/// The inherited variables: what a program needs to find other programs, its home and temporary folders, the user, the
/// language and the time zone. None that may hold a secret: keys, tokens and proxies with passwords are named in the
/// server's table.
#[cfg(not(windows))]
pub const INHERITED: &[&str] = &[
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ",
    "USER",
];

/// The inherited variables: as on other systems, and those without which Windows programs do not start.
#[cfg(windows)]
pub const INHERITED: &[&str] = &[
    "APPDATA",
    "COMSPEC",
    "HOMEDRIVE",
    "HOMEPATH",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "OS",
    "PATH",
    "PATHEXT",
    "PROCESSOR_ARCHITECTURE",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "SYSTEMDRIVE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "USERNAME",
    "USERPROFILE",
    "WINDIR",
];

/// The variables of `environment` that every MCP server inherits.
pub fn inherited(environment: &BTreeMap<OsString, OsString>) -> BTreeMap<OsString, OsString> {
    let is_inherited =
        |(name, _): &(&OsString, &OsString)| INHERITED.iter().any(|known| is_same(name, known));
    let kept = environment.iter().filter(is_inherited);
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(not(windows))]
fn is_same(name: &OsStr, known: &str) -> bool {
    name == known
}

#[cfg(windows)]
fn is_same(name: &OsStr, known: &str) -> bool {
    name.eq_ignore_ascii_case(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_inherited() {
        let environment = [
            ("PATH", "/bin"),
            ("HOME", "/h"),
            ("LOOM_LLM_API_KEY", "hush"),
            ("LOOM_MCP_SERVERS", "hush"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("HTTPS_PROXY", "http://me:hush@h"),
            ("LD_PRELOAD", "x.so"),
            ("NODE_OPTIONS", "--require x"),
        ];
        let environment =
            environment.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        let names: Vec<_> = inherited(&environment).into_keys().collect();
        assert!(names.contains(&"PATH".into()));
        assert!(names.iter().all(|name| name == "PATH" || name == "HOME"), "{names:?}");
    }
}
