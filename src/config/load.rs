//! Finds and reads the files of a configuration.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use loom_environment::names;

use super::{
    ConfigError, ConfigLocation, Diagnostic, Files, Inputs, LockTrust, Problem, ProtectedFile,
    SettingOrigin, TrustScope, Untrusted, Withheld,
    document::ConfigDocument,
    dotenv::DotEnv,
    find_project::{ProjectText, find_project},
    guard::{GuardedSetting, guarded},
    key_path::KeyPath,
    keys::{dirs, invocation::TRUST_PROJECT, llm, mcp, project::lock_file, sources},
    layers::Layers,
    read_document::{self, DocumentReading},
    read_locks::read_locks,
    reader::Layer,
    table,
    tree::{self, TomlTable},
    trust_digest::trust_scope,
};

/// The variable with Loom's own token for github.com.
const GITHUB_TOKEN: &str = "LOOM_GITHUB_TOKEN";

/// All layers of a configuration, and what was found on the way.
pub(crate) struct LoadedLayers<'a> {
    pub(crate) layers: Layers<'a>,
    /// The project's `loom.toml`, even if it is not TOML.
    pub(crate) project: Option<PathBuf>,
    /// Which content of the project's lock file is trusted.
    pub(crate) lock_trust: LockTrust,
    /// The files that were read, highest first.
    pub(crate) files: Vec<PathBuf>,
    /// The settings of an untrusted project that have no effect.
    pub(crate) untrusted: Option<Untrusted>,
    pub(crate) problems: Vec<Diagnostic>,
    pub(crate) warnings: Vec<Diagnostic>,
    /// The settings of an untrusted project that take effect where they are tighter than the layers below.
    tighter: Vec<(Vec<String>, ConfigLocation)>,
}

/// Reads all files.
pub(crate) fn load<'a>(
    inputs: &'a Inputs,
    files: &impl Files,
) -> Result<LoadedLayers<'a>, ConfigError> {
    let mut loaded = LoadedLayers {
        layers: Layers::new(inputs),
        project: None,
        lock_trust: LockTrust::Digest(None),
        files: Vec::new(),
        untrusted: None,
        problems: Vec::new(),
        warnings: Vec::new(),
        tighter: Vec::new(),
    };
    if let Some(project) = find_project(inputs, files)? {
        loaded.project = Some(project.file.clone());
        loaded.read_project(project, files)?;
    }
    if let Some(file) = dirs::user_config(inputs)
        && let Some(text) = read(files, &file)?
    {
        loaded.read_own(file, &text, Layer::User);
    }
    loaded.read_machine(files);
    let (locks, mut problems) = read_locks(&loaded.layers);
    loaded.layers.locks = locks;
    loaded.problems.append(&mut problems);
    mcp::read_variable(&mut loaded.layers);
    llm::find_default_provider(&mut loaded.layers);
    loaded.warn_of_loose_settings();
    loaded.warn_of_foreign_keys();
    loaded.refuse_empty_secrets();
    Ok(loaded)
}

/// Whether a project is trusted.
enum Trust {
    Given,
    Missing {
        /// Why the folder is not trusted although its user trusted it whatever it sets.
        unsafe_folder: Option<String>,
    },
}

