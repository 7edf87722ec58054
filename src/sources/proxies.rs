//! The proxies that the environment names, by curl's rules.

use loom_http::ProxySettings;
use secrecy::SecretString;

use crate::config::Env;

/// The value of an environment variable that is in effect.
#[derive(Debug, Clone)]
pub struct VariableValue<T> {
    /// The name of the variable, in the case in which it is set.
    pub variable: &'static str,
    /// Its value.
    pub value: T,
}

/// The proxies that the environment names. They may hold passwords.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// The proxy for `https://`.
    pub https: Option<VariableValue<SecretString>>,
    /// The proxy for `http://`.
    pub http: Option<VariableValue<SecretString>>,
    /// The proxy for both, where no more specific one is set.
    pub all: Option<VariableValue<SecretString>>,
    /// The hosts that are requested without a proxy.
    pub no_proxy: Option<VariableValue<String>>,
    /// `HTTP_PROXY`, if it is set and ignored.
    pub ignored: Option<&'static str>,
}

impl Proxies {
    /// Reads the variables. Lower case takes precedence over upper case, and a specific proxy over the general one.
    ///
    /// curl never reads `HTTP_PROXY` in upper case: a CGI program finds the `Proxy` header of a request there
    /// (<https://httpoxy.org>). Most other programs read it. Here it is ignored only where `REQUEST_METHOD` is set,
    /// which means a CGI program.
    pub fn of(env: &Env) -> Self {
        let cgi = env.get("REQUEST_METHOD").is_some();
        let http = secret(env, "http_proxy");
        let upper = secret(env, "HTTP_PROXY").filter(|_| http.is_none());
        Self {
            https: secret(env, "https_proxy").or_else(|| secret(env, "HTTPS_PROXY")),
            ignored: upper.as_ref().map(|http| http.variable).filter(|_| cgi),
            http: http.or(upper.filter(|_| !cgi)),
            all: secret(env, "all_proxy").or_else(|| secret(env, "ALL_PROXY")),
            no_proxy: plain(env, "no_proxy").or_else(|| plain(env, "NO_PROXY")),
        }
    }

    /// The settings of the HTTP client.
    pub fn settings(&self) -> ProxySettings {
        fn value<T: Clone>(variable: &Option<VariableValue<T>>) -> Option<T> {
            variable.as_ref().map(|variable| variable.value.clone())
        }
        ProxySettings {
            https: value(&self.https),
            http: value(&self.http),
            all: value(&self.all),
            no_proxy: value(&self.no_proxy),
        }
    }
}

fn plain(env: &Env, variable: &'static str) -> Option<VariableValue<String>> {
    Some(VariableValue { variable, value: env.get(variable)?.to_owned() })
}

fn secret(env: &Env, variable: &'static str) -> Option<VariableValue<SecretString>> {
    plain(env, variable)
        .map(|VariableValue { variable, value }| VariableValue { variable, value: value.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variables in effect: for https, http and all proxies, and for no proxy.
    fn in_effect(set: &[&str]) -> [&'static str; 4] {
        let env: Env = set.iter().map(|name| (*name, "http://proxy.example:1")).collect();
        let proxies = Proxies::of(&env);
        let name =
            |proxy: &Option<VariableValue<SecretString>>| proxy.as_ref().map_or("", |p| p.variable);
        let no_proxy = proxies.no_proxy.as_ref().map_or("", |no_proxy| no_proxy.variable);
        [name(&proxies.https), name(&proxies.http), name(&proxies.all), no_proxy]
    }

    #[test]
    fn lower_case_takes_precedence_over_upper_case() {
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
            assert_eq!(in_effect(set), found, "{set:?}");
        }
    }

    #[test]
    fn an_ignored_variable_is_named() {
        let env: Env = [("HTTP_PROXY", "x"), ("REQUEST_METHOD", "GET")].into_iter().collect();
        assert_eq!(Proxies::of(&env).ignored, Some("HTTP_PROXY"));
    }
}
