//! `[llm]`: language model providers.

use std::time::Duration;

use loom_environment::LlmPriceTable;
use secrecy::SecretString;

use super::llm_price;
use crate::config::{
    ConfigLocation, Diagnostic, Problem, RawValue, Setting, SettingOrigin,
    any_key::keys,
    document::ConfigDocument,
    key::SettingKey,
    key_path::KeyPath,
    key_row::{KeyVariable, TableRow, variable_of},
    layers::Layers,
    trust_rule::TrustRule,
    types::{ApiBase, ApiKey, RawTable, Seconds},
};

/// `[llm]`
pub(crate) const TABLE: TableRow = TableRow::new(&["llm"], "Language model providers, by name.");

/// `[llm.<name>]`
pub(crate) const PROVIDER: TableRow = TableRow {
    trusted: true,
    example_name: Some("deepseek"),
    ..TableRow::new(
        &["llm", "<name>"],
        "A language model provider. Keep its API key out of files: set <NAME>_API_KEY, such as DEEPSEEK_API_KEY, or \
         write that into the project's .env.",
    )
};

/// The suffix of the variable that holds the key of a provider: `DEEPSEEK_API_KEY`.
const KEY_SUFFIX: &str = loom_environment::names::API_KEY_SUFFIX;

/// The name of the provider that only `LOOM_LLM_*` describe.
const FROM_VARIABLES: &str = "env";

keys! {
    /// The provider of calls that name none. By default it is the first in the file.
    DEFAULT: Option<String> = SettingKey::new(&["llm", "default"], || None)
        .example("\"deepseek\"")
        .trust(TrustRule::Trusted)
        .adjust(|layers, _| match &layers.default_provider {
            Some(Setting { value, origin }) => Setting::new(Some(value.clone()), origin.clone()),
            None => Setting::default(None),
        });

    /// The protocol of the provider.
    TYPE: String = SettingKey::new(&["llm", "<name>", "type"], || "http".to_owned())
        .trust(TrustRule::Trusted)
        .starter();

    /// The API key. Keep it out of files that others read: set the variable, or write it into .env.
    API_KEY: Option<ApiKey> = SettingKey::new(&["llm", "<name>", "api_key"], || None)
        .variables(&[
            KeyVariable::OfDefaultProvider("LOOM_LLM_API_KEY"),
            KeyVariable::OfName(KEY_SUFFIX),
        ])
        .example("\"${DEEPSEEK_API_KEY}\"")
        .trust(TrustRule::Trusted);

    /// The URL of the provider's API.
    API_BASE: Option<ApiBase> = SettingKey::new(&["llm", "<name>", "api_base"], || None)
        .variables(&[KeyVariable::OfDefaultProvider("LOOM_LLM_API_BASE")])
        .example("\"https://api.deepseek.com\"")
        .trust(TrustRule::Trusted)
        .starter();

    /// The name of the model.
    MODEL: Option<String> = SettingKey::new(&["llm", "<name>", "model"], || None)
        .variables(&[KeyVariable::OfDefaultProvider("LOOM_LLM_MODEL")])
        .example("\"deepseek-chat\"")
        .trust(TrustRule::Trusted)
        .starter();

    /// The maximum length of an answer.
    MAX_TOKENS: u32 = SettingKey::new(&["llm", "<name>", "max_tokens"], || 2048)
        .unit("tokens")
        .trust(TrustRule::Trusted)
        .starter();

    /// The sampling temperature: 0 for the most probable answer, 2 for the most varied ones.
    TEMPERATURE: f64 = SettingKey::new(&["llm", "<name>", "temperature"], || 0.7)
        .trust(TrustRule::Trusted)
        .starter();

    /// How long an answer may take.
    TIMEOUT: Seconds = SettingKey::new(&["llm", "<name>", "timeout_sec"], || Seconds::new(30))
        .unit("seconds")
        .trust(TrustRule::Trusted);

    /// Further fields of each request, passed on unchanged.
    EXTRA: Option<RawTable> = SettingKey::new(&["llm", "<name>", "extra"], || None)
        .example("{ top_p = 0.9 }")
        .trust(TrustRule::Trusted);
}

/// `[llm]`
#[derive(Debug, Clone, Default)]
pub struct LlmSettings {
    /// The provider of calls that name none; one of `providers`.
    pub default: Option<Setting<String>>,
    /// The providers in the order of the files: the project's first, then the user's.
    pub providers: Vec<LlmProviderSettings>,
}

/// `[llm.<name>]`
#[derive(Debug, Clone)]
pub struct LlmProviderSettings {
    /// The name of the provider.
    pub name: String,
    /// `type`: the protocol, such as `http`.
    pub kind: Setting<String>,
    /// The API key, from the file, `<NAME>_API_KEY` or `LOOM_LLM_API_KEY`.
    pub api_key: Option<Setting<SecretString>>,
    /// The URL of the provider's API.
    pub api_base: Option<Setting<String>>,
    /// The name of the model.
    pub model: Option<Setting<String>>,
    /// The maximum length of an answer, in tokens.
    pub max_tokens: Setting<u32>,
    /// The sampling temperature, 0 to 2.
    pub temperature: Setting<f64>,
    /// How long an answer may take.
    pub timeout: Setting<Duration>,
    /// Further fields of each request.
    pub extra: Option<Setting<RawValue>>,
    /// The prices of tokens.
    pub price: LlmPriceTable,
}

impl LlmSettings {
    /// The provider of calls that name none.
    pub fn default_provider(&self) -> Option<&LlmProviderSettings> {
        let name = &self.default.as_ref()?.value;
        self.providers.iter().find(|provider| provider.name == *name)
    }