impl LoadedLayers<'_> {
    /// Reads the file of the user or the machine.
    fn read_own(&mut self, file: PathBuf, text: &str, layer: Layer) {
        let Some(root) = self.parse(&file, text) else { return };
        let env = &self.layers.inputs.env;
        let variables = |name: &str| env.get(name).map(str::to_owned);
        let reading = read_document::read(&file, layer, &root, &variables);
        let document = self.take(reading);
        self.layers.documents.push(document);
    }

    fn read_machine(&mut self, files: &impl Files) {
        let Some(file) = dirs::machine_config(self.layers.inputs) else { return };
        match files.read_protected(&file) {
            ProtectedFile::Absent => {}
            ProtectedFile::Text(text) => self.read_own(file, &text, Layer::Machine),
            ProtectedFile::Refused(why) => {
                let location = ConfigLocation::key(file, 0, &KeyPath::default());
                self.warnings.push(Diagnostic::new(location, Problem::UnsafeMachineFile(why)));
            }
        }
    }

    /// Reads the project's file, and leaves out what it is not trusted to set.
    fn read_project(
        &mut self,
        ProjectText { file, text }: ProjectText,
        files: &impl Files,
    ) -> Result<(), ConfigError> {
        let Some(mut root) = self.parse(&file, &text) else { return Ok(()) };
        self.read_dotenv(&file, files)?;
        let settings = guarded(&root);
        let scope = trust_scope(file.clone(), &settings, &self.layers.dotenv);
        self.lock_trust = self.trust_of_lock(&scope, files);
        let missing = match self.trust(&scope, files) {
            Trust::Given => None,
            Trust::Missing { unsafe_folder } => Some(unsafe_folder),
        };
        let trusted = missing.is_none();
        let is_shown = !trusted && self.layers.inputs.flags.include_untrusted;
        if !trusted && !is_shown {
            settings
                .iter()
                .filter(|setting| setting.expands)
                .for_each(|one| root.remove(&one.path));
        }
        let env = &self.layers.inputs.env;
        let dotenv = &self.layers.dotenv;
        let variables = |name: &str| {
            let of_dotenv = || dotenv.get(name).map(|(value, _)| value);
            // Nothing is expanded for a project that is not trusted.
            if is_shown {
                return Some(format!("${{{name}}}"));
            }
            env.get(name).or_else(of_dotenv).filter(|_| trusted).map(str::to_owned)
        };
        let reading = read_document::read(&file, Layer::Project, &root, &variables);
        let mut document = self.take(reading);
        self.warnings.extend(llm::keys_in_file(&document));
        if let Some(unsafe_folder) = missing {
            let withheld = self.restrict(&mut document, &file, &settings);
            if !withheld.is_empty() {
                let changes = self.layers.inputs.trusted.changes(&scope);
                self.untrusted = Some(Untrusted { scope, withheld, changes, unsafe_folder });
            }
        }
        self.layers.documents.push(document);
        Ok(())
    }

    /// Whether this is trusted: for this run, as it is, or whatever it sets. A project whose file sets nothing that needs
    /// trust counts as not trusted as long as its user has not said so.
    fn trust(&mut self, scope: &TrustScope, files: &impl Files) -> Trust {
        let trusted = &self.layers.inputs.trusted;
        if TRUST_PROJECT.resolve(&mut self.layers, &[]).value || trusted.contains(scope) {
            return Trust::Given;
        }
        if !trusted.is_always(&scope.file) {
            return Trust::Missing { unsafe_folder: None };
        }
        match files.changed_by_others(&scope.file) {
            None => Trust::Given,
            unsafe_folder => Trust::Missing { unsafe_folder },
        }
    }

    /// Which content of the lock file beside the project's file is trusted.
    fn trust_of_lock(&mut self, scope: &TrustScope, files: &impl Files) -> LockTrust {
        let trusted = &self.layers.inputs.trusted;
        let is_always =
            || trusted.is_always(&scope.file) && files.changed_by_others(&scope.file).is_none();
        let digest = trusted.lock(&lock_file(&scope.file));
        if is_always() || TRUST_PROJECT.resolve(&mut self.layers, &[]).value {
            LockTrust::Any
        } else {
            LockTrust::Digest(digest)
        }
    }

    /// Removes the settings that need trust; returns those that would have had an effect.
    fn restrict(
        &mut self,
        document: &mut ConfigDocument,
        file: &Path,
        settings: &[GuardedSetting],
    ) -> Vec<Withheld> {
        let is_shown = self.layers.inputs.flags.include_untrusted;
        document.restricted = !is_shown;
        let mut withheld: Vec<Withheld> = Vec::new();
        for setting in settings {
            if setting.tighter && is_shown {
                continue;
            }
            if setting.tighter {
                let location = ConfigLocation::key(file, setting.line(), &setting.key_path());
                self.tighter.push((setting.path.clone(), location));
                continue;
            }
            if !is_shown {
                document.remove(&setting.path);
            }
            if !is_overridden(&setting.path, self.layers.inputs) {
                withheld.push(setting.withheld());
            }
        }
        withheld
    }

    /// Warns about settings of an untrusted project that have no effect, because those of the layers below are tighter.
    fn warn_of_loose_settings(&mut self) {
        for (path, location) in std::mem::take(&mut self.tighter) {
            let Some(key) = table::file_keys().find(|key| key.row().path.iter().eq(&path)) else {
                continue;
            };
            let origin = key.effective(&mut self.layers, &[]).origin;
            let is_overridden = matches!(origin, SettingOrigin::Flag(_) | SettingOrigin::Env(_));
            if !is_overridden && !matches!(origin, SettingOrigin::Project { .. }) {
                self.warnings.push(Diagnostic::new(location, Problem::OnlyStricter));
            }
        }
    }

    /// Warns about keys in the project's `.env` for providers that are in other files alone.
    fn warn_of_foreign_keys(&mut self) {
        let layers = &self.layers;
        for (variable, line) in llm::foreign_keys(layers) {
            let key = KeyPath::of([variable.as_str()]);
            let location = ConfigLocation::key(&layers.dotenv_file, line, &key);
            self.warnings.push(Diagnostic::new(location, Problem::ForeignKey));
        }
    }

    /// Records a problem for each secret of the runtime that is set to nothing.
    fn refuse_empty_secrets(&mut self) {
        for name in names::SECRETS.into_iter().chain([GITHUB_TOKEN]) {
            if self.layers.inputs.env.is_empty(name) {
                self.layers.problem(name, Problem::EmptySecret);
            }
        }
    }

    /// Reads the `.env` beside the project's file.
    fn read_dotenv(&mut self, project: &Path, files: &impl Files) -> Result<(), ConfigError> {
        let file = project.with_file_name(".env");
        let (dotenv, bad) = DotEnv::parse(&dotenv_text(files, &file)?);
        let mut warn = |line, key: KeyPath, problem| {
            let location = ConfigLocation::key(&file, line, &key);
            self.warnings.push(Diagnostic::new(location, problem));
        };
        for line in bad {
            warn(line, KeyPath::default(), Problem::NotAnAssignment);
        }
        for (name, line) in dotenv.reserved() {
            warn(line, KeyPath::of([name]), Problem::IgnoredInDotenv);
        }
        self.layers.dotenv = dotenv;
        self.layers.dotenv_file = file;
        Ok(())
    }

    /// The document, or `None` after its problems were recorded.
    fn parse(&mut self, file: &Path, text: &str) -> Option<TomlTable> {
        self.files.push(file.to_owned());
        parse(file, text).map_err(|mut problems| self.problems.append(&mut problems)).ok()
    }

    fn take(&mut self, reading: DocumentReading) -> ConfigDocument {
        let DocumentReading { document, mut problems, mut warnings } = reading;
        self.problems.append(&mut problems);
        self.warnings.append(&mut warnings);
        document
    }
}

