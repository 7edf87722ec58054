//! Which proxies the environment names, by curl's rules.

use secrecy::SecretString;

use super::Env;

/// A variable that is in force, and what it says.
#[derive(Debug, Clone)]
pub struct Given<T> {
    /// Its name, as it was found.
    pub variable: &'static str,
    /// Its value.
    pub value: T,
}

/// The proxies that the environment names. They may hold passwords.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For `https://`.
    pub https: Option<Given<SecretString>>,
    /// For `http://`.
    pub http: Option<Given<SecretString>>,
    /// For both, where nothing more special is given.
    pub all: Option<Given<SecretString>>,
    /// What is asked directly.
    pub no_proxy: Option<Given<String>>,
    /// `HTTP_PROXY`, where it was passed over.
    pub passed_over: Option<&'static str>,
}

impl Proxies {
    /// Lower case stands before upper case, and what is special before what is general.
    ///
    /// curl never reads `HTTP_PROXY` in upper case: a CGI program finds a request's `Proxy` header there
    /// (<https://httpoxy.org>). Nearly everybody else does; it is passed over where a web server started us.
    pub fn of(env: &Env) -> Self {
        let cgi = env.get("REQUEST_METHOD").is_some();
        let http = secret(env, "http_proxy");
        let upper = secret(env, "HTTP_PROXY").filter(|_| http.is_none());
        Self {
            https: secret(env, "https_proxy").or_else(|| secret(env, "HTTPS_PROXY")),
            passed_over: upper.as_ref().map(|given| given.variable).filter(|_| cgi),
            http: http.or(upper.filter(|_| !cgi)),
            all: secret(env, "all_proxy").or_else(|| secret(env, "ALL_PROXY")),
            no_proxy: plain(env, "no_proxy").or_else(|| plain(env, "NO_PROXY")),
        }
    }
}

fn plain(env: &Env, variable: &'static str) -> Option<Given<String>> {
    Some(Given { variable, value: env.get(variable)?.to_owned() })
}

fn secret(env: &Env, variable: &'static str) -> Option<Given<SecretString>> {
    plain(env, variable).map(|Given { variable, value }| Given { variable, value: value.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which variables are in force: for https, http, all, and to go around them.
    fn in_force(set: &[&str]) -> [&'static str; 4] {
        let env: Env = set.iter().map(|name| (*name, "http://proxy.example:1")).collect();
        let proxies = Proxies::of(&env);
        let name = |given: &Option<Given<SecretString>>| given.as_ref().map_or("", |g| g.variable);
        let no_proxy = proxies.no_proxy.as_ref().map_or("", |given| given.variable);
        [name(&proxies.https), name(&proxies.http), name(&proxies.all), no_proxy]
    }

    #[test]
    fn both_cases_are_read_and_lower_stands_before_upper() {
        for (set, found) in [
            (&[][..], ["", "", "", ""]),
            (&["HTTPS_PROXY"], ["HTTPS_PROXY", "", "", ""]),
            (&["https_proxy", "HTTPS_PROXY"], ["https_proxy", "", "", ""]),
            (&["http_proxy", "HTTP_PROXY"], ["", "http_proxy", "", ""]),
            (&["HTTP_PROXY"], ["", "HTTP_PROXY", "", ""]),
            (&["ALL_PROXY", "NO_PROXY"], ["", "", "ALL_PROXY", "NO_PROXY"]),
            (&["ALL_PROXY", "all_proxy"], ["", "", "all_proxy", ""]),
            (&["NO_PROXY", "no_proxy"], ["", "", "", "no_proxy"]),
            (&["HTTP_PROXY", "REQUEST_METHOD"], ["", "", "", ""]),
            (&["http_proxy", "REQUEST_METHOD"], ["", "http_proxy", "", ""]),
            (&["HTTPS_PROXY", "REQUEST_METHOD"], ["HTTPS_PROXY", "", "", ""]),
        ] {
            assert_eq!(in_force(set), found, "{set:?}");
        }
    }

    #[test]
    fn what_is_passed_over_is_said() {
        let env: Env = [("HTTP_PROXY", "x"), ("REQUEST_METHOD", "GET")].into_iter().collect();
        assert_eq!(Proxies::of(&env).passed_over, Some("HTTP_PROXY"));
    }
}
