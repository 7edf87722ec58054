//! A process of its own that writes a history: this test program, started again.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The variable that makes a test the child, with what it does.
const ROLE: &str = "LOOM_HISTORY_TEST_ROLE";
/// The variable with the path of the file.
const PATH: &str = "LOOM_HISTORY_TEST_PATH";

/// A command that runs the test `test` as a child with a role. `shell` is executed before, by a shell.
pub(crate) fn command(test: &str, role: &str, path: &Path, shell: Option<&str>) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = match shell {
        None => Command::new(program),
        Some(shell) => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(format!("{shell}; exec \"$0\" \"$@\"")).arg(program);
            command
        }
    };
    command.args(["--exact", test, "--nocapture"]).env(ROLE, role).env(PATH, path);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The file of the child, if this process is the child with this role.
pub(crate) fn path_of(role: &str) -> Option<PathBuf> {
    let is_child = std::env::var(ROLE).is_ok_and(|own| own == role);
    is_child.then(|| std::env::var_os(PATH).unwrap().into())
}
