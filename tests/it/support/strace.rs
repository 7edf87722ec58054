//! The system calls of one run.

use std::{collections::BTreeMap, fs};

use super::{Run, Sandbox};

/// The output of `strace -f`, one call per line.
#[derive(Debug)]
pub struct Trace {
    /// The lines, without process ids.
    pub lines: Vec<String>,
}

impl Sandbox {
    /// Runs `loom` under `strace -f -e EXPRESSION…`.
    pub fn strace(&self, expressions: &[&str], args: &[&str]) -> (Run, Trace) {
        let file = tempfile::NamedTempFile::new_in(self.root()).unwrap();
        let mut command = self.command("strace");
        command.args(["-f", "-qq", "-s", "256", "-o"]).arg(file.path());
        for expression in expressions {
            command.args(["-e", expression]);
        }
        command.arg("--").arg(Self::program()).args(args);
        let run = self.start(args, command).wait();
        let text = fs::read(file.path()).unwrap();
        (run, Trace::read(&String::from_utf8_lossy(&text)))
    }
}

impl Trace {
    fn read(text: &str) -> Self {
        let call =
            |line: &str| line.split_once(' ').map(|(_pid, call)| call.trim_start().to_owned());
        Self { lines: text.lines().filter_map(call).collect() }
    }

    /// The calls of this name, with arguments and results.
    pub fn calls(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}(");
        self.lines.iter().map(String::as_str).filter(|l| l.starts_with(&prefix)).collect()
    }

    /// The number of calls by name.
    pub fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        let names = self.lines.iter().filter_map(|line| line.split_once('(').map(|(name, _)| name));
        for name in names.filter(|n| n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')) {
            *counts.entry(name).or_default() += 1;
        }
        counts
    }

    /// The calls that take or test a lock.
    pub fn locks(&self) -> Vec<&str> {
        let locks = |line: &&str| {
            line.starts_with("flock(") || line.contains("F_SETLK") || line.contains("F_OFD_SETLK")
        };
        self.lines.iter().map(String::as_str).filter(locks).collect()
    }

    /// The calls that start a thread or a process.
    pub fn clones(&self) -> Vec<&str> {
        let names = ["clone", "clone3", "fork", "vfork"];
        names.iter().flat_map(|name| self.calls(name)).collect()
    }
}
