//! The GitHub test server conforms to GitHub's own description of its API, and two real clients accept it.

use std::{collections::BTreeSet, fs, process::Command};

use crate::support::{self, Sandbox, hub, node};
use loom_test_support::github::{
    GithubAsset, GithubFault, GithubRelease, GithubServer, GithubService, Repository, ShownDigest,
    TestCertificate,
};
use serde_json::Value;

/// Releases of all kinds, the newest version last.
fn repository() -> Repository {
    let mut repository =
        Repository { renamed_from: Some("old/name".into()), ..Repository::default() };
    let incomplete = GithubAsset { uploaded: false, ..hub::archive("0.1.0") };
    repository.publish(GithubRelease::new("v0.1.0").with(incomplete));
    let old = GithubAsset { shown: ShownDigest::Null, ..hub::archive("0.1.1") };
    repository.publish(GithubRelease::new("v0.1.1").with(old));
    repository.publish(GithubRelease { draft: true, ..GithubRelease::new("v0.4.0") });
    repository.publish(GithubRelease { prerelease: true, ..GithubRelease::new("v0.3.0-rc.1") });
    repository.publish(GithubRelease::new("v0.2.0").with_sidecar(hub::archive("0.2.0")));
    repository
}

/// Requests a path of the API with curl.
fn curl(server: &GithubServer, path: &str, more: &[&str]) {
    let url = format!("{}{path}", server.api_base());
    let output = Command::new("curl").args(["-sS", &url]).args(more).output().unwrap();
    assert!(output.status.success(), "{path}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Sends requests for every route and status of the server.
fn request_everything(server: &GithubServer) {
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
    request_conditionally(server, releases);
    server.repository(|repository| repository.remaining = [Some(0); 2]);
    curl(server, releases, &[]);
}

/// Requests a path twice, the second time with the ETag of the first response; asserts the status 304.
fn request_conditionally(server: &GithubServer, path: &str) {
    let folder = tempfile::tempdir().unwrap();
    let tag = folder.path().join("etag").display().to_string();
    for option in ["--etag-save", "--etag-compare"] {
        curl(server, path, &[option, &tag]);
    }
    assert_eq!(server.transcript().last().unwrap().status, 304);
}

#[test]
fn every_response_conforms_to_githubs_description() {
    let server = GithubServer::start(repository());
    request_everything(&server);
    let transcript = server.transcript();
    let lines: String = transcript.iter().map(|e| format!("{}\n", e.to_json())).collect();
    let output = node::script("github-schema.mjs", &lines);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{report}{}", String::from_utf8_lossy(&output.stderr));
    assert!(report.ends_with(&format!("{} judged, 0 wrong\n", transcript.len())), "{report}");
    let statuses: BTreeSet<u16> = transcript.iter().map(|exchange| exchange.status).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), [200, 301, 302, 304, 401, 403, 404, 429]);
    let routes: BTreeSet<&str> = transcript.iter().map(|exchange| exchange.route).collect();
    assert_eq!(routes.len(), 7, "{routes:?}");
}

#[test]
fn the_conformance_check_detects_errors() {
    let server = GithubServer::start(repository());
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
        let report = String::from_utf8_lossy(&output.stdout);
        assert!(report.contains("1 judged") && !report.contains("0 wrong"), "{bad}\n{report}");
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
fn pygithub_accepts_the_server() {
    // PyGithub follows no redirect to another port.
    let repository = Repository { sends_bytes: true, ..repository() };
    let (sandbox, server) = (Sandbox::new(), GithubServer::start(repository));
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
fn gh_accepts_the_server() {
    let tls = TestCertificate::default();
    let (mut sandbox, server) = (Sandbox::new(), GithubServer::start_tls(repository(), &tls));
    let ca = sandbox.write("ca.pem", &tls.pem);
    let token = server.repository(|repository| repository.token.clone());
    let host = server.base_url().trim_start_matches("https://").to_owned();
    // gh would also send a token in GH_ENTERPRISE_TOKEN to the storage, which rejects it.
    let hosts = format!("{host}:\n    user: octocat\n    oauth_token: {token}\n");
    sandbox.write(sandbox.home().join(".config/gh/hosts.yml"), &hosts);
    sandbox.set("SSL_CERT_FILE", ca);
    sandbox.set("GH_NO_UPDATE_NOTIFIER", "1").set("GH_PROMPT_DISABLED", "1");
    let repo = format!("{host}/o/r");
    let gh = |args: &[&str]| {
        let output = sandbox.command("gh").args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "gh {args:?}: {stderr}");
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
