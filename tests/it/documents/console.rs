//! Runs the console blocks of a page, and compares what they print.

use std::{fs, net::TcpListener};

use super::blocks::{Block, Page};
use crate::support::{Packing, Plain, Running, Sandbox, Server, Sums, platform, program};

/// What the documentation writes instead of the address of the mirror, the home folder and the platform.
const MIRROR: &str = "https://mirror.example/loom";
const HOME: &str = "/srv/ada";
const PLATFORM: &str = "linux-x86_64";

/// A command of a block with the output that the page shows.
struct Command<'p> {
    line: usize,
    text: &'p str,
    expected: Vec<&'p str>,
}

/// A mirror with the releases that the pages use.
pub(super) fn mirror() -> Plain {
    let mirror = Plain::empty();
    mirror.add("0.1.0", Packing::TarGz, &program::small("0.1.0"), Sums::Sidecar);
    mirror.add("0.2.0", Packing::TarGz, &program::server(), Sums::Sidecar);
    mirror
}

/// Runs all console blocks of a page in one shell; answers the differences.
pub(super) fn run(page: &Page, mirror: &Plain) -> Vec<String> {
    let blocks = page.blocks_of("console");
    let commands: Vec<Command<'_>> = blocks.iter().flat_map(commands).collect();
    if commands.is_empty() {
        return Vec::new();
    }
    let (mut sandbox, ports) = sandbox();
    let root = sandbox.folder("www");
    std::os::unix::fs::symlink(mirror.path(), root.join("loom")).unwrap();
    let server = Server::serve(&root);
    let home = sandbox.home().display().to_string();
    let folder = Sandbox::program().parent().unwrap().to_owned();
    let path = std::env::join_paths(
        [folder].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    sandbox.set("PATH", path.unwrap());

    let real =
        [(MIRROR, format!("{}/loom", server.url())), (HOME, home.clone()), (PLATFORM, platform())];
    let mut script = "exec 2>&1\ncd \"$HOME/project\"\n".to_owned();
    for (index, command) in commands.iter().enumerate() {
        let mut text = command.text.to_owned();
        for (shown, real) in &real {
            text = text.replace(shown, real);
        }
        // `$?` is kept for the next command.
        script += &format!("{text}\nstatus=$?; echo; echo '=== {index}'; (exit $status)\n");
    }
    let file = sandbox.home().join("page.sh");
    fs::write(&file, script).unwrap();
    let mut shell = sandbox.command("bash");
    shell.arg(&file);
    // Declared as `up`, so that what it leaves is stopped.
    let running: Running = sandbox.start(&["up"], shell);
    let mut output = running.wait().stdout();
    for (shown, real) in &real {
        output = output.replace(real, shown);
    }
    for (shown, real) in [(":50051", ports[0]), (":3030", ports[1])] {
        output = output.replace(&format!(":{real}"), shown);
    }

    let mut problems = Vec::new();
    let mut rest = &*output;
    for (index, command) in commands.iter().enumerate() {
        let mark = format!("\n=== {index}\n");
        let (printed, after) = rest.split_once(&mark).unwrap_or((rest, ""));
        rest = after;
        // A slow machine reports every few seconds that a download continues.
        let lines = printed.trim_end().lines().filter(|line| !line.starts_with("fetching "));
        let printed: Vec<&str> = lines.map(str::trim_end).collect();
        if !matches(&command.expected, &printed) {
            problems.push(format!(
                "{}:{}: $ {}\n--- the page shows\n{}\n--- it prints\n{}\n",
                page.name,
                command.line,
                command.text,
                command.expected.join("\n"),
                printed.join("\n")
            ));
        }
    }
    problems
}

/// A sandbox with a project in its home, whose runtimes listen on ports that no other test uses.
fn sandbox() -> (Sandbox, [u16; 2]) {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.home().join("project")).unwrap();
    let ports = [free_port(), free_port()];
    let config = format!(
        "[bridge]\naddress = \"127.0.0.1:{}\"\n\n[dashboard]\nport = {}\n",
        ports[0], ports[1]
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    (sandbox, ports)
}

/// A free port below those that the system hands out, so that no test gets it for port 0.
fn free_port() -> u16 {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let used = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let mut taken = TAKEN.lock().unwrap();
    let port = (start..32_000).filter(|port| !taken.contains(port)).find(used);
    let port = port.expect("a free port");
    taken.push(port);
    port
}

static TAKEN: std::sync::Mutex<Vec<u16>> = std::sync::Mutex::new(Vec::new());

fn commands<'p>(block: &Block<'p>) -> Vec<Command<'p>> {
    let mut commands: Vec<Command<'p>> = Vec::new();
    for (offset, line) in block.code.iter().enumerate() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(text), _) => {
                commands.push(Command { line: block.line + offset, text, expected: Vec::new() });
            }
            (None, Some(command)) => command.expected.push(line.trim_end()),
            (None, None) => panic!("line {}: output before a command", block.line),
        }
    }
    for command in &mut commands {
        while command.expected.last().is_some_and(|line| line.is_empty()) {
            command.expected.pop();
        }
    }
    commands
}

/// Whether the printed lines are as expected; a line `…` matches any lines.
pub(super) fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, others)| line_matches(line, first) && matches(rest, others)),
    }
}

/// Whether a printed line is as expected; `…` matches any text.
pub(super) fn line_matches(expected: &str, printed: &str) -> bool {
    let Some((start, rest)) = expected.split_once('…') else { return expected == printed };
    let Some(mut printed) = printed.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = printed.split_once(part) else { return false };
        printed = after;
    }
    printed.ends_with(end)
}
