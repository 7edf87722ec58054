//! [`ProgramOwner`]: what installed the program file of `loom`, judged by the files around it.

use std::{fmt, fs, path::Path};

/// What installed a program file, and so updates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgramOwner {
    /// The user, or a script: `loom self update` may replace it.
    User,
    /// pip, pipx or uv: it is a part of the Python package.
    Pip,
    /// `cargo install`.
    CargoInstall,
    /// `cargo build`, in a checkout.
    CargoBuild,
    /// Homebrew, in a Cellar.
    Homebrew,
    /// Nix or Guix, in their store.
    Nix,
    /// Snap, on a mounted image.
    Snap,
    /// The package manager of the system.
    System,
}

impl ProgramOwner {
    /// Judges a program by its path, which has no symbolic links, and by the files around it.
    ///
    /// # Examples
    /// ```
    /// use loom_runtime::own_program::ProgramOwner;
    /// use std::path::Path;
    ///
    /// assert_eq!(ProgramOwner::of(Path::new("/usr/bin/loom")), ProgramOwner::System);
    /// assert_eq!(ProgramOwner::of(Path::new("/srv/ada/bin/loom")), ProgramOwner::User);
    /// ```
    pub fn of(program: &Path) -> Self {
        let has = |name: &str| program.iter().any(|part| part == name);
        if program.starts_with("/nix/store") || program.starts_with("/gnu/store") {
            Self::Nix
        } else if has("Cellar") {
            Self::Homebrew
        } else if program.starts_with("/snap") {
            Self::Snap
        } else if has("site-packages") || has("dist-packages") || is_of_python(program) {
            Self::Pip
        } else if is_of_cargo_install(program) {
            Self::CargoInstall
        } else if is_of_cargo_build(program) {
            Self::CargoBuild
        } else if is_of_system(program) {
            Self::System
        } else {
            Self::User
        }
    }
}

/// Whether the Python installation beside the folder of the program has the package `loom`.
fn is_of_python(program: &Path) -> bool {
    let Some(base) = program.parent().and_then(Path::parent) else { return false };
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    };
    let mut folders = vec![base.join("Lib/site-packages")];
    for lib in ["lib", "lib64"].map(|lib| base.join(lib)) {
        for version in names(&lib).iter().filter(|name| name.starts_with("python3")) {
            folders.push(lib.join(version).join("site-packages"));
            folders.push(lib.join(version).join("dist-packages"));
        }
    }
    let is_ours = |name: &String| name.starts_with("loom-") && name.ends_with(".dist-info");
    folders.iter().any(|folder| names(folder).iter().any(is_ours))
}

/// Whether the program is in the `bin` of a root of `cargo install`, which keeps a list of its programs.
fn is_of_cargo_install(program: &Path) -> bool {
    let Some(root) = program.parent().and_then(Path::parent) else { return false };
    let list = fs::read_to_string(root.join(".crates.toml")).unwrap_or_default();
    program.parent().is_some_and(|folder| folder.ends_with("bin")) && list.contains("\"loom")
}

/// Whether the program is in a folder into which cargo builds.
fn is_of_cargo_build(program: &Path) -> bool {
    let tag = |folder: &Path| folder.join("CACHEDIR.TAG").is_file();
    let is_target = |folder: &Path| folder.join(".rustc_info.json").is_file() && tag(folder);
    program.ancestors().skip(1).take(4).any(is_target)
}

fn is_of_system(program: &Path) -> bool {
    let system = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/usr/lib", "/usr/libexec"];
    system.iter().any(|folder| program.starts_with(folder))
}

impl fmt::Display for ProgramOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "the user",
            Self::Pip => "the Python package loom",
            Self::CargoInstall => "cargo install",
            Self::CargoBuild => "a cargo build",
            Self::Homebrew => "Homebrew",
            Self::Nix => "Nix",
            Self::Snap => "Snap",
            Self::System => "the package manager of this system",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_judged_by_its_path_and_the_files_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let put = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("venv/lib/python3.11/site-packages/loom-0.2.0.dist-info/RECORD", "");
        put("other/lib/python3.11/site-packages/loomis-0.2.0.dist-info/RECORD", "");
        put("cargo/.crates.toml", "[v1]\n\"loom-runtime 0.2.0 (registry)\" = [\"loom\"]\n");
        put("checkout/target/CACHEDIR.TAG", "");
        put("checkout/target/.rustc_info.json", "{}");
        for (path, owner) in [
            ("venv/bin/loom", ProgramOwner::Pip),
            ("other/bin/loom", ProgramOwner::User),
            ("cargo/bin/loom", ProgramOwner::CargoInstall),
            ("cargo/loom", ProgramOwner::User),
            ("checkout/target/debug/loom", ProgramOwner::CargoBuild),
            ("checkout/target/x86_64-unknown-linux-musl/dist/loom", ProgramOwner::CargoBuild),
            ("checkout/loom", ProgramOwner::User),
        ] {
            assert_eq!(ProgramOwner::of(&root.join(path)), owner, "{path}");
        }
        for (path, owner) in [
            ("/usr/bin/loom", ProgramOwner::System),
            ("/usr/local/bin/loom-that-is-not-here", ProgramOwner::User),
            ("/nix/store/abc-loom/bin/loom", ProgramOwner::Nix),
            ("/opt/homebrew/Cellar/loom/0.2.0/bin/loom", ProgramOwner::Homebrew),
            ("/snap/loom/1/bin/loom", ProgramOwner::Snap),
            ("/srv/x/site-packages/loom/bin/loom", ProgramOwner::Pip),
        ] {
            assert_eq!(ProgramOwner::of(Path::new(path)), owner, "{path}");
        }
    }
}
