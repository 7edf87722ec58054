//! The commit that a checkout is at, for display and for receipts.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// The commit of a checkout: `<12 hex>`, with `+dirty` where tracked files differ from the commit.
///
/// `None` where `checkout` is not the root of a git repository, has no commit, or git is not installed. None of these
/// prevents a build.
pub async fn commit(checkout: &Path) -> Option<String> {
    if !checkout.join(".git").exists() {
        return None;
    }
    let head = git(checkout, &["rev-parse", "--short=12", "HEAD"]).await?;
    let changes = git(checkout, &["status", "--porcelain", "--untracked-files=no"]).await?;
    let suffix = if changes.is_empty() { "" } else { "+dirty" };
    Some(format!("{}{suffix}", head.trim()))
}

async fn git(checkout: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    // The configuration of a repository may name a program as its file watcher, which must not run here.
    command.args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-C"]);
    command.arg(checkout).args(args);
    for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR"] {
        command.env_remove(variable);
    }
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    async fn run(folder: &Path, args: &[&str]) {
        let identity =
            ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"];
        assert!(git(folder, &[&identity, args].concat()).await.is_some(), "git {args:?}");
    }

    #[tokio::test]
    async fn a_commit_is_marked_where_files_differ() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(commit(folder).await, None, "no repository");
        run(folder, &["init", "--quiet"]).await;
        assert_eq!(commit(folder).await, None, "no commit");
        fs::write(folder.join("a"), "1").unwrap();
        run(folder, &["add", "a"]).await;
        run(folder, &["commit", "--quiet", "-m", "first"]).await;
        let clean = commit(folder).await.unwrap();
        assert_eq!(clean.len(), 12);
        fs::write(folder.join("untracked"), "1").unwrap();
        assert_eq!(commit(folder).await.unwrap(), clean);
        fs::write(folder.join("a"), "2").unwrap();
        assert_eq!(commit(folder).await.unwrap(), format!("{clean}+dirty"));
        fs::create_dir(folder.join("inner")).unwrap();
        assert_eq!(commit(&folder.join("inner")).await, None, "a folder of another repository");
    }
}