    pub(crate) fn resolve(layers: &mut Layers<'_>) -> Self {
        let names = provider_names(layers);
        let providers =
            names.iter().map(|name| LlmProviderSettings::resolve(layers, name)).collect();
        Self { default: DEFAULT.resolve(layers, &[]).transpose(), providers }
    }
}

impl LlmProviderSettings {
    fn resolve(layers: &mut Layers<'_>, name: &str) -> Self {
        let names = [name];
        let api_key = API_KEY.resolve(layers, &names).transpose();
        let api_base = API_BASE.resolve(layers, &names).transpose();
        let extra = EXTRA.resolve(layers, &names).transpose();
        Self {
            name: name.to_owned(),
            kind: TYPE.resolve(layers, &names),
            api_key: api_key.map(|key| key.map(|key| key.secret)),
            api_base: api_base.map(|base| base.map(|ApiBase(base)| base)),
            model: MODEL.resolve(layers, &names).transpose(),
            max_tokens: MAX_TOKENS.resolve(layers, &names),
            temperature: TEMPERATURE.resolve(layers, &names),
            timeout: TIMEOUT.resolve(layers, &names).map(|Seconds(timeout)| timeout),
            extra: extra.map(|extra| extra.map(|RawTable(extra)| extra)),
            price: llm_price::resolve(layers, name),
        }
    }
}

/// The names of all providers: those of the project's file first.
pub(crate) fn provider_names(layers: &Layers<'_>) -> Vec<String> {
    let mut names = layers.table_names(PROVIDER.path);
    // The provider that only variables describe is in no file.
    if let Some(Setting { value, .. }) = &layers.default_provider
        && !names.contains(value)
    {
        names.push(value.clone());
    }
    names
}

/// Finds out which provider the variables `LOOM_LLM_*` describe; the keys of providers cannot be resolved before.
pub(crate) fn find_default_provider(layers: &mut Layers<'_>) {
    let names = layers.table_names(PROVIDER.path);
    layers.default_provider = configured_default(layers, &names)
        .or_else(|| names.first().map(|first| Setting::default(first.clone())))
        .or_else(|| from_variables(layers));
}

/// The provider that `llm.default` names. A name without a provider is a problem.
fn configured_default(layers: &mut Layers<'_>, names: &[String]) -> Option<Setting<String>> {
    let path = &["llm", "default"];
    let mut documents = layers.documents.iter();
    let (document, (name, origin)) = documents
        .find_map(|document| Some((document, document.get::<Option<String>>(path, &[])?)))?;
    let name = name?;
    // What a variable expanded to is not shown.
    let written = document.written(path, &[]).and_then(|(written, _)| written.as_str());
    let shown = written.unwrap_or(&name).to_owned();
    if names.contains(&name) {
        return Some(Setting::new(name, origin));
    }
    if let Some(location) = location(&origin, &KeyPath::of(path.iter().copied())) {
        let problem = Problem::UnknownProvider { name: shown, known: names.to_vec() };
        layers.problems.push(Diagnostic::new(location, problem));
    }
    None
}

fn location(origin: &SettingOrigin, path: &KeyPath) -> Option<ConfigLocation> {
    match origin {
        SettingOrigin::Machine { file, line }
        | SettingOrigin::User { file, line }
        | SettingOrigin::Project { file, line } => Some(ConfigLocation::key(file, *line, path)),
        _ => None,
    }
}

/// A provider that needs no file: variables alone describe it.
fn from_variables(layers: &Layers<'_>) -> Option<Setting<String>> {
    let keys = [API_KEY.row(), API_BASE.row(), MODEL.row()];
    let mut variables = keys.iter().flat_map(|row| row.variables);
    let origin = variables.find_map(|variable| match variable {
        KeyVariable::OfDefaultProvider(name) => {
            layers.inputs.env.os(name).map(|_| SettingOrigin::Env((*name).to_owned()))
        }
        _ => None,
    })?;
    Some(Setting::new(FROM_VARIABLES.to_owned(), origin))
}

/// Warnings for the API keys in a project's file, which is usually committed.
pub(crate) fn keys_in_file(project: &ConfigDocument) -> Vec<Diagnostic> {
    let names = project.tables(PROVIDER.path).map(|(name, _)| name);
    let literal = names.filter_map(|name| {
        let (key, origin) = project.get::<Option<ApiKey>>(API_KEY.row().path, &[name])?;
        let path = KeyPath::of(["llm", name, "api_key"]);
        let location = key.filter(|key| key.literal).and(location(&origin, &path))?;
        let problem = Problem::ApiKeyInFile { variable: variable_of(name, KEY_SUFFIX) };
        Some(Diagnostic::new(location, problem))
    });
    literal.collect()
}

/// The variable with the key of the provider whose table is at `path`; `None` for the path of anything else.
pub(crate) fn key_variable(path: &[String]) -> Option<String> {
    match path {
        [table, name] if table == TABLE.path[0] => Some(variable_of(name, KEY_SUFFIX)),
        _ => None,
    }
}

/// The variables in the project's `.env` that would give keys to providers of other files, with their lines.
pub(crate) fn foreign_keys(layers: &Layers<'_>) -> Vec<(String, usize)> {
    let is_own = |name: &str| {
        let own = layers.documents.iter().filter(|document| document.is_project());
        own.into_iter().any(|document| document.has_table(["llm", "<name>"], name))
    };
    let names = provider_names(layers).into_iter().filter(|name| !is_own(name));
    let foreign = names.filter_map(|name| {
        let variable = variable_of(&name, KEY_SUFFIX);
        let (value, line) = layers.dotenv.get(&variable)?;
        (!value.trim().is_empty()).then_some((variable, line))
    });
    foreign.collect()
}
