//! The processes of a sandbox, and killing one of them at a system call.

use std::{
    fs,
    os::unix::ffi::OsStrExt as _,
    process::{Child, Stdio},
};

use serde_json::Value;

use super::{Sandbox, program, stage::until};

impl Sandbox {
    /// The ids of the processes that run in this sandbox's environment.
    fn processes(&self) -> Vec<u32> {
        let home = [b"HOME=", self.home().as_os_str().as_bytes()].concat();
        let all = fs::read_dir("/proc").unwrap().flatten();
        let ids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_ours = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == home)
        };
        ids.filter(is_ours).collect()
    }

    /// The ids of the real servers that run.
    pub fn servers(&self) -> Vec<u32> {
        let server = program::server_path().canonicalize().unwrap();
        let is_server = |pid: &u32| {
            fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|program| program == server)
        };
        self.processes().into_iter().filter(is_server).collect()
    }

    /// The id of a process whose arguments contain this one; null where none runs.
    pub fn process_with(&self, argument: &str) -> Value {
        let has_argument = |pid: &u32| {
            let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            arguments.split(|byte| *byte == 0).any(|one| one == argument.as_bytes())
        };
        self.processes().into_iter().find(has_argument).map_or(Value::Null, Value::from)
    }

    /// Kills a process, as `kill -9` does, at its `number`-th call of one of these, from now on. Its children are not
    /// concerned.
    pub fn kill_at(&self, pid: &Value, calls: &str, number: usize) -> KillAt {
        let mut command = self.command("strace");
        command.args(["-qq", "-o", "/dev/null", "-p", &pid.to_string()]);
        command.args(["-e", &format!("trace={calls}")]);
        command.args(["-e", &format!("inject={calls}:signal=KILL:when={number}")]);
        let strace = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("strace follows the process", || {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
            tracer.is_none_or(|tracer| tracer.trim() != "0")
        });
        KillAt(strace)
    }
}

/// Waits for the call at which a process is killed; the process runs on when this is dropped.
pub struct KillAt(Child);

impl Drop for KillAt {
    fn drop(&mut self) {
        let pid = i32::try_from(self.0.id()).unwrap();
        // It lets the process go.
        let _ = rustix::process::kill_process(
            rustix::process::Pid::from_raw(pid).unwrap(),
            rustix::process::Signal::TERM,
        );
        let _ = self.0.wait();
    }
}