/// Whether options or variables replace a setting of the project, so that trust would change nothing.
fn is_overridden(path: &[String], inputs: &Inputs) -> bool {
    let table = path.first().map(String::as_str);
    if table == mcp::TABLE.path.first().copied() {
        mcp::is_overridden(inputs)
    } else if table == sources::TABLE.path.first().copied() {
        sources::is_overridden(inputs)
    } else {
        false
    }
}

/// All that the trust of a project covers, whether it is trusted or not.
pub(crate) fn project_settings(
    files: &impl Files,
    ProjectText { file, text }: ProjectText,
) -> Result<TrustScope, ConfigError> {
    match parse(&file, &text) {
        Ok(root) => {
            let (dotenv, _) = DotEnv::parse(&dotenv_text(files, &file.with_file_name(".env"))?);
            Ok(trust_scope(file, &guarded(&root), &dotenv))
        }
        Err(problems) => Err(ConfigError::of(problems).unwrap_or(ConfigError::Missing { file })),
    }
}

fn parse(file: &Path, text: &str) -> Result<TomlTable, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    tree::parse(text).map_err(|problems| {
        let diagnostic = |problem: tree::SyntaxProblem| {
            let location = ConfigLocation::key(file, problem.line, &KeyPath::default());
            Diagnostic::new(location, Problem::Syntax(problem.message))
        };
        problems.into_iter().map(diagnostic).collect()
    })
}

/// The text of a `.env`. Python keeps virtual environments in folders of this name.
fn dotenv_text(files: &impl Files, file: &Path) -> Result<String, ConfigError> {
    match read(files, file) {
        Err(ConfigError::Read { source, .. }) if source.kind() == ErrorKind::IsADirectory => {
            Ok(String::new())
        }
        text => Ok(text?.unwrap_or_default()),
    }
}

fn read(files: &impl Files, file: &Path) -> Result<Option<String>, ConfigError> {
    files.read(file).map_err(|source| ConfigError::Read { file: file.to_owned(), source })
}
