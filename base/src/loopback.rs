//! Whether a host is this machine.

use std::net::IpAddr;

use url::{Host, Url};

/// Whether only this machine can reach a server on `ip`: `127.0.0.0/8`, `::1` or `::ffff:127.0.0.0/104`.
pub fn is_loopback_ip(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Whether what listens on `host` can be reached from this machine only: `localhost` in any case, `127.0.0.0/8`,
/// `::1` or `::ffff:127.0.0.0/104`. Brackets around an IPv6 address are allowed. No name is resolved.
pub fn is_loopback_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(is_loopback_ip)
}

/// Whether a request to `url` stays on this machine: `localhost`, an address of loopback, or an unspecified one
/// (`0.0.0.0`, `::`), which the operating system takes for loopback when it connects.
pub fn is_loopback_url(url: &Url) -> bool {
    let ip = match url.host() {
        Some(Host::Domain(name)) => return name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical(),
        None => return false,
    };
    ip.is_loopback() || ip.is_unspecified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_to_listen_on() {
        for host in
            ["localhost", "LocalHost", "127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1"]
        {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "", "128.0.0.1"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn urls_to_connect_to() {
        let is_loopback = |text: &str| is_loopback_url(&text.parse().unwrap());
        for near in [
            "http://localhost:1/",
            "http://LOCALHOST/",
            "http://127.9.9.9/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://0.0.0.0/",
            "http://[::]/",
        ] {
            assert!(is_loopback(near), "{near}");
        }
        for far in
            ["http://localhost.example/", "http://128.0.0.1/", "http://10.0.0.1/", "http://[::2]/"]
        {
            assert!(!is_loopback(far), "{far}");
        }
    }
}
