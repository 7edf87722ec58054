//! The progress line on a terminal.

use std::time::Duration;

use crate::support::{Fault, Packing, Plain, Run, Sandbox, Server, Sums, program};

const SIZE: usize = 4 << 20;

/// Runs `loom` on a terminal of this width (by `script`, of the package bsdutils) and returns its output.
fn on_terminal(sandbox: &Sandbox, columns: usize, args: &[&str]) -> Run {
    let loom = Sandbox::program();
    let line = format!("stty rows 24 cols {columns}; exec {} {}", loom.display(), args.join(" "));
    let mut command = sandbox.command("script");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm");
    sandbox.start(args, command).wait()
}

fn slow_mirror() -> (Plain, Server) {
    let mirror = Plain::empty();
    mirror.add("0.2.0", Packing::TarGz, &program::large("0.2.0", SIZE), Sums::Sidecar);
    let server = Server::serve(mirror.path());
    server.fault(".tar.gz", Fault::Drip(256 << 10, Duration::from_millis(30)));
    (mirror, server)
}

#[test]
fn a_progress_line_never_wraps() {
    for columns in [20, 40, 120] {
        let (sandbox, (_mirror, server)) = (Sandbox::new(), slow_mirror());
        let run = on_terminal(&sandbox, columns, &["get", "0.2.0", "--source", &server.url()]).ok();
        let shown = run.stdout();
        let drawn: Vec<&str> = shown
            .split('\n')
            .flat_map(|line| line.trim_end_matches('\r').split('\r'))
            .filter(|text| text.contains('%') || text.contains("MiB/"))
            .collect();
        assert!(!drawn.is_empty(), "{columns}: {shown:?}");
        for line in drawn {
            assert!(line.chars().count() < columns, "{columns}: {line:?}");
        }
        assert!(shown.contains("fetched "), "{shown:?}");
    }
}

#[test]
fn warnings_and_errors_are_coloured_on_a_terminal() {
    let sandbox = Sandbox::new();
    let run = on_terminal(&sandbox, 80, &["which", "9.9.9"]).code(3);
    assert!(run.stdout().contains("\x1b[1m\x1b[31merror:\x1b[0m"), "{:?}", run.stdout());
    let run = on_terminal(&sandbox, 80, &["get", "--help"]).ok();
    assert!(run.stdout().contains('\x1b'), "{:?}", run.stdout());
}

#[test]
fn only_verified_bytes_are_reported_as_fetched() {
    let (sandbox, mirror, bad) = (Sandbox::new(), Plain::of(&["0.2.0"]), Plain::empty());
    bad.add("0.2.0", Packing::TarGz, &program::small("0.2.0"), Sums::Wrong);
    let get = |url: &str| sandbox.loom(&["get", "0.2.0", "--source", url]);
    get(&bad.url()).code(6).says(&["checksum mismatch"]).never_says(&["fetched "]);
    get(&mirror.url()).ok().says(&["fetched "]);
}

#[test]
fn a_kept_archive_is_no_download() {
    let (sandbox, mirror) = (Sandbox::new(), Plain::of(&["0.2.0"]));
    let config = sandbox.home().join(".config/loom/config.toml");
    sandbox.write(config, "[store]\nkeep_archives = true\n");
    sandbox.loom(&["get", "0.2.0", "--source", &mirror.url()]).ok();
    std::fs::remove_dir_all(sandbox.state()).unwrap();
    std::fs::remove_dir_all(sandbox.cache().join("verifications")).unwrap();
    let run = sandbox.loom(&["get", "--offline", "0.2.0"]).ok();
    run.says(&["it was verified again from the kept archive"]).never_says(&["fetch", "objects/"]);
}
