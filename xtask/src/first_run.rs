//! How long a newcomer waits: from an empty clone, with an empty home folder and a warm registry cache, to the line that
//! says that the runtime is ready.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{command::demand, outcome::Outcome, workspace::Workspace};

/// The target on two cores.
const TARGET: Duration = Duration::from_secs(6 * 60);

/// Clones the repository, runs the first command of its README, and prints how long it takes until the runtime is ready.
/// With `check`, answers whether that is within the target.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Outcome<bool> {
    let folder = workspace.scratch("first-run");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let (clone, home) = (folder.join("loom"), folder.join("home"));
    fs::create_dir_all(&home)?;
    let mut git = Command::new("git");
    demand(git.args(["clone", "--quiet", "--no-local"]).arg(&workspace.root).arg(&clone))?;
    let line = readme_command(&clone)?;
    let mut shell = newcomer_shell(&clone, &home, &line);
    println!("$ {line}");
    let start = Instant::now();
    let mut child = shell.stdout(Stdio::piped()).stdin(Stdio::null()).spawn()?;
    let ready = wait_until_ready(&mut child);
    let took = start.elapsed();
    end(&mut child)?;
    let ready = ready?;
    if !ready {
        return Err(format!("`{line}` ended before the runtime was ready").into());
    }
    let seconds = took.as_secs_f64();
    println!(
        "first run: ready after {:.0} min {:02.0} s (target {} min)",
        (seconds / 60.0).floor(),
        seconds % 60.0,
        TARGET.as_secs() / 60
    );
    Ok(!check || took <= TARGET)
}

/// The first `cargo run` line of the README.
fn readme_command(clone: &Path) -> Outcome<String> {
    let readme = fs::read_to_string(clone.join("README.md"))?;
    let line = readme.lines().map(str::trim).find(|line| line.starts_with("cargo run"));
    let line = line.ok_or("README.md has no line that starts with `cargo run`")?;
    Ok(line.split(" #").next().unwrap_or(line).trim().to_owned())
}

/// A shell in `clone` with an empty home; only the toolchain, the registry cache and the path are kept.
fn newcomer_shell(clone: &Path, home: &Path, line: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec {line}")]).current_dir(clone).env_clear().env("HOME", home);
    for (variable, below_home) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let kept = std::env::var_os(variable).map(PathBuf::from);
        if let Some(folder) = kept.or_else(|| Some(std::env::home_dir()?.join(below_home))) {
            shell.env(variable, folder);
        }
    }
    if let Some(path) = std::env::var_os("PATH") {
        shell.env("PATH", path);
    }
    shell
}

/// Passes on what the program prints; answers whether it said that the runtime is ready before it ended.
fn wait_until_ready(child: &mut Child) -> Outcome<bool> {
    let Some(output) = child.stdout.take() else { return Ok(false) };
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if line.contains("dashboard") && line.contains("http://") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Ends the runtime. With SIGTERM: SIGINT is ignored by what a script starts in the background.
fn end(child: &mut Child) -> Outcome {
    let process = child.id().to_string();
    // A process that has ended cannot be signalled, and is waited for all the same.
    let _ = Command::new("kill").args(["-TERM", &process]).status()?;
    child.wait()?;
    Ok(())
}
