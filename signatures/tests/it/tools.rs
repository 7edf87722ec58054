//! Both ways with the programs of others: they accept what this crate makes, and it accepts what they make.
//!
//! | module | program |
//! |---|---|
//! | `minisign` | `minisign` |
//! | `gpg`, `gpg_keys` | `gpg` |
//! | `openssl` | `openssl` |
//! | `node` | `@sigstore/verify` and `@sigstore/sign` |

mod gpg;
mod gpg_keys;
mod minisign;
mod node;
mod openssl;

use std::{fs, path::Path, process::Command};

/// What the tests sign.
const CONTENT: &[u8] = b"the bytes of a release\n";

/// A folder with a file `content`, in which the programs work.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("content"), CONTENT).unwrap();
    folder
}

/// Runs a program in a folder; its output, which has to be that of a success.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; `cargo xtask test` installs it"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {text}");
    output.stdout
}

/// Whether a program refuses.
fn refuses(folder: &Path, program: &str, arguments: &[&str]) -> bool {
    !Command::new(program).args(arguments).current_dir(folder).output().unwrap().status.success()
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read_text(folder: &Path, name: &str) -> String {
    String::from_utf8(read(folder, name)).unwrap()
}
