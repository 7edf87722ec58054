//! Finding and reading the two files.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{
    ConfigError, ConfigLocation, Diagnostic, Files, Inputs, SettingOrigin, Untrusted, dirs,
    dotenv::DotEnv,
    guard::{Guarded, digest, guarded},
    read::{KeyPath, Layer, Read, Reader, Spanned},
    tables::File,
    tree::{self, Node, Table, Value},
};

/// One file's tables.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) file: PathBuf,
    pub(crate) layer: Layer,
    pub(crate) tables: File,
}

impl Loaded {
    /// A value and that it comes from this file.
    pub(crate) fn origin(&self, line: usize) -> SettingOrigin {
        let file = self.file.clone();
        match self.layer {
            Layer::User => SettingOrigin::User { file, line },
            Layer::Project => SettingOrigin::Project { file, line },
        }
    }

    pub(crate) fn place(&self, line: usize, key: &str) -> ConfigLocation {
        ConfigLocation::File { file: self.file.clone(), line, key: key.to_owned() }
    }
}

/// A project's file as far as it may speak.
#[derive(Debug)]
pub(crate) struct ProjectFile {
    pub(crate) loaded: Loaded,
    pub(crate) dotenv: DotEnv,
    pub(crate) dotenv_file: PathBuf,
    /// `None` where it is trusted, or says nothing that needs trust.
    pub(crate) untrusted: Option<(Untrusted, Vec<Guarded>)>,
}

/// What was wrong and what was unwise.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) mistakes: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
}

fn read(files: &impl Files, file: &Path) -> Result<Option<String>, ConfigError> {
    files.read(file).map_err(|source| ConfigError::Read { file: file.to_owned(), source })
}

/// The user's `config.toml`.
pub(crate) fn user(
    inputs: &Inputs,
    files: &impl Files,
    notes: &mut Notes,
) -> Result<Option<Loaded>, ConfigError> {
    let Some(file) = dirs::user_config(inputs) else { return Ok(None) };
    let Some(text) = read(files, &file)? else { return Ok(None) };
    let Some(root) = parse(&file, &text, notes) else { return Ok(None) };
    let variables = |name: &str| inputs.env.get(name).map(str::to_owned);
    Ok(Some(typed(file, Layer::User, root, &variables, notes)))
}

/// The file that `--config` names, else the nearest `loom.toml` upward, and its text.
pub(crate) fn find(
    inputs: &Inputs,
    files: &impl Files,
) -> Result<Option<(PathBuf, String)>, ConfigError> {
    if let Some(named) = &inputs.flags.config {
        let file = inputs.cwd.join(named);
        let text = read(files, &file)?.ok_or(ConfigError::Missing { file: file.clone() })?;
        return Ok(Some((file, text)));
    }
    for folder in inputs.cwd.ancestors() {
        let file = folder.join("loom.toml");
        match files.read(&file) {
            Ok(Some(text)) => return Ok(Some((file, text))),
            Ok(None) => {}
            // A folder above that we may not look into holds no project of ours.
            Err(e) if e.kind() == ErrorKind::PermissionDenied && folder != inputs.cwd => {}
            Err(source) => return Err(ConfigError::Read { file, source }),
        }
    }
    Ok(None)
}

/// The project's `loom.toml`, without what it is not trusted to say.
pub(crate) fn project(
    inputs: &Inputs,
    files: &impl Files,
    (file, text): (PathBuf, String),
    notes: &mut Notes,
) -> Result<Option<ProjectFile>, ConfigError> {
    let Some(mut root) = parse(&file, &text, notes) else { return Ok(None) };
    let (dotenv, dotenv_file) = dotenv(files, &file, notes)?;
    let variables = |name: &str| {
        let own = || dotenv.get(name).map(|(value, _)| value);
        inputs.env.get(name).or_else(own).map(str::to_owned)
    };
    let items = guarded(&root);
    let canonical = files.canonical(&file);
    let sum = digest(&items);
    let all = typed(file.clone(), Layer::Project, root.clone(), &variables, notes);
    if items.is_empty()
        || is_trusted_by_env(inputs, notes)
        || inputs.trusted.contains(&canonical, &sum)
    {
        return Ok(Some(ProjectFile { loaded: all, dotenv, dotenv_file, untrusted: None }));
    }
    for item in items.iter().filter(|item| !item.weakens) {
        root.remove(&item.path);
    }
    // Its mistakes are those of the whole file, which are noted already.
    let loaded = typed(file, Layer::Project, root, &variables, &mut Notes::default());
    let what = items.iter().map(Guarded::shown).collect();
    let untrusted = Untrusted { file: canonical, digest: sum, what };
    Ok(Some(ProjectFile { loaded, dotenv, dotenv_file, untrusted: Some((untrusted, items)) }))
}

