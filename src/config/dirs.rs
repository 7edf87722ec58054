//! Where cache, state and the user's configuration lie.

use std::path::PathBuf;

use super::{ConfigError, Inputs, Os, Setting, SettingOrigin};

/// The store's folder: `--cache-dir` > `LOOM_CACHE_DIR` > `XDG_CACHE_HOME/loom` > the platform's own.
pub fn cache_dir(inputs: &Inputs) -> Result<Setting<PathBuf>, ConfigError> {
    if let Some(dir) = &inputs.flags.cache_dir {
        return Ok(Setting::new(inputs.cwd.join(dir), SettingOrigin::Flag("--cache-dir")));
    }
    let local = match inputs.os {
        Os::Unix => in_home(inputs, ".cache/loom"),
        Os::Macos => in_home(inputs, "Library/Caches/loom"),
        Os::Windows => variable(inputs, "LOCALAPPDATA", r"loom\cache"),
    };
    named(inputs, "LOOM_CACHE_DIR")
        .or_else(|| variable(inputs, "XDG_CACHE_HOME", "loom"))
        .or(local)
        .ok_or(ConfigError::NoHome { what: "cache", variable: "LOOM_CACHE_DIR" })
}

/// The folder of what must outlive the cache: `LOOM_STATE_DIR` > `XDG_STATE_HOME/loom` > the platform's own.
pub fn state_dir(inputs: &Inputs) -> Result<Setting<PathBuf>, ConfigError> {
    let local = match inputs.os {
        Os::Unix => in_home(inputs, ".local/state/loom"),
        Os::Macos => in_home(inputs, "Library/Application Support/loom"),
        Os::Windows => variable(inputs, "LOCALAPPDATA", r"loom\state"),
    };
    named(inputs, "LOOM_STATE_DIR")
        .or_else(|| variable(inputs, "XDG_STATE_HOME", "loom"))
        .or(local)
        .ok_or(ConfigError::NoHome { what: "state", variable: "LOOM_STATE_DIR" })
}

/// The user's `config.toml`: under `XDG_CONFIG_HOME/loom`, `~/.config/loom` or `%APPDATA%\loom`.
pub fn user_config(inputs: &Inputs) -> Option<PathBuf> {
    let local = match inputs.os {
        Os::Unix | Os::Macos => in_home(inputs, ".config/loom"),
        Os::Windows => variable(inputs, "APPDATA", "loom"),
    };
    let dir = variable(inputs, "XDG_CONFIG_HOME", "loom").or(local)?;
    Some(dir.value.join("config.toml"))
}

/// A folder that a variable of ours names; relative ones begin at the current folder.
fn named(inputs: &Inputs, name: &str) -> Option<Setting<PathBuf>> {
    let dir = inputs.env.path(name)?;
    Some(Setting::new(inputs.cwd.join(dir), SettingOrigin::Env(name.to_owned())))
}

/// A folder under one that the system's variable names; relative ones count as not set, as XDG wants it.
fn variable(inputs: &Inputs, name: &str, inside: &str) -> Option<Setting<PathBuf>> {
    let dir = inputs.env.path(name).filter(|dir| dir.is_absolute())?;
    Some(Setting::new(dir.join(inside), SettingOrigin::Env(name.to_owned())))
}

fn in_home(inputs: &Inputs, inside: &str) -> Option<Setting<PathBuf>> {
    let home = inputs.home.as_ref().filter(|home| home.is_absolute())?;
    Some(Setting::default(home.join(inside)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::config::Flags;

    fn inputs(os: Os, env: &[(&str, &str)]) -> Inputs {
        Inputs {
            env: env.iter().copied().collect(),
            home: Some("/h".into()),
            os,
            cwd: "/w".into(),
            ..Inputs::default()
        }
    }

    #[test]
    fn our_variable_beats_the_systems_and_that_the_platform() {
        let all = [("LOOM_CACHE_DIR", "c"), ("XDG_CACHE_HOME", "/x")];
        for (env, os, dir) in [
            (&all[..], Os::Unix, "/w/c"),
            (&all[1..], Os::Unix, "/x/loom"),
            (&all[1..], Os::Macos, "/x/loom"),
            (&[("XDG_CACHE_HOME", "relative")], Os::Unix, "/h/.cache/loom"),
            (&[("LOOM_CACHE_DIR", "")], Os::Unix, "/h/.cache/loom"),
            (&[], Os::Macos, "/h/Library/Caches/loom"),
        ] {
            let found = cache_dir(&inputs(os, env)).unwrap();
            assert_eq!(found.value, PathBuf::from(dir), "{env:?}");
        }
        let state = state_dir(&inputs(Os::Unix, &[("XDG_STATE_HOME", "/x")])).unwrap();
        assert_eq!(state.value, PathBuf::from("/x/loom"));
        assert_eq!(state.origin, SettingOrigin::Env("XDG_STATE_HOME".into()));
        let user = user_config(&inputs(Os::Macos, &[])).unwrap();
        assert_eq!(user, PathBuf::from("/h/.config/loom/config.toml"));
    }

    #[test]
    fn a_flag_beats_all() {
        let mut inputs = inputs(Os::Unix, &[("LOOM_CACHE_DIR", "/c")]);
        inputs.flags = Flags { cache_dir: Some("f".into()), ..Flags::default() };
        let found = cache_dir(&inputs).unwrap();
        assert_eq!(found, Setting::new("/w/f".into(), SettingOrigin::Flag("--cache-dir")));
    }

    #[test]
    fn without_a_home_the_variable_to_set_is_named() {
        let inputs = Inputs { home: None, ..inputs(Os::Unix, &[]) };
        for (error, variable) in [
            (cache_dir(&inputs).unwrap_err(), "LOOM_CACHE_DIR"),
            (state_dir(&inputs).unwrap_err(), "LOOM_STATE_DIR"),
        ] {
            assert!(error.hint().unwrap().contains(variable));
        }
        assert_eq!(user_config(&inputs), None);
    }
}
