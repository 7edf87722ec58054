//! The GitHub that other tests ask is one: its answers are as GitHub's own description of its API has them, and two real
//! clients take it for what it says it is.

use std::{collections::BTreeSet, fs, process::Command};

use crate::support::{self, Sandbox, hub, node};
use loom_test_support::github::{
    GithubAsset, GithubFault, GithubRelease, GithubServer, GithubService, Repository, ShownDigest,
    TestCertificate,
};
use serde_json::Value;

/// Releases of all kinds, the newest version last.
fn shelf() -> Repository {
    let mut shelf = Repository { renamed_from: Some("old/name".into()), ..Repository::default() };
    let half = GithubAsset { uploaded: false, ..hub::archive("0.1.0") };
    shelf.publish(GithubRelease::new("v0.1.0").with(half));
    let old = GithubAsset { shown: ShownDigest::Null, ..hub::archive("0.1.1") };
    shelf.publish(GithubRelease::new("v0.1.1").with(old));
    shelf.publish(GithubRelease { draft: true, ..GithubRelease::new("v0.4.0") });
    shelf.publish(GithubRelease { prerelease: true, ..GithubRelease::new("v0.3.0-rc.1") });
    shelf.publish(GithubRelease::new("v0.2.0").with_sidecar(hub::archive("0.2.0")));
    shelf
}

/// Asks the API for a path as curl does.
fn curl(server: &GithubServer, path: &str, more: &[&str]) {
    let url = format!("{}{path}", server.api_base());
    let output = Command::new("curl").args(["-sS", &url]).args(more).output().unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Asks for everything that the server can answer.
fn ask_everything(server: &GithubServer) {
    let token =
        server.repository(|repository| format!("Authorization: Bearer {}", repository.token));
    let (release, asset) = server.repository(|repository| {
        let release = repository.releases.iter().find(|release| release.tag == "v0.2.0").unwrap();
        (release.id, release.assets[0].id)
    });
    let bytes = ["-H", "Accept: application/octet-stream"];
    let releases = "/repos/o/r/releases";
    for (path, more) in [
        (releases.to_owned(), &[][..]),
        (releases.to_owned(), &["-H", &token]),
        (format!("{releases}?per_page=2&page=2"), &[]),
        (format!("{releases}?per_page=2&page=9"), &[]),
        (format!("{releases}/latest"), &[]),
        (format!("{releases}/tags/v0.1.1"), &[]),
        (format!("{releases}/tags/v9"), &[]),
        (format!("{releases}/{release}"), &[]),
        (format!("{releases}/999"), &[]),
        (format!("{releases}/{release}/assets"), &[]),
        (format!("{releases}/assets/{asset}"), &[]),
        (format!("{releases}/assets/{asset}"), &bytes),
        (format!("{releases}/assets/999"), &[]),
        ("/repos/old/name/releases".to_owned(), &[]),
        ("/repos/o/other/releases".to_owned(), &[]),
        ("/rate_limit".to_owned(), &["-H", &token]),
        (releases.to_owned(), &["-H", "Authorization: Bearer wrong"]),
        (releases.to_owned(), &["-H", "User-Agent:"]),
    ] {
        curl(server, &path, more);
    }
    for fault in
        [GithubFault::secondary_limit(), GithubFault::retry_after(1), GithubFault::single_sign_on()]
    {
        server.fault(GithubService::Api, "releases", fault, 1);
        curl(server, releases, &[]);
    }
    unchanged(server, releases);
    server.repository(|repository| repository.remaining = [Some(0); 2]);
    curl(server, releases, &[]);
}

/// Asks twice, the second time whether anything has changed.
fn unchanged(server: &GithubServer, path: &str) {
    let folder = tempfile::tempdir().unwrap();
    let tag = folder.path().join("etag").display().to_string();
    for way in ["--etag-save", "--etag-compare"] {
        curl(server, path, &[way, &tag]);
    }
    assert_eq!(server.transcript().last().unwrap().status, 304);
}

#[test]
fn every_answer_is_as_github_describes_it() {
    let server = GithubServer::start(shelf());
    ask_everything(&server);
    let transcript = server.transcript();
    let lines: String = transcript.iter().map(|e| format!("{}\n", e.to_json())).collect();
    let output = node::script("github-schema.mjs", &lines);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.ends_with(&format!("{} judged, 0 wrong\n", transcript.len())), "{said}");
    let statuses: BTreeSet<u16> = transcript.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 301, 302, 304, 401, 403, 404, 429]);
    let routes: BTreeSet<&str> = transcript.iter().map(|exchange| exchange.route).collect();
    assert_eq!(routes.len(), 7, "{routes:?}");
}

