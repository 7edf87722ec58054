//! What of our environment a program gets to see.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

/// What a program needs to run: where programs, home and scratch space are, who runs it, its language and time zone.
/// Nothing that may be a secret: keys, tokens and proxies with passwords are named in the server's table.
#[cfg(not(windows))]
pub const INHERITED: &[&str] = &[
    "HOME", "LANG", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ",
    "USER",
];

/// As on other systems, and without what Windows programs do not start.
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

/// The part of an environment that every program gets.
pub fn inherited(ours: &BTreeMap<OsString, OsString>) -> BTreeMap<OsString, OsString> {
    let kept = |(name, _): &(&OsString, &OsString)| INHERITED.iter().any(|known| is(name, known));
    ours.iter().filter(kept).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(not(windows))]
fn is(name: &OsStr, known: &str) -> bool {
    name == known
}

#[cfg(windows)]
fn is(name: &OsStr, known: &str) -> bool {
    name.eq_ignore_ascii_case(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_stay_here() {
        let ours = [
            ("PATH", "/bin"),
            ("HOME", "/h"),
            ("LOOM_LLM_API_KEY", "hush"),
            ("LOOM_MCP_SERVERS", "hush"),
            ("AWS_SECRET_ACCESS_KEY", "hush"),
            ("HTTPS_PROXY", "http://me:hush@h"),
            ("LD_PRELOAD", "x.so"),
            ("NODE_OPTIONS", "--require x"),
        ];
        let ours = ours.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        let names: Vec<_> = inherited(&ours).into_keys().collect();
        assert!(names.contains(&"PATH".into()));
        assert!(names.iter().all(|name| name == "PATH" || name == "HOME"), "{names:?}");
    }
}
