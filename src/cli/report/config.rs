//! Problems of the configuration, and untrusted projects.

use std::io::ErrorKind;

use loom_source::Scheme;
use serde_json::{Value, json};

use crate::cli::{CommandError, Exit, path_text::shown};
use loom_runtime::config::{
    ConfigError, ConfigLocation, Diagnostic, KeyCompanion, Problem, SourceTextError, TrustChange,
    Untrusted,
};

const OWNER_HINT: &str = "check the owner and the permissions of the file";

/// What to do about settings of an untrusted project.
pub(crate) const UNTRUSTED_HINT: &str =
    "read it, then run `loom trust` (LOOM_TRUST_PROJECT=1 in CI)";

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        if let ConfigError::State(error) = error {
            return error.into();
        }
        Self::of(Exit::Usage, &error).maybe_hint(hint(&error))
    }
}

/// A warning about the settings of an untrusted project that have no effect.
pub(crate) fn untrusted_warning(untrusted: &Untrusted) -> String {
    format!("{untrusted}; {UNTRUSTED_HINT}")
}

/// The error where a runtime would need the settings of an untrusted project.
pub(crate) fn untrusted_error(untrusted: &Untrusted) -> CommandError {
    let mut error = CommandError::new(Exit::Usage, untrusted_head(untrusted)).hint(UNTRUSTED_HINT);
    error.causes = untrusted_lines(untrusted);
    error
}

/// What is not trusted, in one line.
pub(crate) fn untrusted_head(untrusted: &Untrusted) -> String {
    let since = if untrusted.changes.is_some() { "; changed since it was trusted:" } else { "" };
    format!("{untrusted}{since}")
}

/// What a user is asked to trust: what changed since the last time, else everything.
pub(crate) fn untrusted_lines(untrusted: &Untrusted) -> Vec<String> {
    match &untrusted.changes {
        Some(changes) => change_lines(changes),
        None => untrusted
            .withheld
            .iter()
            .chain(&untrusted.scope.dotenv)
            .map(|item| format!("{} = {}", item.key, item.value))
            .collect(),
    }
}

/// `- key = value` for what was trusted, `+ key = value` for what is there now.
pub(crate) fn change_lines(changes: &[TrustChange]) -> Vec<String> {
    let lines = |change: &TrustChange| {
        let line = |sign, value: &Option<String>| {
            value.as_ref().map(|value| format!("{sign} {} = {value}", change.key))
        };
        [line('-', &change.before), line('+', &change.now)]
    };
    changes.iter().flat_map(lines).flatten().collect()
}

fn hint(error: &ConfigError) -> Option<String> {
    Some(match error {
        ConfigError::Problems { first, rest } => {
            let more = match rest.len() {
                0 => None,
                count => Some(format!("{count} more: run `loom config check`")),
            };
            let hints: Vec<String> = problem_hint(&first.problem).into_iter().chain(more).collect();
            if hints.is_empty() {
                format!("correct {}, then run `loom config check`", first.location)
            } else {
                hints.join("\n")
            }
        }
        ConfigError::Read { source, .. } => match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                "correct the link, or remove it".to_owned()
            }
            ErrorKind::InvalidData
            | ErrorKind::FileTooLarge
            | ErrorKind::IsADirectory
            | ErrorKind::Other => {
                "replace it by a text file of at most 1 MiB, or remove it".to_owned()
            }
            _ => OWNER_HINT.to_owned(),
        },
        ConfigError::TrustKey { .. } => {
            "give the public key: a minisign key, a PEM block of cosign, or an OpenPGP certificate"
                .to_owned()
        }
        ConfigError::Write { .. } => OWNER_HINT.to_owned(),
        ConfigError::Tilde { what, .. } => {
            format!("set {what} to an absolute path, or to ~/… in your home folder")
        }
        ConfigError::Missing { .. } => "`loom init` writes a loom.toml".to_owned(),
        ConfigError::NoHome { variable, .. } => format!("set {variable} to a folder"),
        ConfigError::ReadTrusted { file, .. } => {
            format!("remove {} and trust your projects again", file.display())
        }
        ConfigError::Exists { .. } => {
            "edit it, or remove it first; `loom config show` prints the effective configuration"
                .to_owned()
        }
        ConfigError::UnknownKey { similar, .. } => match &similar[..] {
            [] => "`loom config show` prints all settings".to_owned(),
            [one] => format!("did you mean {one}?"),
            several => format!("known: {}", several.join(", ")),
        },
        ConfigError::NotInFiles { set_by, .. } => format!("use {}", set_by.join(" or ")),
        ConfigError::Value { problem, .. } => return problem_hint(problem),
        ConfigError::NoProject { .. } => {
            "write one with `loom init`, or leave out --project".to_owned()
        }
        ConfigError::State(_) => return None,
    })
}

