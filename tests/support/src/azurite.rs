//! Azurite, Microsoft's emulator of Azure Blob Storage.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// The storage account.
pub const ACCOUNT: &str = "account";

/// The key of the account.
pub const ACCOUNT_KEY: &str = "YW4gYWNjb3VudCBrZXkgZm9yIHRlc3Rz";

/// The container, which is empty at first.
pub const CONTAINER: &str = "container";

const SCRIPT: &str = include_str!("../../node/azurite.mjs");

/// A server; it stops when dropped.
#[derive(Debug)]
pub struct AzuriteServer {
    /// The address that the server listens on: `127.0.0.1:PORT`.
    pub address: String,
    child: Child,
}

impl Drop for AzuriteServer {
    fn drop(&mut self) {
        // The script stops the server when its input ends.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

impl AzuriteServer {
    /// Starts a server, on a port that the operating system picks. The package `azurite` is in the folder that
    /// `LOOM_TEST_NODE` names.
    pub fn start() -> Self {
        let folder =
            std::env::var_os("LOOM_TEST_NODE").expect("LOOM_TEST_NODE; `cargo xtask test` sets it");
        let mut child = Command::new("node")
            .args(["--input-type=module", "--eval", SCRIPT, "--"])
            .arg(folder)
            .args([ACCOUNT, ACCOUNT_KEY, CONTAINER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let address = lines.map_while(Result::ok).next();
        Self { address: address.expect("the script prints the address"), child }
    }
}
