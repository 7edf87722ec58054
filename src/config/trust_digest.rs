//! Digests what needs trust: the settings of a project's file, and the entries of `.env` that they use.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use loom_source::Digest;

use super::{
    Withheld,
    dotenv::DotEnv,
    expand::expand,
    guard::GuardedSetting,
    keys::llm,
    toml_text::{canonical, quoted},
    tree::TomlValue,
    trust_scope::{TrustScope, TrustedValue},
};

/// An entry of `.env` that settings use.
struct UsedEntry<'e> {
    name: String,
    value: &'e str,
    line: usize,
    /// Whether only secrets use it. An entry that decides anything else is shown: it may be the program that runs.
    is_secret: bool,
}

/// What the trust of a project covers: these settings of its file, and what they use of its `.env`.
pub(crate) fn trust_scope(
    file: PathBuf,
    settings: &[GuardedSetting],
    dotenv: &DotEnv,
) -> TrustScope {
    let used = used_entries(settings, dotenv);
    let parts = settings.iter().flat_map(|setting| &setting.parts);
    let of_settings = parts.map(|part| TrustedValue {
        key: part.key_path().to_string(),
        value: part.shown(),
        sha256: digest_of(&part.value),
    });
    let order = provider_order(settings);
    let of_order = order.iter().map(|order| TrustedValue {
        key: "order of [llm.*]".to_owned(),
        value: Some(order.clone()),
        sha256: Digest::of(order.as_bytes()),
    });
    let values = of_settings.chain(of_order).chain(used.iter().map(UsedEntry::trusted)).collect();
    TrustScope {
        file,
        digest: digest(settings, order.as_deref(), &used),
        settings: settings.iter().map(GuardedSetting::withheld).collect(),
        dotenv: used.iter().map(UsedEntry::withheld).collect(),
        values,
    }
}

impl UsedEntry<'_> {
    fn key(&self) -> String {
        format!("{} in .env", self.name)
    }

    fn shown(&self) -> Option<String> {
        (!self.is_secret).then(|| quoted(self.value))
    }

    fn withheld(&self) -> Withheld {
        let value = self.shown().unwrap_or_else(|| r#""***""#.to_owned());
        Withheld { line: self.line, key: self.key(), value }
    }

    fn trusted(&self) -> TrustedValue {
        let sha256 = Digest::of(self.value.as_bytes());
        TrustedValue { key: self.key(), value: self.shown(), sha256 }
    }
}

/// The entries of `.env` that the settings name, and the keys of their language model providers, by name. An entry counts
/// whether or not the user's own environment has a variable of its name: trust does not depend on the environment of one
/// run.
fn used_entries<'e>(settings: &[GuardedSetting], dotenv: &'e DotEnv) -> Vec<UsedEntry<'e>> {
    let mut is_secret: BTreeMap<String, bool> = BTreeMap::new();
    for part in settings.iter().flat_map(|setting| &setting.parts) {
        let mut names = BTreeSet::new();
        variables(&part.value, &mut names);
        for name in names {
            let all = is_secret.entry(name).or_insert(true);
            *all &= part.is_secret;
        }
    }
    for name in settings.iter().filter_map(|setting| llm::key_variable(&setting.path)) {
        is_secret.entry(name).or_insert(true);
    }
    let used = is_secret.into_iter().filter_map(|(name, is_secret)| {
        let (value, line) = dotenv.get(&name)?;
        Some(UsedEntry { name, value, line, is_secret })
    });
    used.collect()
}

/// Adds the names of all variables in the texts of a value.
fn variables(value: &TomlValue, names: &mut BTreeSet<String>) {
    match value {
        TomlValue::Text(text) => {
            let found = RefCell::new(Vec::new());
            // A text that cannot be expanded is a problem of the configuration, which ends before anything is used.
            let _ = expand(text, |name| {
                found.borrow_mut().push(name.to_owned());
                Some("")
            });
            names.extend(found.into_inner());
        }
        TomlValue::List(items) => items.iter().for_each(|item| variables(&item.value, names)),
        TomlValue::Table(table) => {
            table.0.iter().for_each(|entry| variables(&entry.node.value, names));
        }
        _ => {}
    }
}

fn digest_of(value: &TomlValue) -> Digest {
    let mut text = String::new();
    canonical(value, &mut text);
    Digest::of(text.as_bytes())
}

/// The names of the language model providers in the order of the file, which decides the default one; `None` where there
/// are fewer than two.
fn provider_order(settings: &[GuardedSetting]) -> Option<String> {
    let is_provider = |setting: &&GuardedSetting| llm::key_variable(&setting.path).is_some();
    let mut providers: Vec<&GuardedSetting> = settings.iter().filter(is_provider).collect();
    providers.sort_by_key(|setting| setting.position);
    let names: Vec<String> = providers
        .iter()
        .filter_map(|setting| setting.path.last())
        .map(|name| quoted(name))
        .collect();
    (names.len() > 1).then(|| names.join(", "))
}