/// What to do about a problem.
pub(crate) fn problem_hint(problem: &Problem) -> Option<String> {
    Some(match problem {
        Problem::UnknownKey { nearest: Some(nearest), .. } => format!("did you mean {nearest}?"),
        Problem::UnknownKey { nearest: None, known } => format!("known here: {}", known.join(", ")),
        Problem::UnsetVariable(name) => format!("set {name}, or write ${{{name}:-default}}"),
        Problem::InvalidTables { expected, .. } => format!("expected {expected}"),
        Problem::OtherKey(KeyCompanion { of, not_of }) => {
            format!("remove it, or give the table {of} instead of {not_of}")
        }
        Problem::EmptySecret => "set it to the secret, or unset it".to_owned(),
        Problem::BadExpansion => {
            "write ${NAME} or ${NAME:-default}, and $$ for one $".to_owned()
        }
        Problem::NotExpanded => {
            "write the value out, or name the source in LOOM_SOURCES or with --source".to_owned()
        }
        Problem::UnknownProvider { name, known } => match &known[..] {
            [] => format!("add a table [llm.{name}]"),
            known => format!("configured: {}", known.join(", ")),
        },
        Problem::Source(error) => return source_hint(error),
        Problem::MachineOnly => "move it to the machine-wide file; `loom config path` prints where that is".to_owned(),
        Problem::Fixed { .. } => "leave it out, or ask the administrator of this machine".to_owned(),
        Problem::PluginInProject => "name the plugin in your own config.toml".to_owned(),
        Problem::ApiKeyInFile { variable } => {
            format!("set {variable} instead, or write api_key = \"${{{variable}}}\"")
        }
        Problem::ForeignKey => "export it, or add the provider to the project's loom.toml".to_owned(),
        Problem::IgnoredInDotenv => {
            "export it, or set the key in loom.toml or config.toml".to_owned()
        }
        Problem::ProjectOnly => "move it to the loom.toml of the project".to_owned(),
        Problem::UserOnly => {
            "set it in the user's config.toml, with `loom config set` outside of a project".to_owned()
        }
        Problem::OnlyStricter | Problem::Withheld => UNTRUSTED_HINT.to_owned(),
        Problem::UnsafeMachineFile(_) => {
            "the file and its folder have to be owned by the administrator, and writable by no other user"
                .to_owned()
        }
        _ => return None,
    })
}

/// The forms in which a source can be named.
/// How sources are named.
fn source_forms() -> String {
    let forms = Scheme::ALL.map(Scheme::form).join(", ");
    format!("a source is named as {forms}, or as a folder: ./path")
}

impl From<SourceTextError> for CommandError {
    fn from(error: SourceTextError) -> Self {
        Self::of(Exit::Usage, &error).maybe_hint(source_hint(&error))
    }
}

fn source_hint(error: &SourceTextError) -> Option<String> {
    match error {
        SourceTextError::Unknown { text, is_folder: true } => {
            Some(format!("for the folder write ./{text}"))
        }
        SourceTextError::Unknown { .. } | SourceTextError::Scheme(_) => Some(source_forms()),
        SourceTextError::FileHost(_) => {
            Some("write three slashes before an absolute path: file:///path".to_owned())
        }
        _ => None,
    }
}

/// A problem or warning as JSON: `file`, `line` and `key`, or `variable`, or `flag`; `message` and `hint`.
pub(crate) fn diagnostic_json(diagnostic: &Diagnostic) -> Value {
    let mut fields = match &diagnostic.location {
        ConfigLocation::File { file, line, key } => {
            json!({"file": shown(file), "line": line, "key": key})
        }
        ConfigLocation::Env(name) => json!({"variable": name}),
        ConfigLocation::Flag(name) => json!({"flag": name}),
    };
    fields["message"] = diagnostic.problem.to_string().into();
    fields["hint"] = json!(problem_hint(&diagnostic.problem));
    fields
}

/// A problem or warning with its hint, in one line.
pub(crate) fn diagnostic_line(diagnostic: &Diagnostic) -> String {
    match problem_hint(&diagnostic.problem) {
        Some(hint) => format!("{diagnostic} ({hint})"),
        None => diagnostic.to_string(),
    }
}
