//! Real proxies in front of a TLS server whose name only the proxies can resolve.

use crate::support::{
    self, Nginx, Packing, Plain, Run, Sandbox, Server, plain,
    proxies::{self, NAME, Proxy},
};

/// A mirror whose name `loom` cannot resolve, so that it is reachable only through a proxy.
struct RemoteMirror {
    sandbox: Sandbox,
    nginx: Nginx,
    _mirror: Plain,
}

impl RemoteMirror {
    fn new() -> Self {
        let mirror = Plain::of(&["0.2.0"]);
        let nginx = Nginx::serve_tls(mirror.path(), &[NAME], "");
        let mut sandbox = Sandbox::direct();
        sandbox.set("SSL_CERT_FILE", nginx.certificate());
        let mut sandbox = Sandbox::new();
        // The sandbox's default proxy refuses connections.
        sandbox.unset("HTTPS_PROXY").set("SSL_CERT_FILE", nginx.certificate());
        Self { sandbox, nginx, _mirror: mirror }
    }

    fn url(&self) -> String {
        format!("https://{NAME}:{}", self.nginx.port())
    }

    fn get(&self) -> Run {
        self.sandbox.loom(&["get", "--version", "0.2.0", "--source", &self.url()])
    }

    /// The same with an `/etc/hosts` that contains the name.
    fn get_with_hosts(&self) -> Run {
        let unshare = self.sandbox.command("unshare");
        let mut command = proxies::with_hosts(unshare, self.sandbox.root(), Sandbox::program());
        let args = ["get", "--version", "0.2.0", "--source", &self.url()];
        command.args(args);
        self.sandbox.start(&args, command).wait()
    }

    fn requests(&self) -> usize {
        self.nginx.log().len()
    }
}

#[test]
fn an_http_proxy_with_a_login_in_either_case_of_the_variable() {
    let proxy = Proxy::http();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let mut remote = RemoteMirror::new();
        remote.sandbox.set(variable, proxy.url("http"));
        remote.get().ok().never_says(&["s3cret"]);
        assert!(remote.requests() > 0, "{variable}");
    }
    assert!(proxy.log().contains(&format!("CONNECT {NAME}:")), "{}", proxy.log());
}

#[test]
fn socks5h_resolves_the_name_at_the_proxy_and_socks5_locally() {
    let proxy = Proxy::socks();
    let mut remote = RemoteMirror::new();
    remote.sandbox.set("HTTPS_PROXY", proxy.url("socks5h"));
    remote.get().ok();
    let mut near = RemoteMirror::new();
    near.sandbox.set("ALL_PROXY", proxy.url("socks5"));
    near.get().code(5);
    near.get_with_hosts().ok();
    assert!(proxy.log().contains("127.0.0.1"), "{}", proxy.log());
}

#[test]
fn rejected_proxy_credentials_are_reported_without_the_password() {
    let (http, socks) = (Proxy::http(), Proxy::socks());
    let without_login = http.url("http").replace("user:s3cret@", "");
    let login_required = ["it requires a user and a password", "HTTPS_PROXY=http://USER:PASSWORD@"];
    for (url, code, expected) in [
        (without_login, 4, &login_required[..]),
        (socks.url_with_wrong_password("socks5h"), 4, &login_required),
        // tinyproxy answers wrong credentials with 401, a status that has other causes too.
        (http.url_with_wrong_password("http"), 5, &["the proxy refused the connection"]),
    ] {
        let mut remote = RemoteMirror::new();
        remote.sandbox.set("HTTPS_PROXY", url);
        remote.get().code(code).says(expected).never_says(&["user:wrong"]);
        assert_eq!(remote.requests(), 0);
    }
}