/// What a project's file says that trust is about, as it stands.
pub(crate) fn trustable(
    files: &impl Files,
    (file, text): &(PathBuf, String),
    notes: &mut Notes,
) -> Option<Untrusted> {
    let items = guarded(&parse(file, text, notes)?);
    let what = items.iter().map(Guarded::shown).collect();
    Some(Untrusted { file: files.canonical(file), digest: digest(&items), what })
}

fn is_trusted_by_env(inputs: &Inputs, notes: &mut Notes) -> bool {
    super::layers::switch(inputs, "LOOM_TRUST_PROJECT", &mut notes.mistakes) == Some(true)
}

/// The `.env` beside a project's file.
fn dotenv(
    files: &impl Files,
    project: &Path,
    notes: &mut Notes,
) -> Result<(DotEnv, PathBuf), ConfigError> {
    let file = project.with_file_name(".env");
    let text = read(files, &file)?.unwrap_or_default();
    let (dotenv, bad) = DotEnv::parse(&text);
    let place =
        |line, key: &str| ConfigLocation::File { file: file.clone(), line, key: key.to_owned() };
    for line in bad {
        notes
            .warnings
            .push(Diagnostic::new(place(line, ""), "is not NAME=value and has no effect"));
    }
    for (name, line) in dotenv.reserved() {
        notes.warnings.push(
            Diagnostic::new(place(line, name), "has no effect in a project's .env")
                .hint("export it, or set the key in loom.toml or config.toml"),
        );
    }
    Ok((dotenv, file))
}

/// The document, or `None` after its mistakes were noted.
fn parse(file: &Path, text: &str, notes: &mut Notes) -> Option<Table> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match tree::parse(text) {
        Ok(root) => Some(root),
        Err(syntax) => {
            notes.mistakes.extend(syntax.into_iter().map(|s| {
                let place = ConfigLocation::File {
                    file: file.to_owned(),
                    line: s.line,
                    key: String::new(),
                };
                Diagnostic::new(place, format!("this is not valid TOML: {}", s.message))
            }));
            None
        }
    }
}

fn typed(
    file: PathBuf,
    layer: Layer,
    root: Table,
    variables: &dyn Fn(&str) -> Option<String>,
    notes: &mut Notes,
) -> Loaded {
    let mut reader = Reader { file: &file, layer, variables, mistakes: Vec::new() };
    let root = Node { line: 1, value: Value::Table(root) };
    let tables = File::read(&root, &KeyPath::default(), &mut reader).unwrap_or_default();
    for (name, Spanned { value: server, line }) in tables.mcp.iter().flat_map(|mcp| &mcp.value.0) {
        if server.command.is_none() {
            let path = KeyPath::default().key("mcp").key(name);
            reader.mistake(&path, *line, "needs a command");
        }
    }
    notes.mistakes.append(&mut reader.mistakes);
    let loaded = Loaded { tables, layer, file: file.clone() };
    notes.warnings.extend(literal_keys(&loaded));
    loaded
}

/// API keys that stand in a project's file, which is usually committed.
fn literal_keys(loaded: &Loaded) -> Vec<Diagnostic> {
    let providers = loaded.tables.llm.iter().flat_map(|llm| &llm.value.providers.0);
    let literal = providers.filter_map(|(name, at)| {
        let key = at.value.api_key.as_ref().filter(|key| key.value.literal)?;
        let path = KeyPath::default().key("llm").key(name).key("api_key");
        let variable = super::llm::key_variable(name);
        Some(
            Diagnostic::new(
                loaded.place(key.line, path.as_str()),
                "the key stands in the file itself",
            )
            .hint(format!("set {variable} instead, or write api_key = \"${{{variable}}}\"")),
        )
    });
    match loaded.layer {
        Layer::Project => literal.collect(),
        Layer::User => Vec::new(),
    }
}