/// The SHA-256 of a line for each setting, with its path and its canonical value, a line for the order of the providers, and
/// a line for each entry of `.env`.
fn digest(settings: &[GuardedSetting], order: Option<&str>, used: &[UsedEntry<'_>]) -> Digest {
    let mut text = String::from("loom-trust 2\n");
    for setting in settings {
        let path: Vec<String> = setting.path.iter().map(|part| quoted(part)).collect();
        text.push_str(&format!("[{}] ", path.join(",")));
        canonical(&setting.value, &mut text);
        text.push('\n');
    }
    if let Some(order) = order {
        text.push_str(&format!(".order {order}\n"));
    }
    for entry in used {
        text.push_str(&format!(".env {} {}\n", quoted(&entry.name), quoted(entry.value)));
    }
    Digest::of(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{guard::guarded, tree::parse};

    fn scope(text: &str, dotenv: &str) -> TrustScope {
        let settings = guarded(&parse(text).unwrap());
        trust_scope("/p/loom.toml".into(), &settings, &DotEnv::parse(dotenv).0)
    }

    #[test]
    fn the_keys_of_its_providers_are_covered_and_not_shown() {
        let of = |dotenv: &str| scope("[llm.d-1]\nmodel = 'm'\n", dotenv);
        let one = of("D_1_API_KEY=hush\nOTHER_API_KEY=x\n");
        assert_eq!(one.dotenv[0].value, r#""***""#);
        assert_eq!(one.dotenv.len(), 1);
        assert_ne!(one.digest, of("D_1_API_KEY=other\n").digest);
        assert_ne!(one.digest, of("").digest);
        assert_eq!(one.digest, of("D_1_API_KEY=hush\n").digest);
    }

    #[test]
    fn only_settings_that_need_trust_are_digested() {
        let of = |text: &str| scope(text, "").digest;
        let base = of("name = 'a'\n[mcp.m]\ncommand = 'c'\nargs = ['1']\n[mcp.n]\ncommand = 'd'\n");
        let same = "[mcp.n]\ncommand = 'd'\n# moved\n[mcp.m]\nargs = ['1']\ncommand = 'c'\n";
        assert_eq!(of(same), base);
        for other in ["[mcp.m]\ncommand = 'c'\nargs = ['2']\n[mcp.n]\ncommand = 'd'\n", "[mcp.m]\n"]
        {
            assert_ne!(of(other), base, "{other}");
        }
    }

    #[test]
    fn the_order_of_providers_is_covered() {
        let one = scope("[llm.a]\nmodel = 'm'\n[llm.b]\nmodel = 'm'\n", "");
        let other = scope("[llm.b]\nmodel = 'm'\n[llm.a]\nmodel = 'm'\n", "");
        assert_ne!(one.digest, other.digest);
        let order = |scope: &TrustScope| scope.values.last().unwrap().value.clone();
        assert_eq!(
            (order(&one).unwrap(), order(&other).unwrap()),
            (r#""a", "b""#.to_owned(), r#""b", "a""#.to_owned())
        );
    }

    #[test]
    fn values_of_another_kind_are_other_values() {
        let of = |value: &str| scope(&format!("[llm.d]\nextra = {{ x = {value} }}\n"), "").digest;
        let values = ["inf", "nan", "'nan'", "1.0", "1", "2026-01-01", "'2026-01-01'"];
        let digests: BTreeSet<String> = values.iter().map(|value| of(value).to_string()).collect();
        assert_eq!(digests.len(), values.len());
    }

    #[test]
    fn used_entries_of_the_env_file_are_covered() {
        let text = "name = '${NAME}'\n[mcp.m]\ncommand = '${TOOL:-true}'\nargs = ['$${NO}', 'x${ARG}']\n\
            env = { K = '${KEY}', A = '${ARG}' }\n";
        let without = scope(text, "");
        assert_eq!(without.dotenv, []);
        for unused in ["OTHER=1\n", "NO=1\n", "LOOM_X=1\n"] {
            assert_eq!(scope(text, unused).digest, without.digest, "{unused}");
        }
        let dotenv = "TOOL=./other\nKEY=secret\nARG=a\n";
        let with = scope(text, dotenv);
        assert_ne!(with.digest, without.digest);
        assert_ne!(scope(text, &dotenv.replace("./other", "./worse")).digest, with.digest);
        let shown: Vec<_> =
            with.dotenv.iter().map(|e| (e.key.as_str(), e.value.as_str())).collect();
        let expected = [
            ("ARG in .env", r#""a""#),
            ("KEY in .env", r#""***""#),
            ("TOOL in .env", r#""./other""#),
        ];
        assert_eq!(shown, expected);
        assert!(!format!("{with:?}").contains("secret"), "{with:?}");
    }

    #[test]
    fn values_are_kept_one_by_one_and_secrets_as_digests() {
        let text = "[mcp.m]\ncommand = 'c'\nargs = ['1']\nenv = { K = 'secret' }\n[mcp.n]\n";
        let scope = scope(text, "");
        let values: Vec<_> =
            scope.values.iter().map(|v| (v.key.as_str(), v.value.as_deref())).collect();
        let expected = [
            ("mcp.m.command", Some(r#""c""#)),
            ("mcp.m.args", Some(r#"["1"]"#)),
            ("mcp.m.env.K", None),
            ("mcp.n", Some("{}")),
        ];
        assert_eq!(values, expected);
    }
}
