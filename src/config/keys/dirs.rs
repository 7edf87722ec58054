//! The folders of cache and state, and the paths of the configuration files.

use std::path::{Component, Path, PathBuf};

use crate::{
    config::{
        ConfigError, Inputs, Os, Setting, SettingOrigin,
        any_key::keys,
        key::SettingKey,
        key_row::{KeyFiles, KeyVariable},
        layers::Layers,
    },
    state::{PrivateState, StateDir},
};

keys! {
    /// The folder of the store. By default it is loom in XDG_CACHE_HOME, else in the cache folder of the platform.
    CACHE_DIR: Option<PathBuf> = SettingKey::new(&["cache_dir"], || None)
        .variables(&[KeyVariable::Named(CACHE_VARIABLE)])
        .flag("--cache-dir", |layers, _| {
            let dir = layers.inputs.flags.cache_dir.as_ref()?;
            Some(Some(layers.inputs.cwd.join(dir)))
        })
        .files(KeyFiles::None)
        .example("\"/var/cache/loom\"")
        .adjust(|layers, dir| or_platform(dir, layers.inputs, &CACHE));

    /// The folder for what must outlive the cache. By default it is loom in XDG_STATE_HOME, else in the state folder of the
    /// platform.
    STATE_DIR: Option<PathBuf> = SettingKey::new(&["state_dir"], || None)
        .variables(&[KeyVariable::Named(STATE_VARIABLE)])
        .files(KeyFiles::None)
        .example("\"/var/lib/loom\"")
        .adjust(|layers, dir| or_platform(dir, layers.inputs, &STATE));
}

const CACHE_VARIABLE: &str = "LOOM_CACHE_DIR";
const STATE_VARIABLE: &str = "LOOM_STATE_DIR";

/// Where a platform puts a folder.
struct PlatformFolder {
    /// The variable of the XDG base directory specification.
    xdg: &'static str,
    /// The folder in the home folder on Unix.
    unix: &'static str,
    /// The folder in the home folder on macOS.
    macos: &'static str,
    /// A variable of Windows, and the folder in the one that it names.
    windows: (&'static str, &'static str),
}

const CACHE: PlatformFolder = PlatformFolder {
    xdg: "XDG_CACHE_HOME",
    unix: ".cache/loom",
    macos: "Library/Caches/loom",
    windows: ("LOCALAPPDATA", r"loom\cache"),
};

const STATE: PlatformFolder = PlatformFolder {
    xdg: "XDG_STATE_HOME",
    unix: ".local/state/loom",
    macos: "Library/Application Support/loom",
    windows: ("LOCALAPPDATA", r"loom\state"),
};

const CONFIG: PlatformFolder = PlatformFolder {
    xdg: "XDG_CONFIG_HOME",
    unix: ".config/loom",
    macos: ".config/loom",
    windows: ("APPDATA", "loom"),
};

/// The folder of the store, absolute.
///
/// # Errors
/// [`ConfigError::NoHome`] if neither an option, a variable nor a home folder says where it is.
pub fn cache_dir(inputs: &Inputs) -> Result<Setting<PathBuf>, ConfigError> {
    check_tilde(inputs.flags.cache_dir.as_deref(), "--cache-dir", inputs)?;
    check_tilde(inputs.env.path(CACHE_VARIABLE).as_deref(), CACHE_VARIABLE, inputs)?;
    let dir = CACHE_DIR.resolve(&mut Layers::new(inputs), &[]).transpose();
    dir.ok_or(ConfigError::NoHome { what: "cache", variable: CACHE_VARIABLE })
}

/// The folder for what must outlive the cache, absolute: the one that was opened, where [`Inputs::state`] holds it.
///
/// # Errors
/// [`ConfigError::NoHome`] if neither a variable nor a home folder says where it is.
pub fn state_dir(inputs: &Inputs) -> Result<Setting<StateDir>, ConfigError> {
    let dir = named_state_dir(inputs)?;
    let opened = inputs.state.clone();
    Ok(dir.map(|path| opened.unwrap_or_else(|| StateDir::new(path))))
}

/// Opens the state folder, which must be this user's alone. Nothing is created.
///
/// # Errors
/// As for [`state_dir`], and [`ConfigError::State`] if other users own the folder or can write it.
pub fn open_state(inputs: &Inputs) -> Result<PrivateState, ConfigError> {
    let Setting { value: path, origin } = named_state_dir(inputs)?;
    let home = match &origin {
        SettingOrigin::Env(name) if name == STATE_VARIABLE => None,
        SettingOrigin::Env(_) => path.parent(),
        _ => inputs.home.as_deref(),
    };
    Ok(StateDir::open_private(&path, home)?)
}

fn named_state_dir(inputs: &Inputs) -> Result<Setting<PathBuf>, ConfigError> {
    check_tilde(inputs.env.path(STATE_VARIABLE).as_deref(), STATE_VARIABLE, inputs)?;
    let dir = STATE_DIR.resolve(&mut Layers::new(inputs), &[]).transpose();
    dir.ok_or(ConfigError::NoHome { what: "state", variable: STATE_VARIABLE })
}

/// The user's `config.toml`; `None` without a home folder.
pub fn user_config(inputs: &Inputs) -> Option<PathBuf> {
    Some(platform(inputs, &CONFIG)?.value.join("config.toml"))
}

/// The machine-wide `config.toml`. No variable moves it.
pub fn machine_config(inputs: &Inputs) -> Option<PathBuf> {
    match inputs.os {
        Os::Unix => Some(PathBuf::from("/etc/loom/config.toml")),
        Os::Macos => Some(PathBuf::from("/Library/Application Support/loom/config.toml")),
        Os::Windows => Some(inputs.program_data.as_ref()?.join(r"loom\config.toml")),
    }
}

