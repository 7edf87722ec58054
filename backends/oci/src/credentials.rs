//! Logins for registries, as docker and podman keep them.
//!
//! | module | holds |
//! |---|---|
//! | `docker_config` | `DockerConfig`: one file of logins (`config.json`, `auth.json`) |
//! | `registry_login` | [`RegistryLogin`]: a login for a registry |
//! | `credential_helper` | runs the programs in which docker keeps logins |
//!
//! What cannot be read only means that the registry is asked without a login: most images are public.

mod credential_helper;
mod docker_config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod registry_login;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use loom_base::bounded_file;
use loom_source::SkippedEntries;

use self::{
    credential_helper::CredentialHelper,
    docker_config::{DockerConfig, Keeper},
};
pub use registry_login::RegistryLogin;

/// The largest file of logins that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The files in which docker and podman keep logins, and what is needed to run the programs that they name.
#[derive(Debug, Clone, Default)]
pub struct CredentialFiles {
    /// The files, in the order in which they are read. The first one with a login for the registry counts.
    pub paths: Vec<PathBuf>,
    /// The folders in which `docker-credential-<name>` is looked for.
    pub program_folders: Vec<PathBuf>,
    /// The environment of these programs.
    pub environment: Vec<(OsString, OsString)>,
}

impl CredentialFiles {
    /// The login for a repository of the registry that docker names `key`; `None` where there is none. What cannot be used
    /// is added to `skipped`. A helper program has the time `limit`.
    pub(crate) async fn login(
        &self,
        key: &str,
        repository: &str,
        limit: Duration,
        skipped: &SkippedEntries,
    ) -> Option<RegistryLogin> {
        for path in &self.paths {
            let config = match bounded_file::read(path, MAX_FILE) {
                Ok(bytes) => DockerConfig::parse(&bytes).map_err(|error| error.to_string()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => Err(error.to_string()),
            };
            match config {
                Ok(config) => {
                    if let Some(login) =
                        self.of_config(&config, key, repository, limit, skipped).await
                    {
                        return Some(login);
                    }
                }
                Err(why) => {
                    skipped.add(&path.display().to_string(), format_args!("{why}; it is not used"))
                }
            }
        }
        None
    }

    async fn of_config(
        &self,
        config: &DockerConfig,
        key: &str,
        repository: &str,
        limit: Duration,
        skipped: &SkippedEntries,
    ) -> Option<RegistryLogin> {
        for keeper in config.keepers(key, repository) {
            let name = match keeper {
                Keeper::File(login) => return Some(login),
                Keeper::Helper(name) => name,
            };
            let Self { program_folders: folders, environment, .. } = self;
            let helper = CredentialHelper { name, folders, environment };
            match helper.login(key, limit).await {
                Ok(Some(login)) => return Some(login),
                Ok(None) => {}
                Err(why) => {
                    let name = format!("docker-credential-{name}");
                    skipped.add(&name, format_args!("{why}; it is asked for no login"));
                }
            }
        }
        if let Some(name) = config.unusable(key, repository) {
            skipped.add(name, "its login in the file of logins cannot be read; it is not used");
        }
        None
    }
}
