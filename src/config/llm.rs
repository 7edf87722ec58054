//! Language model providers: files, `<PROVIDER>_API_KEY` and `LOOM_LLM_*`.

use std::time::Duration;

use secrecy::SecretString;

use super::{
    Diagnostic, LlmProviderSettings, LlmSettings, Setting, SettingOrigin,
    kinds::{ApiBase, Seconds, Temperature},
    layers::{Layers, setting},
    read::Spanned,
    tables::ProviderTable,
};

/// The provider that `LOOM_LLM_*` alone describe.
const UNNAMED: &str = "env";

/// The environment variable that holds a provider's key: `DEEPSEEK_API_KEY`.
pub(crate) fn key_variable(provider: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("{}_API_KEY", provider.chars().map(word).collect::<String>())
}

/// The providers of all layers; what `LOOM_LLM_*` say goes to the default one.
pub(crate) fn resolve(layers: &mut Layers<'_>) -> LlmSettings {
    let key = layers.env("LOOM_LLM_API_KEY", "a key", |text| Some(SecretString::from(text)));
    let base = layers.env("LOOM_LLM_API_BASE", ApiBase::EXPECTED, ApiBase::parse);
    let model = layers.env("LOOM_LLM_MODEL", "a model", |text| Some(text.to_owned()));
    let mut names = names(layers);
    let default = default(layers, &names).or_else(|| {
        // Variables alone are enough: the provider they speak of needs no file.
        let origin = [
            key.as_ref().map(|k| &k.origin),
            base.as_ref().map(|b| &b.origin),
            model.as_ref().map(|m| &m.origin),
        ];
        let origin = origin.into_iter().flatten().next()?.clone();
        names.push(UNNAMED.to_owned());
        Some(Setting::new(UNNAMED.to_owned(), origin))
    });
    let mut providers: Vec<_> = names.into_iter().map(|name| provider(layers, name)).collect();
    let meant = default.as_ref().map(|default| &default.value);
    if let Some(provider) = providers.iter_mut().find(|provider| Some(&provider.name) == meant) {
        provider.api_key = key.or(provider.api_key.take());
        provider.api_base = base.map(|b| b.map(|b| b.0)).or(provider.api_base.take());
        provider.model = model.or(provider.model.take());
    }
    LlmSettings { default, providers }
}

/// The project's providers in the order of its file, then those that only the user has.
fn names(layers: &Layers<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for loaded in layers.files() {
        for (name, _) in loaded.tables.llm.iter().flat_map(|llm| &llm.value.providers.0) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// `llm.default`, else the first provider.
fn default(layers: &mut Layers<'_>, names: &[String]) -> Option<Setting<String>> {
    let named = layers.files().find_map(|loaded| {
        let at = loaded.tables.llm.as_ref()?.value.default.as_ref()?;
        let place = loaded.place(at.line, "llm.default");
        Some((Setting::new(at.value.clone(), loaded.origin(at.line)), place))
    });
    match named {
        Some((default, _)) if names.contains(&default.value) => Some(default),
        Some((default, place)) => {
            let mistake =
                Diagnostic::new(place, format!("there is no provider {:?}", default.value));
            layers.mistakes.push(match names {
                [] => mistake.hint(format!("add a table [llm.{}]", default.value)),
                names => mistake.hint(format!("there are: {}", names.join(", "))),
            });
            None
        }
        None => names.first().map(|first| Setting::default(first.clone())),
    }
}

fn provider(layers: &mut Layers<'_>, name: String) -> LlmProviderSettings {
    let api_key = api_key(layers, &name);
    LlmProviderSettings {
        kind: field(layers, &name, |table| table.kind.as_ref())
            .unwrap_or_else(|| Setting::default("http".to_owned())),
        api_key,
        api_base: field(layers, &name, |table| table.api_base.as_ref()).map(|b| b.map(|b| b.0)),
        model: field(layers, &name, |table| table.model.as_ref()),
        max_tokens: field(layers, &name, |table| table.max_tokens.as_ref())
            .unwrap_or(Setting::default(2048)),
        temperature: field(layers, &name, |table| table.temperature.as_ref())
            .map_or(Setting::default(0.7), |t| t.map(|Temperature(value)| value)),
        timeout: field(layers, &name, |table| table.timeout_sec.as_ref())
            .map_or(Setting::default(Duration::from_secs(30)), |t| t.map(|Seconds(value)| value)),
        extra: field(layers, &name, |table| table.extra.as_ref()),
        name,
    }
}

/// What the highest file says about one key of a provider.
fn field<T: Clone>(
    layers: &Layers<'_>,
    name: &str,
    pick: impl Fn(&ProviderTable) -> Option<&Spanned<T>>,
) -> Option<Setting<T>> {
    layers.files().find_map(|loaded| {
        let providers = &loaded.tables.llm.as_ref()?.value.providers.0;
        let (_, at) = providers.iter().find(|(provider, _)| provider == name)?;
        setting(loaded, pick(&at.value))
    })
}

/// The environment, then the project's `.env`, then the files.
fn api_key(layers: &mut Layers<'_>, name: &str) -> Option<Setting<SecretString>> {
    let variable = key_variable(name);
    if let Some(key) = layers.env(&variable, "a key", |text| Some(SecretString::from(text))) {
        return Some(key);
    }
    if let Some(project) = &layers.project
        && let Some((value, line)) = project.dotenv.get(&variable)
        && !value.is_empty()
    {
        let file = project.dotenv_file.clone();
        let origin = SettingOrigin::DotEnv { file, line, name: variable };
        return Some(Setting::new(value.into(), origin));
    }
    field(layers, name, |table| table.api_key.as_ref()).map(|key| key.map(|key| key.value))
}
