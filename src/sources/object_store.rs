//! Settings and credentials of object stores: the variables of AWS, Google Cloud and Azure, and the static keys of an
//! AWS profile.

use std::{collections::BTreeMap, path::Path};

use loom_mirror::{ObjectOptions, VARIABLES};
use loom_source::Scheme;

use super::aws_profile::AwsProfile;
use crate::config::{Env, MirrorSource};

/// The options of the mirror; without any variable where it is not in a bucket.
pub(super) fn options(mirror: &MirrorSource, env: &Env, home: Option<&Path>) -> ObjectOptions {
    let MirrorSource { anonymous, region, endpoint, path_style, .. } = mirror;
    let mut options = ObjectOptions {
        anonymous: *anonymous,
        region: region.clone(),
        endpoint: endpoint.clone(),
        path_style: *path_style,
        variables: BTreeMap::new(),
        unusable: None,
    };
    let prefixes: &[&str] = match mirror.scheme() {
        Some(Scheme::S3) => &["AWS_"],
        Some(Scheme::Gs) => &["GOOGLE_", "STORAGE_"],
        Some(Scheme::Az) => &["AZURE_"],
        _ => return options,
    };
    for name in VARIABLES.iter().filter(|name| prefixes.iter().any(|p| name.starts_with(p))) {
        if let Some(value) = env.get(name) {
            options.variables.insert((*name).to_owned(), value.into());
        }
    }
    match mirror.scheme() {
        Some(Scheme::S3) => add_aws_profile(&mut options, env, home),
        Some(Scheme::Gs) => add_google_login(&mut options, home),
        _ => {}
    }
    options
}

/// Adds the settings of the AWS profile; variables take precedence.
fn add_aws_profile(options: &mut ObjectOptions, env: &Env, home: Option<&Path>) {
    if env
        .get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"))
    {
        options.variables.retain(|name, _| !name.starts_with("AWS_ENDPOINT_URL"));
    }
    let named = env.get("AWS_PROFILE");
    let profile = match AwsProfile::read(named.unwrap_or("default"), env, home) {
        Ok(profile) => profile,
        Err(why) => {
            options.unusable = named.map(|_| why);
            return;
        }
    };
    let mut add = |name: &str, key: &str| {
        if let Some(value) = profile.values.get(key)
            && !options.variables.contains_key(name)
        {
            options.variables.insert(name.to_owned(), value.as_str().into());
        }
    };
    if env.get("AWS_DEFAULT_REGION").is_none() {
        add("AWS_REGION", "region");
    }
    if env.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_none() {
        add("AWS_ENDPOINT_URL", "endpoint_url");
    }
    let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
    let has_keys = keys.iter().any(|name| env.get(name).is_some());
    // A role that the environment gives takes precedence over the default profile, as in AWS's tools.
    let has_role = env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && named.is_none();
    if has_keys || has_role {
        return;
    }
    if profile.values.contains_key("aws_access_key_id") {
        add("AWS_ACCESS_KEY_ID", "aws_access_key_id");
        add("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key");
        add("AWS_SESSION_TOKEN", "aws_session_token");
    } else if named.is_some() {
        options.unusable = Some(profile.without_keys());
    }
}

/// Adds the file that `gcloud auth application-default login` writes, where the environment has no credentials.
fn add_google_login(options: &mut ObjectOptions, home: Option<&Path>) {
    let variables =
        ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY"];
    if variables.iter().any(|name| options.variables.contains_key(*name)) {
        return;
    }
    let file = home.map(|home| home.join(".config/gcloud/application_default_credentials.json"));
    if let Some(file) = file.filter(|file| file.exists())
        && let Some(text) = file.to_str()
    {
        options.variables.insert(variables[0].to_owned(), text.into());
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    const CREDENTIALS: &str = "[default]\naws_access_key_id = DEFAULT\naws_secret_access_key=abc#;=/+ ; why\n\
        [corp]\naws_access_key_id=CORP\naws_secret_access_key=def\naws_session_token=tok\n";
    const CONFIG: &str = "# mine\n[default]\nregion = eu-west-1\n[profile  corp]\nregion=eu-west-2\n\
        endpoint_url = https://s3.corp\ns3 =\n  addressing_style = path\n[profile sso]\nsso_session = x\n";

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".aws")).unwrap();
        std::fs::write(home.path().join(".aws/credentials"), CREDENTIALS).unwrap();
        std::fs::write(home.path().join(".aws/config"), CONFIG).unwrap();
        home
    }

    fn collected(env: &[(&str, &str)]) -> (BTreeMap<String, String>, Option<String>) {
        let home = home();
        let mirror = MirrorSource::new("s3://bucket".parse().unwrap());
        let options = options(&mirror, &env.iter().copied().collect(), Some(home.path()));
        let plain = |(name, value): (String, secrecy::SecretString)| {
            (name, value.expose_secret().to_owned())
        };
        (options.variables.into_iter().map(plain).collect(), options.unusable)
    }

    #[track_caller]
    fn holds(env: &[(&str, &str)], expected: &[(&str, &str)]) {
        let (variables, unusable) = collected(env);
        let pairs: Vec<_> = variables.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!((pairs.as_slice(), unusable), (expected, None));
    }

    #[test]
    fn a_profile_adds_to_the_environment() {
        let default = [
            ("AWS_ACCESS_KEY_ID", "DEFAULT"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", "abc#;=/+"),
        ];
        holds(&[("GOOGLE_SERVICE_ACCOUNT", "not for s3"), ("HOME", "x")], &default);
        holds(
            &[("AWS_PROFILE", "corp")],
            &[
                ("AWS_ACCESS_KEY_ID", "CORP"),
                ("AWS_ENDPOINT_URL", "https://s3.corp"),
                ("AWS_REGION", "eu-west-2"),
                ("AWS_SECRET_ACCESS_KEY", "def"),
                ("AWS_SESSION_TOKEN", "tok"),
            ],
        );
        let own =
            [("AWS_ACCESS_KEY_ID", "OWN"), ("AWS_REGION", "x"), ("AWS_SECRET_ACCESS_KEY", "y")];
        holds(&own, &own);
        let role = [("AWS_REGION", "x"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/f")];
        holds(&role, &role);
    }

    #[test]
    fn a_profile_without_keys_is_not_replaced_by_another() {
        for (profile, why) in [("sso", "but a sso_session"), ("missing", "no profile \"missing\"")]
        {
            let (variables, unusable) = collected(&[("AWS_PROFILE", profile)]);
            assert!(unusable.as_deref().unwrap_or_default().contains(why), "{unusable:?}");
            assert!(!variables.contains_key("AWS_ACCESS_KEY_ID"), "another profile's keys");
        }
    }

    #[test]
    fn configured_endpoints_can_be_ignored() {
        let env = [
            ("AWS_ENDPOINT_URL", "https://x"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"),
            ("AWS_PROFILE", "corp"),
        ];
        assert!(!collected(&env).0.contains_key("AWS_ENDPOINT_URL"));
    }
}