#[test]
fn no_proxy_bypasses_the_proxy_in_either_case() {
    let proxy = Proxy::http();
    for variable in ["NO_PROXY", "no_proxy"] {
        for names in ["mirror.test", "other.example, .test", "*"] {
            let mut remote = RemoteMirror::new();
            remote.sandbox.set("HTTPS_PROXY", proxy.url("http")).set(variable, names);
            remote.get_with_hosts().ok();
            assert!(remote.requests() > 0);
        }
    }
    assert!(!proxy.log().contains("CONNECT mirror"), "{}", proxy.log());
    let mut remote = RemoteMirror::new();
    remote.sandbox.set("HTTPS_PROXY", proxy.url("http")).set("NO_PROXY", "rror.test");
    remote.get_with_hosts().ok();
    assert!(proxy.log().contains("CONNECT mirror"), "{}", proxy.log());
}

#[test]
fn the_proxy_of_a_source_applies_to_it_only_and_overrides_the_environment() {
    let (own, wrong) = (Proxy::http(), support::Unreachable::new());
    let mut remote = RemoteMirror::new();
    remote.sandbox.set("HTTPS_PROXY", wrong.url()).set("NO_PROXY", "*");
    let config = format!(
        "[[sources]]\ntype = \"mirror\"\nname = \"far\"\nurl = \"{}\"\nproxy = \"{}\"\nca = \"{}\"\n",
        remote.url(),
        own.url("http"),
        remote.nginx.certificate().display()
    );
    remote.sandbox.unset("SSL_CERT_FILE");
    remote.sandbox.write(remote.sandbox.home().join(".config/loom/config.toml"), &config);
    remote.sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    let shown = remote.sandbox.loom(&["config", "show"]).ok().stdout();
    assert!(shown.contains("proxy") && !shown.contains("s3cret"), "{shown}");
    remote
        .sandbox
        .loom(&["get", "--version", "0.2.0", "--force-download", "--source", &remote.url()])
        .code(5);
}

#[test]
fn plain_http_uses_the_proxy_and_loopback_never() {
    let proxy = Proxy::http();
    let mirror = Plain::of(&["0.2.0"]);
    let server = Server::serve(mirror.path());
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let mut sandbox = Sandbox::direct();
    let config = format!(
        "[[sources]]\ntype = \"mirror\"\nurl = \"http://{NAME}:{port}\"\nallow_http = true\n\
         [trust]\nchecksum = \"if-available\"\n"
    );
    sandbox.write(sandbox.home().join(".config/loom/config.toml"), &config);
    for (name, value, code) in
        [("HTTP_PROXY", proxy.url("http"), 0), ("http_proxy", proxy.url("http"), 0)]
    {
        sandbox.set(name, value);
        sandbox.loom(&["get", "--version", "0.2.0", "--force-download"]).code(code);
        sandbox.unset(name);
    }
    assert!(proxy.log().contains(&format!("http://{NAME}:{port}/v0.2.0/")), "{}", proxy.log());
    // In a CGI process (REQUEST_METHOD is set), HTTP_PROXY may come from a request header and is ignored.
    sandbox.set("HTTP_PROXY", proxy.url("http")).set("REQUEST_METHOD", "GET");
    sandbox.loom(&["get", "--version", "0.2.0", "--force-download"]).code(5);
    let before = proxy.log();
    sandbox.set("ALL_PROXY", proxy.url("http"));
    let near = ["get", "--version", "0.2.0", "--force-download", "--source", &server.url()];
    sandbox.loom(&near).ok();
    assert_eq!(proxy.log(), before);
    assert!(server.gets(&plain::asset_path("0.2.0", Packing::TarGz)) > 0);
}

#[test]
fn an_unsupported_proxy_is_an_error_and_not_bypassed() {
    let mut remote = RemoteMirror::new();
    remote.sandbox.set("HTTPS_PROXY", "ftp://user:s3cret@proxy.example");
    remote.get_with_hosts().code(2).says(&["the https proxy is not a URL"]).never_says(&["s3cret"]);
    assert_eq!(remote.requests(), 0);
}