/// The folder that an option or a variable names, `~` expanded; else that of the platform.
fn or_platform(
    dir: Setting<Option<PathBuf>>,
    inputs: &Inputs,
    folder: &PlatformFolder,
) -> Setting<Option<PathBuf>> {
    let written = match &dir.origin {
        SettingOrigin::Flag(_) => inputs.flags.cache_dir.clone(),
        SettingOrigin::Env(name) => inputs.env.path(name),
        _ => None,
    };
    if let Some(expanded) = written.and_then(|path| expand_tilde(&path, inputs.home.as_deref())) {
        return Setting::new(Some(expanded), dir.origin);
    }
    if dir.value.is_some() {
        return dir;
    }
    platform(inputs, folder).map_or(dir, |dir| dir.map(Some))
}

/// The path below the home folder that `~` or `~/…` names, as a shell expands it; `None` for other paths, and without a
/// home folder.
pub fn expand_tilde(path: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let inside = path.strip_prefix("~").ok()?;
    let home = home.filter(|home| home.is_absolute())?;
    // Joining nothing would add a separator.
    Some(if inside.as_os_str().is_empty() { home.to_owned() } else { home.join(inside) })
}

/// A folder whose name begins with `~` is not what anybody means: no shell expanded it.
fn check_tilde(
    path: Option<&Path>,
    what: &'static str,
    inputs: &Inputs,
) -> Result<(), ConfigError> {
    let Some(path) = path else { return Ok(()) };
    let first = path.components().next();
    let begins =
        matches!(first, Some(Component::Normal(name)) if name.as_encoded_bytes().starts_with(b"~"));
    if begins && expand_tilde(path, inputs.home.as_deref()).is_none() {
        return Err(ConfigError::Tilde { what, path: path.to_owned() });
    }
    Ok(())
}

fn platform(inputs: &Inputs, folder: &PlatformFolder) -> Option<Setting<PathBuf>> {
    of_variable(inputs, folder.xdg, "loom").or_else(|| match inputs.os {
        Os::Unix => in_home(inputs, folder.unix),
        Os::Macos => in_home(inputs, folder.macos),
        Os::Windows => of_variable(inputs, folder.windows.0, folder.windows.1),
    })
}

/// A folder in the one that a variable names. A relative path counts as not set, as XDG requires.
fn of_variable(inputs: &Inputs, name: &str, inside: &str) -> Option<Setting<PathBuf>> {
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
    fn the_variables_of_loom_take_precedence_over_those_of_the_system() {
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
        assert_eq!(state.value, StateDir::new("/x/loom"));
        assert_eq!(state.origin, SettingOrigin::Env("XDG_STATE_HOME".into()));
        let user = user_config(&inputs(Os::Macos, &[])).unwrap();
        assert_eq!(user, PathBuf::from("/h/.config/loom/config.toml"));
    }

    #[test]
    fn a_tilde_is_the_home_folder_or_an_error() {
        for (path, dir) in [
            ("~", Some("/h")),
            ("~/", Some("/h")),
            ("~/a/b", Some("/h/a/b")),
            ("./~/a", Some("/w/./~/a")),
            ("a/~", Some("/w/a/~")),
            ("/w/~/a", Some("/w/~/a")),
            ("~other/a", None),
            ("~a", None),
        ] {
            let env = [("LOOM_CACHE_DIR", path), ("LOOM_STATE_DIR", path)];
            let mut inputs = inputs(Os::Unix, &env);
            let cache = cache_dir(&inputs).ok().map(|dir| dir.value);
            assert_eq!(cache, dir.map(PathBuf::from), "{path}");
            let state = state_dir(&inputs).ok().map(|dir| dir.value.path().to_owned());
            assert_eq!(state, cache, "{path}");
            inputs.flags = Flags { cache_dir: Some(path.into()), ..Flags::default() };
            assert_eq!(cache_dir(&inputs).ok().map(|dir| dir.value), cache, "{path}");
            inputs.home = None;
            assert_eq!(cache_dir(&inputs).is_ok(), !path.starts_with('~'), "{path}");
        }
    }

    #[test]
    fn the_option_takes_precedence() {
        let mut inputs = inputs(Os::Unix, &[("LOOM_CACHE_DIR", "/c")]);
        inputs.flags = Flags { cache_dir: Some("f".into()), ..Flags::default() };
        let found = cache_dir(&inputs).unwrap();
        assert_eq!(found, Setting::new("/w/f".into(), SettingOrigin::Flag("--cache-dir")));
    }

    #[test]
    fn without_a_home_the_error_names_the_variable() {
        let inputs = Inputs { home: None, ..inputs(Os::Unix, &[]) };
        for (error, variable) in [
            (cache_dir(&inputs).unwrap_err(), "LOOM_CACHE_DIR"),
            (state_dir(&inputs).unwrap_err(), "LOOM_STATE_DIR"),
        ] {
            assert!(error.to_string().contains(variable), "{error}");
        }
        assert_eq!(user_config(&inputs), None);
    }

    #[test]
    fn no_variable_moves_the_machine_wide_file() {
        let moved = [("XDG_CONFIG_HOME", "/x"), ("XDG_CONFIG_DIRS", "/x"), ("ProgramData", "/x")];
        for (os, file) in [
            (Os::Unix, Some("/etc/loom/config.toml")),
            (Os::Macos, Some("/Library/Application Support/loom/config.toml")),
            (Os::Windows, None),
        ] {
            assert_eq!(machine_config(&inputs(os, &moved)), file.map(PathBuf::from), "{os:?}");
        }
    }
}
