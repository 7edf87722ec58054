//! An isolated environment for each test.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use rustix::process::{Pid, Signal};

use super::{BINARY, Run, Running, platform};

/// A home, a project and a clean environment. Runtimes that were started in it are stopped when it is dropped.
#[derive(Debug)]
pub struct Sandbox {
    root: PathBuf,
    env: Vec<(OsString, OsString)>,
    started: AtomicBool,
}

impl Sandbox {
    /// An empty home and an empty project.
    pub fn new() -> Self {
        let root = tempfile::Builder::new().prefix("loom-test-").tempdir().unwrap().keep();
        let root = root.canonicalize().unwrap();
        for folder in ["home", "project", "tmp"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let env = [
            ("PATH", path),
            ("HOME", root.join("home").into()),
            ("TMPDIR", root.join("tmp").into()),
            ("LANG", "C.UTF-8".into()),
            // The default sources are on the internet, which no test may reach.
            ("HTTPS_PROXY", "http://127.0.0.1:1".into()),
        ];
        let env = env.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { root, env, started: AtomicBool::new(false) }
    }

    /// The program under test: `LOOM_TEST_LOOM`, or the one that cargo built for this test.
    pub fn program() -> PathBuf {
        let given = std::env::var_os("LOOM_TEST_LOOM").map(PathBuf::from);
        given.unwrap_or_else(|| env!("CARGO_BIN_EXE_loom").into())
    }

    /// The sandbox's folder, which contains home and project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `$HOME`.
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The current folder of every command.
    pub fn project(&self) -> PathBuf {
        self.root.join("project")
    }

    /// The default cache.
    pub fn cache(&self) -> PathBuf {
        self.home().join(".cache/loom")
    }

    /// Removes the store, whose trees are read-only.
    pub fn remove_cache(&self) {
        let chmod = Command::new("chmod").args(["-R", "u+w"]).arg(self.cache()).status().unwrap();
        assert!(chmod.success());
        fs::remove_dir_all(self.cache()).unwrap();
    }

    /// The default state folder.
    pub fn state(&self) -> PathBuf {
        self.home().join(".local/state/loom")
    }

    /// The link that `get` prints for a version (or `dev`, or `latest`).
    pub fn link(&self, version: &str) -> PathBuf {
        self.cache().join("bin").join(version).join(platform()).join(BINARY)
    }

    /// A new folder beside home and project.
    pub fn folder(&self, name: &str) -> PathBuf {
        let folder = self.root.join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Writes a file; a relative path is relative to the project.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Writes the configuration of the user.
    pub fn write_user_config(&self, text: &str) {
        self.write(self.home().join(".config/loom/config.toml"), text);
    }

    /// Makes a FIFO without a writer; a relative path is relative to the project.
    pub fn fifo(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.project().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        path
    }

    /// Writes the user's configuration with these `[[sources]]`, each an address and further lines.
    pub fn sources(&self, sources: &[(&str, &str)]) {
        let table = |(url, more): &(&str, &str)| {
            format!("[[sources]]\ntype = \"mirror\"\nurl = \"{url}\"\n{more}\n\n")
        };
        let tables: String = sources.iter().map(table).collect();
        self.write_user_config(&tables);
    }

    /// Sets a variable for all further commands.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) -> &mut Self {
        self.unset(name).env.push((name.into(), value.into()));
        self
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.env.retain(|(n, _)| n != name);
        self
    }

    /// `program` in this sandbox's environment and project.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env.iter().cloned()).current_dir(self.project());
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Runs `loom` and waits for it.
    pub fn loom(&self, args: &[&str]) -> Run {
        self.spawn(args).wait()
    }

    /// Runs `loom` without capabilities, so that permissions apply to root too.
    pub fn loom_without_capabilities(&self, args: &[&str]) -> Run {
        let mut command = self.loom_command(args);
        if rustix::process::getuid().is_root() {
            command = self.command("setpriv");
            command.args(["--bounding-set=-all", "--inh-caps=-all", "--"]);
            command.arg(Self::program()).args(args);
        }
        self.start(args, command).wait()
    }

    /// Runs `loom` in another folder than the project and waits for it.
    pub fn loom_in(&self, folder: &Path, args: &[&str]) -> Run {
        let mut command = self.loom_command(args);
        command.current_dir(folder);
        self.start(args, command).wait()
    }

    /// Starts `loom`.
    pub fn spawn(&self, args: &[&str]) -> Running {
        self.start(args, self.loom_command(args))
    }

    /// `loom` with these arguments, not yet started.
    pub fn loom_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(Self::program());
        command.args(args);
        command
    }

    /// Starts a prepared command; runtimes that it leaves running are stopped with the sandbox.
    pub fn start(&self, args: &[&str], command: Command) -> Running {
        if args.iter().any(|a| ["up", "exec", "restart", "rollback"].contains(a)) {
            self.started.store(true, Ordering::Relaxed);
        }
        Running::start(format!("loom {}", args.join(" ")), command)
    }

    /// Asserts that `loom store verify` finds no problem.
    #[track_caller]
    pub fn verify(&self) {
        self.loom(&["store", "verify"]).ok();
    }

    /// The trees in the store, by their digests.
    pub fn trees(&self) -> Vec<String> {
        let mut trees = names(&self.cache().join("store"));
        trees.retain(|name| !name.starts_with('.'));
        trees
    }

    /// The objects in the store, by their digests.
    pub fn objects(&self) -> Vec<String> {
        let objects = self.cache().join("objects/sha256");
        names(&objects).iter().flat_map(|prefix| names(&objects.join(prefix))).collect()
    }

    /// Files below `folder` of the cache, as paths relative to it, sorted.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        collect(&self.cache().join(folder), Path::new(""), &mut found);
        found.sort();
        found
    }

    fn stop_leftovers(&self) {
        if self.started.load(Ordering::Relaxed) {
            let _ = self.loom_command(&["down", "--all"]).output();
            let home: Vec<u8> = format!("HOME={}\0", self.home().display()).into();
            for pid in own_processes(&home) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop_leftovers();
        make_removable(&self.root);
        if let Err(error) = fs::remove_dir_all(&self.root) {
            eprintln!("could not remove {}: {error}", self.root.display());
        }
    }
}

/// The names in a folder, sorted; empty if the folder does not exist.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<_> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn collect(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) {
    for name in names(folder) {
        let (path, relative) = (folder.join(&name), below.join(&name));
        if path.symlink_metadata().unwrap().is_dir() {
            collect(&path, &relative, found);
        } else {
            found.push(relative);
        }
    }
}

/// Makes `folder` and the folders below it writable: trees are read-only, and only root can remove files from them.
pub fn make_removable(folder: &Path) {
    let Ok(metadata) = folder.symlink_metadata() else { return };
    if metadata.is_dir() {
        let _ = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            make_removable(&entry.path());
        }
    }
}

fn own_processes(home: &[u8]) -> Vec<Pid> {
    let pids = names(Path::new("/proc")).into_iter().filter_map(|name| name.parse::<i32>().ok());
    let ours = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(home.len()).any(|window| window == home)
    };
    pids.filter(ours).filter_map(Pid::from_raw).collect()
}
