//! Finds the programs of plugins: `loom-source-<name>` in the absolute folders of PATH that others cannot write.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use loom_plugin::{Plugin, PluginOptions, Program};

use super::{CommandError, context::Context, sources};
use loom_runtime::{
    config::{Env, Resolved, SourceKind, SourceSpec},
    sources::{Candidate, Reach, SourceClass},
    trust::Channel,
};

/// The variables that a plugin is given, besides PATH: where the user lives, how text is written, and how the network
/// is reached. No tokens and no keys: a plugin that needs some is told in its options, or has files of its own.
const PASSED: [&str; 24] = [
    "ALL_PROXY",
    "APPDATA",
    "HOME",
    "HTTPS_PROXY",
    "LANG",
    "LC_ALL",
    "LOCALAPPDATA",
    "LOGNAME",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "USERPROFILE",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The source, not yet started.
pub(crate) fn open(
    context: &Context,
    resolved: &Resolved,
    spec: &SourceSpec,
    name: &str,
) -> Result<Candidate, CommandError> {
    let SourceKind::Plugin { options, .. } = &spec.kind else {
        return Err(CommandError::new(super::Exit::Failure, format!("{spec} is no plugin")));
    };
    let env = context.env();
    let folders = folders(env);
    let plugin = Plugin::open(PluginOptions {
        name: name.to_owned(),
        program: find(name, &folders),
        options: options.as_ref().map_or_else(|| serde_json::json!({}), |free| free.value.clone()),
        environment: environment(env, &folders),
        timeout: spec.timeout,
        total_timeout: spec.total_timeout,
        offline: resolved.offline.value,
    });
    let source = Box::new(plugin);
    // A plugin does not decide how it is treated: it may use the network and is not asked offline.
    let (class, channel) = (SourceClass::Plugin, Channel::Authenticated);
    Ok(sources::candidate(spec, class, channel, Reach::Network, source))
}

/// The absolute folders of PATH.
fn folders(env: &Env) -> Vec<PathBuf> {
    let path = env.path("PATH").unwrap_or_default();
    std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect()
}

fn environment(env: &Env, folders: &[PathBuf]) -> Vec<(OsString, OsString)> {
    let passed = PASSED.iter().filter_map(|name| Some(((*name).into(), env.path(name)?.into())));
    let path = std::env::join_paths(folders).ok().map(|path| ("PATH".into(), path));
    passed.chain(path).collect()
}

/// The first program of this name that nobody else can have put there.
fn find(name: &str, folders: &[PathBuf]) -> Program {
    let file = format!("loom-source-{name}{}", std::env::consts::EXE_SUFFIX);
    let mut refused = Vec::new();
    for folder in folders {
        let program = folder.join(&file);
        if !program.is_file() {
            continue;
        }
        match safe::check(&program) {
            Ok(program) => return Program::At(program),
            Err(why) => refused.push(why),
        }
    }
    let none = format!("there is no program {file} in the absolute folders of PATH");
    let why = if refused.is_empty() { none } else { format!("{none}: {}", refused.join("; ")) };
    Program::Missing(why)
}

#[cfg(unix)]
mod safe {
    use std::{fs, os::unix::fs::MetadataExt as _};

    use super::{Path, PathBuf};

    const STICKY: u32 = 0o1000;

    /// The real path of a program that can be run, where neither it nor a folder above it, by either of its names,
    /// can be written by others.
    pub(super) fn check(program: &Path) -> Result<PathBuf, String> {
        let unreadable = |e| format!("{} cannot be read: {e}", program.display());
        let real = program.canonicalize().map_err(unreadable)?;
        if fs::metadata(&real).map_err(unreadable)?.mode() & 0o111 == 0 {
            return Err(format!("{} is not executable", program.display()));
        }
        for path in program.ancestors().skip(1).chain(real.ancestors()) {
            let metadata = fs::metadata(path).map_err(unreadable)?;
            if let Err(why) = judge(metadata.mode(), metadata.uid(), metadata.gid(), path == real) {
                return Err(format!(
                    "{} is passed over, {} {why}",
                    program.display(),
                    path.display()
                ));
            }
        }
        Ok(real)
    }

    /// Whether others may change what has this mode and owner. In a sticky folder they may not rename what is ours.
    fn judge(mode: u32, owner: u32, group: u32, program: bool) -> Result<(), &'static str> {
        let me = rustix::process::geteuid().as_raw();
        let ours = [0, rustix::process::getegid().as_raw()];
        if owner != 0 && owner != me {
            return Err("belongs to another user");
        }
        let by_others = mode & 0o002 != 0 || mode & 0o020 != 0 && !ours.contains(&group);
        if by_others && (program || mode & STICKY == 0) {
            return Err("can be written by others");
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_others_can_write_is_not_run() {
            let me = rustix::process::geteuid().as_raw();
            let my_group = rustix::process::getegid().as_raw();
            for (mode, owner, group, program, safe) in [
                (0o755, me, my_group, false, true),
                (0o755, 0, 0, true, true),
                (0o775, me, my_group, true, true),
                (0o775, me, my_group + 1, true, false),
                (0o777, me, my_group, false, false),
                (0o1777, 0, 0, false, true),
                (0o1777, me, my_group, true, false),
                (0o755, me + 1, my_group, true, false),
            ] {
                let judged = judge(mode, owner, group, program);
                assert_eq!(judged.is_ok(), safe, "{mode:o} {owner} {group} {program}");
            }
        }
    }
}

#[cfg(not(unix))]
mod safe {
    use super::{Path, PathBuf};

    /// Who may write a folder is the system's own business here.
    pub(super) fn check(program: &Path) -> Result<PathBuf, String> {
        Ok(program.to_owned())
    }
}
