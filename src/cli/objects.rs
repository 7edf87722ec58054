//! Collects what object stores are asked with: the variables of AWS, Google and Azure, and the static keys of an AWS
//! profile.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use loom_mirror::{ObjectOptions, VARIABLES};

use loom_runtime::config::{Disk, Env, Files, SourceKind};

/// What the mirror of this kind is asked with.
pub(crate) fn options(kind: &SourceKind, env: &Env, home: Option<&Path>) -> ObjectOptions {
    let SourceKind::Mirror { url, anonymous, region, endpoint, path_style } = kind else {
        return ObjectOptions::default();
    };
    let mut options = ObjectOptions {
        anonymous: *anonymous,
        region: region.clone(),
        endpoint: endpoint.clone(),
        path_style: *path_style,
        variables: BTreeMap::new(),
        unusable: None,
    };
    let prefix: &[&str] = match url.scheme() {
        "s3" => &["AWS_"],
        "gs" => &["GOOGLE_", "STORAGE_"],
        "az" => &["AZURE_"],
        _ => return options,
    };
    for name in VARIABLES.iter().filter(|name| prefix.iter().any(|p| name.starts_with(p))) {
        if let Some(value) = env.get(name) {
            options.variables.insert((*name).to_owned(), value.into());
        }
    }
    match url.scheme() {
        "s3" => aws(&mut options, env, home),
        "gs" => google(&mut options, home),
        _ => {}
    }
    options
}

/// What a profile adds to the environment, which comes first.
fn aws(options: &mut ObjectOptions, env: &Env, home: Option<&Path>) {
    if env
        .get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .is_some_and(|v| v.eq_ignore_ascii_case("true"))
    {
        options.variables.retain(|name, _| !name.starts_with("AWS_ENDPOINT_URL"));
    }
    let named = env.get("AWS_PROFILE");
    let read = Profile::read(named.unwrap_or("default"), env, home);
    let profile = match read {
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
    let own = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].iter().any(|n| env.get(n).is_some());
    // A role given by the environment comes before a profile that nobody named.
    let role = env.get("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() && named.is_none();
    if own || role {
        return;
    }
    if profile.values.contains_key("aws_access_key_id") {
        add("AWS_ACCESS_KEY_ID", "aws_access_key_id");
        add("AWS_SECRET_ACCESS_KEY", "aws_secret_access_key");
        add("AWS_SESSION_TOKEN", "aws_session_token");
    } else if named.is_some() {
        options.unusable = Some(profile.keyless());
    }
}

/// The file that `gcloud auth application-default login` writes.
fn google(options: &mut ObjectOptions, home: Option<&Path>) {
    let given =
        ["GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY"];
    if given.iter().any(|name| options.variables.contains_key(*name)) {
        return;
    }
    let file = home.map(|home| home.join(".config/gcloud/application_default_credentials.json"));
    if let Some(file) = file.filter(|file| file.is_file())
        && let Some(text) = file.to_str()
    {
        options.variables.insert(given[0].to_owned(), text.into());
    }
}

/// A profile of the files that AWS's own tools share.
struct Profile {
    name: String,
    values: BTreeMap<String, String>,
}

impl Profile {
    /// Reads a profile: what the credentials file says of it comes before what the configuration says.
    fn read(name: &str, env: &Env, home: Option<&Path>) -> Result<Self, String> {
        let place = |variable: &str, file: &str| {
            env.path(variable).or_else(|| Some(home?.join(".aws").join(file)))
        };
        let credentials = place("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = place("AWS_CONFIG_FILE", "config");
        let section = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let (mut values, mut found) = (BTreeMap::new(), false);
        for (file, sections) in [(&config, [section.as_str(), name]), (&credentials, [name, name])]
        {
            let Some(file) = file else { continue };
            let text =
                Disk.read(file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
            for pairs in section_of(&text.unwrap_or_default(), &sections) {
                found = true;
                values.extend(pairs);
            }
        }
        if found {
            return Ok(Self { name: name.to_owned(), values });
        }
        let shown =
            |file: Option<PathBuf>| file.map_or_else(String::new, |f| f.display().to_string());
        Err(format!(
            "the profile {name:?} (AWS_PROFILE) is neither in {} nor in {}",
            shown(credentials),
            shown(config)
        ))
    }

    /// Why a profile without keys is none we can use, and what to do.
    fn keyless(&self) -> String {
        let name = &self.name;
        let ways =
            ["credential_process", "sso_session", "sso_start_url", "role_arn", "credential_source"];
        let way = ways.iter().find(|way| self.values.contains_key(**way));
        let way = way.map_or(String::new(), |way| format!(" but a {way}"));
        format!(
            "the profile {name:?} (AWS_PROFILE) holds no keys{way}; `aws configure export-credentials --profile {name} --format env` prints some"
        )
    }
}

/// The settings of every section of one of these names. What is nested below a setting is left out.
fn section_of(text: &str, names: &[&str]) -> Vec<Vec<(String, String)>> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            let name = name.split(']').next().unwrap_or_default();
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            inside = names.contains(&name.as_str());
            if inside {
                found.push(Vec::new());
            }
        } else if inside
            && !nested
            && !line.starts_with(['#', ';'])
            && let Some((key, value)) = line.split_once('=')
            && let Some(pairs) = found.last_mut()
        {
            // A comment begins after white space only: keys may hold these characters.
            let value = value.split(" #").next().unwrap_or_default();
            let value = value.split(" ;").next().unwrap_or_default().trim();
            pairs.push((key.trim().to_ascii_lowercase(), value.to_owned()));
        }
    }
    found
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
        let kind = SourceKind::mirror("s3://bucket".parse().unwrap());
        let options = options(&kind, &env.iter().copied().collect(), Some(home.path()));
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
    fn a_profile_without_keys_says_what_to_do() {
        for (profile, why) in [("sso", "but a sso_session"), ("nobody", "is neither in")] {
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
