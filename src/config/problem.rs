//! What can be wrong with a configuration.

use loom_base::redact;

use super::{SourceTextError, key_companion::KeyCompanion};

/// A problem of a configuration. Its message states what was expected and found, never what to do: the command line adds
/// a hint. Values of secrets, and values that variables expand to, are not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The text is not TOML.
    #[error("invalid TOML: {0}")]
    Syntax(String),
    /// No such key.
    #[error("unknown key")]
    UnknownKey {
        /// The known key that is spelt most alike, if one is close.
        nearest: Option<&'static str>,
        /// The keys that are known in this table.
        known: Vec<&'static str>,
    },
    /// A value of the wrong type.
    #[error("expected {expected}, got {got}")]
    WrongType {
        /// The expected type.
        expected: String,
        /// The type of the value.
        got: &'static str,
    },
    /// A value of the right type that is not valid.
    #[error("expected {expected}, got {got:?}")]
    Invalid {
        /// The expected form.
        expected: String,
        /// The value as written, without what looks like a password or a key.
        got: String,
    },
    /// A number outside of its range.
    #[error("expected {expected}, got {got}")]
    OutOfRange {
        /// The expected range.
        expected: String,
        /// The value, as written.
        got: String,
    },
    /// A variable with tables, one of which is not valid. No value is shown: any of them may be a secret.
    #[error("{reason}")]
    InvalidTables {
        /// The table, the key, and what was expected of it.
        reason: String,
        /// The expected form.
        expected: &'static str,
    },
    /// A secret that is set to nothing or to white space.
    #[error("the secret is empty")]
    EmptySecret,
    /// The value of an environment variable is not text.
    #[error("the value is not valid UTF-8")]
    NotUtf8,
    /// `${NAME}` of a variable that is not set, without a default.
    #[error("the variable {0} is not set")]
    UnsetVariable(String),
    /// `${` without `}`, or with something else than a name. The text is not shown: it may hold a secret.
    #[error("the text contains a ${{ that does not name a variable")]
    BadExpansion,
    /// `${NAME}` in a source.
    #[error("variables are not expanded in sources")]
    NotExpanded,
    /// A table with both of two keys of which it may have one.
    #[error("{} and {} exclude each other", .0[0], .0[1])]
    ExclusiveKeys([&'static str; 2]),
    /// A table with neither of two keys of which it must have one.
    #[error("missing key: {} or {}", .0[0], .0[1])]
    MissingKeys([&'static str; 2]),
    /// A key of a table that belongs to one of two keys that exclude each other, where the table has the other one.
    #[error("belongs to {}, and the table has {}", .0.of, .0.not_of)]
    OtherKey(KeyCompanion),
    /// A table without a key that it must have.
    #[error("missing key: {0}")]
    MissingKey(&'static str),
    /// `llm.default` names a provider that is not configured.
    #[error("unknown provider {name:?}")]
    UnknownProvider {
        /// The name.
        name: String,
        /// The configured providers.
        known: Vec<String>,
    },
    /// A text that does not name a source.
    #[error(transparent)]
    Source(#[from] SourceTextError),
    /// A source without a type and without a URL to tell it from.
    #[error("missing key: type ({}), or url", known.join(", "))]
    MissingSourceType {
        /// The types of sources.
        known: &'static [&'static str],
    },
    /// A key of another type of source.
    #[error("applies to sources of type {}; this source is of type {here}", applies_to.join(" and "))]
    OtherSourceType {
        /// The types that have the key.
        applies_to: Vec<&'static str>,
        /// The type of the source.
        here: &'static str,
    },
    /// A text that is not a public key.
    #[error("{0}")]
    TrustKey(String),
    /// A project names a file with keys: its trust covers what its `loom.toml` says, not the content of files.
    #[error("a project gives its keys as text, not in files")]
    KeyFileInProject,
    /// A key of the administrator in another file.
    #[error("only the machine-wide file can set it")]
    MachineOnly,
    /// A value that the machine-wide file fixes. An error for options and variables, a warning for files.
    #[error("has no effect: {by} fixes {key} for all users")]
    Fixed {
        /// The key.
        key: String,
        /// The machine-wide file, and the line that fixes the key.
        by: String,
    },
    /// A project names a plugin, which is a program to run.
    #[error("a project cannot configure plugins")]
    PluginInProject,

    /// Warning: an API key in a project's file, which is usually committed.
    #[error("the API key is stored in the project's file")]
    ApiKeyInFile {
        /// The variable that can hold the key.
        variable: String,
    },
    /// Warning: a variable in a project's `.env` that is not taken from there.
    #[error("has no effect in a project's .env")]
    IgnoredInDotenv,
    /// Warning: a key in a project's `.env` for a provider of another file.
    #[error("has no effect: the provider is not in the loom.toml beside this file")]
    ForeignKey,
    /// Warning: a line of a `.env` that is not an assignment.
    #[error("expected NAME=value; the line has no effect")]
    NotAnAssignment,
    /// Warning: a key of a project in another file.
    #[error("has no effect outside of a project's loom.toml")]
    ProjectOnly,
    /// Warning: a key of the user in the file of a project.
    #[error("has no effect in the file of a project")]
    UserOnly,
    /// Warning: a value of an untrusted project that would be less strict than the user's.
    #[error("can only be made stricter until the project is trusted")]
    OnlyStricter,
    /// Warning: a value of an untrusted project.
    #[error("has no effect until the project is trusted")]
    Withheld,
    /// Warning: a machine-wide file that is not read, because other users than the administrator could have written
    /// it.
    #[error("the machine-wide configuration is not read: {0}")]
    UnsafeMachineFile(String),
}

impl Problem {
    /// A value that is not valid. Of the value is shown what looks like neither a password nor a key.
    pub fn invalid(expected: impl Into<String>, got: impl AsRef<str>) -> Self {
        Self::Invalid { expected: expected.into(), got: redact::unusable(got.as_ref()) }
    }
}