#[test]
fn the_judge_can_say_no() {
    let server = GithubServer::start(shelf());
    curl(&server, "/repos/o/r/releases/latest", &[]);
    let good = server.transcript()[0].to_json();
    let changes: [fn(&mut Value); 4] = [
        |body| drop(body["assets"][0].as_object_mut().unwrap().remove("digest")),
        |body| body["assets"][0]["state"] = "starter".into(),
        |body| body["published_at"] = "yesterday".into(),
        |body| body["tag"] = "v0.2.0".into(),
    ];
    for change in changes {
        let mut bad = good.clone();
        change(&mut bad["body"]);
        let output = node::script("github-schema.mjs", &bad.to_string());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("1 judged") && !said.contains("0 wrong"), "{bad}\n{said}");
    }
}

const PYGITHUB: &str = r#"
import sys
from github import Auth, Github, GithubException, Consts
base, token, folder = sys.argv[1:]
repo = Github(base_url=base, auth=Auth.Token(token), per_page=2, retry=None, lazy=True).get_repo("o/r")
releases = list(repo.get_releases())
print([(r.tag_name, r.draft, r.prerelease, len(r.assets)) for r in releases])
latest = repo.get_latest_release()
asset = latest.assets[0]
print(latest.tag_name, asset.name, asset.size, asset.digest)
asset.download_asset(folder + "/asset")
for act in [lambda: repo.get_release("v9"), lambda: Github(base_url=base, auth=Auth.Token("wrong"), retry=None, lazy=True).get_repo("o/r").get_releases()[0]]:
    try:
        act()
    except GithubException as error:
        print(type(error).__name__, error.status)
"#;

#[test]
fn pygithub_accepts_it() {
    // It follows no redirect to another port.
    let shelf = Repository { sends_bytes: true, ..shelf() };
    let (sandbox, server) = (Sandbox::new(), GithubServer::start(shelf));
    let (asset, token) =
        server.repository(|repository| (hub::archive("0.2.0"), repository.token.clone()));
    let script = sandbox.write("ask.py", PYGITHUB);
    let mut command = sandbox.command(node::python("python"));
    command.arg(script).args([&server.api_base(), &token]).arg(sandbox.project());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let digest = support::sha256(&asset.bytes);
    let expected = format!(
        "[('v0.2.0', False, False, 2), ('v0.3.0-rc.1', False, True, 0), ('v0.4.0', True, False, 0), \
         ('v0.1.1', False, False, 1), ('v0.1.0', False, False, 1)]\n\
         v0.2.0 {} {} sha256:{digest}\nUnknownObjectException 404\nBadCredentialsException 401\n",
        asset.name,
        asset.bytes.len(),
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert_eq!(fs::read(sandbox.project().join("asset")).unwrap(), asset.bytes);
}

#[test]
fn gh_accepts_it() {
    let tls = TestCertificate::default();
    let (mut sandbox, server) = (Sandbox::new(), GithubServer::start_tls(shelf(), &tls));
    let ca = sandbox.write("ca.pem", &tls.pem);
    let token = server.repository(|repository| repository.token.clone());
    let host = server.base_url().trim_start_matches("https://").to_owned();
    // A token in GH_ENTERPRISE_TOKEN it would show to the storage too, which refuses.
    let hosts = format!("{host}:\n    user: octocat\n    oauth_token: {token}\n");
    sandbox.write(sandbox.home().join(".config/gh/hosts.yml"), &hosts);
    sandbox.set("SSL_CERT_FILE", ca);
    sandbox.set("GH_NO_UPDATE_NOTIFIER", "1").set("GH_PROMPT_DISABLED", "1");
    let repo = format!("{host}/o/r");
    let gh = |args: &[&str]| {
        let output = sandbox.command("gh").args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "gh {args:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    };
    gh(&["release", "download", "v0.2.0", "-R", &repo, "-p", "*.tar.gz", "-D", "down"]);
    let asset = hub::archive("0.2.0");
    assert_eq!(fs::read(sandbox.project().join("down").join(&asset.name)).unwrap(), asset.bytes);
    gh(&["release", "download", "-R", &repo, "-p", "*.sha256", "-D", "latest"]);
    let url = format!("{}/repos/o/r/releases?per_page=2", server.api_base());
    let listed = gh(&["api", "--paginate", &url, "-q", ".[].tag_name"]);
    assert_eq!(listed, "v0.2.0\nv0.3.0-rc.1\nv0.4.0\nv0.1.1\nv0.1.0\n");
}
