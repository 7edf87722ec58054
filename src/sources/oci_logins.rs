//! The files in which docker and podman keep logins for registries.

use std::path::{Path, PathBuf};

use loom_oci::CredentialFiles;

use crate::config::Env;

/// The files in the order in which they are read, and what the programs that they name need. No file is read.
///
/// `REGISTRY_AUTH_FILE` replaces all others. Relative paths in variables are not used: a login must not depend on the
/// current folder.
pub(super) fn files(env: &Env, home: Option<&Path>) -> CredentialFiles {
    let folders = env.os("PATH").map(|path| std::env::split_paths(path).collect());
    let variables = env.names().filter_map(|name| Some((name.into(), env.os(name)?.to_owned())));
    CredentialFiles {
        paths: paths(env, home),
        program_folders: folders.unwrap_or_default(),
        environment: variables.collect(),
    }
}

fn paths(env: &Env, home: Option<&Path>) -> Vec<PathBuf> {
    let absolute = |name: &str| env.path(name).filter(|path| path.is_absolute());
    if let Some(file) = absolute("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let in_home = |folder: &str| home.map(|home| home.join(folder));
    let docker = absolute("DOCKER_CONFIG").or_else(|| in_home(".docker"));
    let config = absolute("XDG_CONFIG_HOME").or_else(|| in_home(".config"));
    let podman = [absolute("XDG_RUNTIME_DIR"), config]
        .map(|folder| Some(folder?.join("containers/auth.json")));
    let docker = docker.map(|folder| folder.join("config.json"));
    // A folder that is named for docker says more than the usual places of podman.
    let all = match absolute("DOCKER_CONFIG") {
        Some(_) => [&[docker][..], &podman].concat(),
        None => [&podman[..], &[docker]].concat(),
    };
    all.into_iter().flatten().collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_files_are_those_of_docker_and_podman() {
        let paths = |env: &[(&str, &str)]| {
            let found = paths(&env.iter().copied().collect(), Some(Path::new("/home/ada")));
            found.iter().map(|path| path.display().to_string()).collect::<Vec<_>>()
        };
        let podman = "/home/ada/.config/containers/auth.json";
        assert_eq!(paths(&[]), [podman, "/home/ada/.docker/config.json"]);
        assert_eq!(paths(&[("DOCKER_CONFIG", "/d")]), ["/d/config.json", podman]);
        assert_eq!(paths(&[("DOCKER_CONFIG", "d")]), [podman, "/home/ada/.docker/config.json"]);
        assert_eq!(paths(&[("XDG_RUNTIME_DIR", "/run/1")])[0], "/run/1/containers/auth.json");
        let given = [("REGISTRY_AUTH_FILE", "/a.json"), ("DOCKER_CONFIG", "/d")];
        assert_eq!(paths(&given), ["/a.json"]);
    }
}
