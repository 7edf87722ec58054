//! Reads a profile from the files that AWS's tools share: `~/.aws/config` and `~/.aws/credentials`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::config::{Disk, Env, Files as _};

/// The settings of one profile.
pub(super) struct AwsProfile {
    name: String,
    pub(super) values: BTreeMap<String, String>,
}

impl AwsProfile {
    /// Reads the profile `name`. The credentials file takes precedence over the configuration file.
    pub(super) fn read(name: &str, env: &Env, home: Option<&Path>) -> Result<Self, String> {
        let path = |variable: &str, file: &str| {
            env.path(variable).or_else(|| Some(home?.join(".aws").join(file)))
        };
        let credentials = path("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        let config = path("AWS_CONFIG_FILE", "config");
        let section = if name == "default" { name.to_owned() } else { format!("profile {name}") };
        let mut values = BTreeMap::new();
        let mut found = false;
        for (file, sections) in [(&config, [section.as_str(), name]), (&credentials, [name, name])]
        {
            let Some(file) = file else { continue };
            let text =
                Disk.read(file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
            for pairs in sections_named(&text.unwrap_or_default(), &sections) {
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
            "no profile {name:?} (AWS_PROFILE) in {} or {}",
            shown(credentials),
            shown(config)
        ))
    }

    /// Why a profile without keys cannot be used, and which command prints keys for it.
    pub(super) fn without_keys(&self) -> String {
        let name = &self.name;
        let methods =
            ["credential_process", "sso_session", "sso_start_url", "role_arn", "credential_source"];
        let method = methods.iter().find(|method| self.values.contains_key(**method));
        let method = method.map_or(String::new(), |method| format!(" but a {method}"));
        format!(
            "the profile {name:?} (AWS_PROFILE) holds no keys{method}; `aws configure export-credentials --profile {name} --format env` prints some"
        )
    }
}

/// The settings of every section that has one of these names. Settings nested below another setting are skipped.
fn sections_named(text: &str, names: &[&str]) -> Vec<Vec<(String, String)>> {
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
            // A comment begins only after white space: keys may hold these characters.
            let value = value.split(" #").next().unwrap_or_default();
            let value = value.split(" ;").next().unwrap_or_default().trim();
            pairs.push((key.trim().to_ascii_lowercase(), value.to_owned()));
        }
    }
    found
}
