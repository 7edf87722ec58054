//! Real proxies before a real TLS server, whose name only they know.

use crate::support::{
    self, Nginx, Packing, Plain, Run, Sandbox, Server, plain,
    proxies::{self, NAME, Proxy},
};

/// A mirror beyond this machine, as far as `loom` can tell.
struct Far {
    sandbox: Sandbox,
    nginx: Nginx,
    _mirror: Plain,
}

impl Far {
    fn new() -> Self {
        let mirror = Plain::of(&["0.2.0"]);
        let nginx = Nginx::serve_tls(mirror.path(), &[NAME], "");
        let mut sandbox = Sandbox::direct();
        sandbox.set("SSL_CERT_FILE", nginx.certificate());
        let mut sandbox = Sandbox::new();
        // The sandbox's own leads nowhere.
        sandbox.unset("HTTPS_PROXY").set("SSL_CERT_FILE", nginx.certificate());
        Self { sandbox, nginx, _mirror: mirror }
    }

    fn url(&self) -> String {
        format!("https://{NAME}:{}", self.nginx.port())
    }

    fn get(&self) -> Run {
        self.sandbox.loom(&["get", "--version", "0.2.0", "--source", &self.url()])
    }

    /// The same where the name is known without a proxy.
    fn get_knowing(&self) -> Run {
        let unshare = self.sandbox.command("unshare");
        let mut command = proxies::knowing(unshare, self.sandbox.root(), Sandbox::program());
        let args = ["get", "--version", "0.2.0", "--source", &self.url()];
        command.args(args);
        self.sandbox.start(&args, command).wait()
    }

    fn asked(&self) -> usize {
        self.nginx.log().len()
    }
}

#[test]
fn an_http_proxy_with_a_login_in_either_case_of_the_variable() {
    let proxy = Proxy::http();
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let mut far = Far::new();
        far.sandbox.set(variable, proxy.url("http"));
        far.get().ok().never_says(&["s3cret"]);
        assert!(far.asked() > 0, "{variable}");
    }
    assert!(proxy.log().contains(&format!("CONNECT {NAME}:")), "{}", proxy.log());
}

#[test]
fn a_socks_proxy_finds_the_name_itself_or_is_given_an_address() {
    let proxy = Proxy::socks();
    let mut far = Far::new();
    far.sandbox.set("HTTPS_PROXY", proxy.url("socks5h"));
    far.get().ok();
    let mut near = Far::new();
    near.sandbox.set("ALL_PROXY", proxy.url("socks5"));
    near.get().code(5);
    near.get_knowing().ok();
    assert!(proxy.log().contains("127.0.0.1"), "{}", proxy.log());
}

#[test]
fn a_proxy_that_does_not_know_us_says_so_and_the_password_is_shown_nowhere() {
    let (http, socks) = (Proxy::http(), Proxy::socks());
    let nameless = http.url("http").replace("user:s3cret@", "");
    let wanted = ["it requires a user and a password", "HTTPS_PROXY=http://USER:PASSWORD@"];
    for (url, code, said) in [
        (nameless, 4, &wanted[..]),
        (socks.stranger("socks5h"), 4, &wanted),
        // tinyproxy says 401 to those, and might say the same of anything.
        (http.stranger("http"), 5, &["the proxy refused the connection"]),
    ] {
        let mut far = Far::new();
        far.sandbox.set("HTTPS_PROXY", url);
        far.get().code(code).says(said).never_says(&["user:wrong"]);
        assert_eq!(far.asked(), 0);
    }
}

#[test]
fn no_proxy_goes_around_it_in_either_case() {
    let proxy = Proxy::http();
    for variable in ["NO_PROXY", "no_proxy"] {
        for names in ["mirror.test", "other.example, .test", "*"] {
            let mut far = Far::new();
            far.sandbox.set("HTTPS_PROXY", proxy.url("http")).set(variable, names);
            far.get_knowing().ok();
            assert!(far.asked() > 0);
        }
    }
    assert!(!proxy.log().contains("CONNECT mirror"), "{}", proxy.log());
    let mut far = Far::new();
    far.sandbox.set("HTTPS_PROXY", proxy.url("http")).set("NO_PROXY", "rror.test");
    far.get_knowing().ok();
    assert!(proxy.log().contains("CONNECT mirror"), "{}", proxy.log());
}

#[test]
fn a_sources_own_proxy_is_for_that_source_and_before_the_environments() {
    let (own, wrong) = (Proxy::http(), support::Unreachable::new());
    let mut far = Far::new();
    far.sandbox.set("HTTPS_PROXY", wrong.url()).set("NO_PROXY", "*");
    let config = format!(
        "[[sources]]\ntype = \"mirror\"\nname = \"far\"\nurl = \"{}\"\nproxy = \"{}\"\nca = \"{}\"\n",
        far.url(),
        own.url("http"),
        far.nginx.certificate().display()
    );
    far.sandbox.unset("SSL_CERT_FILE");
    far.sandbox.write(far.sandbox.home().join(".config/loom/config.toml"), &config);
    far.sandbox.loom(&["get", "--version", "0.2.0"]).ok();
    let shown = far.sandbox.loom(&["config", "show"]).ok().stdout();
    assert!(shown.contains("proxy") && !shown.contains("s3cret"), "{shown}");
    far.sandbox
        .loom(&["get", "--version", "0.2.0", "--force-download", "--source", &far.url()])
        .code(5);
}

#[test]
fn plain_http_goes_through_it_too_and_this_machine_never() {
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
    // A web server's child must not take its proxy from a request's header.
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
fn a_proxy_that_nobody_can_speak_to_is_said_and_not_passed_over() {
    let mut far = Far::new();
    far.sandbox.set("HTTPS_PROXY", "ftp://user:s3cret@proxy.example");
    far.get_knowing().code(2).says(&["the https proxy is not a URL"]).never_says(&["s3cret"]);
    assert_eq!(far.asked(), 0);
}
