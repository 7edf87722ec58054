//! The commit that a checkout is at, for display and for receipts.

use std::{
    path::Path,
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::process::Command;

/// The commit of a checkout that a program was built from at `built`: `<12 hex>`, with `+dirty` where tracked files
/// differ from the commit.
///
/// `None` where another commit was checked out after the build, `checkout` is not the root of a git repository, has no
/// commit, or git is not installed. None of these prevents a build.
pub async fn commit(checkout: &Path, built: SystemTime) -> Option<String> {
    if !checkout.join(".git").exists() || has_moved_since(checkout, built).await {
        return None;
    }
    let head = git(checkout, &["rev-parse", "--short=12", "HEAD"]).await?;
    let changes = git(checkout, &["status", "--porcelain", "--untracked-files=no"]).await?;
    let suffix = if changes.is_empty() { "" } else { "+dirty" };
    Some(format!("{}{suffix}", head.trim()))
}

/// Whether the checkout has moved to another commit after `built`, as its reflog tells; false where it has none.
async fn has_moved_since(checkout: &Path, built: SystemTime) -> bool {
    let moved =
        git(checkout, &["log", "--walk-reflogs", "-1", "--date=unix", "--format=%gd", "HEAD"])
            .await;
    let seconds = moved.as_deref().and_then(reflog_seconds);
    // The reflog knows seconds only: a move within the second of the build counts as before it.
    seconds.is_some_and(|seconds| UNIX_EPOCH + Duration::from_secs(seconds) > built)
}

/// The seconds in `HEAD@{1764234000}`.
fn reflog_seconds(selector: &str) -> Option<u64> {
    selector.trim().strip_prefix("HEAD@{")?.strip_suffix('}')?.parse().ok()
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
        assert_eq!(commit(folder, SystemTime::now()).await, None, "no repository");
        run(folder, &["init", "--quiet"]).await;
        assert_eq!(commit(folder, SystemTime::now()).await, None, "no commit");
        fs::write(folder.join("a"), "1").unwrap();
        run(folder, &["add", "a"]).await;
        run(folder, &["commit", "--quiet", "-m", "first"]).await;
        let clean = commit(folder, SystemTime::now()).await.unwrap();
        assert_eq!(clean.len(), 12);
        fs::write(folder.join("untracked"), "1").unwrap();
        assert_eq!(commit(folder, SystemTime::now()).await.unwrap(), clean);
        fs::write(folder.join("a"), "2").unwrap();
        assert_eq!(commit(folder, SystemTime::now()).await.unwrap(), format!("{clean}+dirty"));
        fs::create_dir(folder.join("inner")).unwrap();
        let before = SystemTime::now() - Duration::from_secs(60);
        assert_eq!(commit(folder, before).await, None, "committed after the build");
        let inner = folder.join("inner");
        assert_eq!(commit(&inner, SystemTime::now()).await, None, "a folder of another repository");
    }
}
