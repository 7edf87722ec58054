//! Samples of the errors of the configuration.

use loom_runtime::config::{
    ConfigError, ConfigLocation, Diagnostic, KeyCompanion, Problem, SourceTextError,
};

use super::samples::{io_error, state_error};

variants!(ConfigError {
    Problems,
    Read,
    Missing,
    NoHome,
    Tilde,
    TrustKey,
    ReadTrusted,
    State,
    Write,
    Exists,
    UnknownKey,
    NotInFiles,
    Value,
    NoProject
});
variants!(Problem {
    Syntax,
    UnknownKey,
    WrongType,
    Invalid,
    OutOfRange,
    InvalidTables,
    EmptySecret,
    NotUtf8,
    UnsetVariable,
    BadExpansion,
    NotExpanded,
    ExclusiveKeys,
    MissingKeys,
    OtherKey,
    MissingKey,
    UnknownProvider,
    Source,
    MissingSourceType,
    OtherSourceType,
    TrustKey,
    KeyFileInProject,
    PluginInProject,
    ApiKeyInFile,
    IgnoredInDotenv,
    ForeignKey,
    NotAnAssignment,
    ProjectOnly,
    UserOnly,
    OnlyStricter,
    Withheld,
    UnsafeMachineFile,
    MachineOnly,
    Fixed
});
variants!(SourceTextError {
    Unknown,
    Repository,
    PluginName,
    Url,
    Scheme,
    FileHost,
    FilePath,
    NoHost,
    Registry,
    RegistryName,
    Query
});

fn diagnostic(problem: Problem) -> Diagnostic {
    let (file, key) = ("/p/loom.toml".into(), "bridge.address".to_owned());
    Diagnostic { location: ConfigLocation::File { file, line: 4, key }, problem }
}

/// The error for a configuration with one problem.
pub(super) fn with_problem(problem: Problem) -> ConfigError {
    ConfigError::Problems { first: Box::new(diagnostic(problem)), rest: Vec::new() }
}

pub(super) fn errors() -> Vec<ConfigError> {
    let file = || "/p/loom.toml".into();
    let text = str::to_owned;
    let unknown = |similar: &[&str]| ConfigError::UnknownKey {
        key: text("bridge.adress"),
        similar: similar.iter().map(|key| (*key).to_owned()).collect(),
    };
    vec![
        ConfigError::Problems {
            first: Box::new(diagnostic(Problem::NotUtf8)),
            rest: vec![diagnostic(Problem::NotUtf8)],
        },
        ConfigError::Read { file: file(), source: io_error() },
        ConfigError::Read { file: file(), source: std::io::ErrorKind::NotFound.into() },
        ConfigError::Read { file: file(), source: std::io::ErrorKind::FileTooLarge.into() },
        ConfigError::Missing { file: file() },
        ConfigError::NoHome { what: "cache", variable: "LOOM_CACHE_DIR" },
        ConfigError::Tilde { what: "LOOM_CACHE_DIR", path: "~ada/cache".into() },
        ConfigError::TrustKey {
            at: text("/etc/loom/release.pub"),
            source: loom_signatures::KeyError::Unrecognized,
        },
        ConfigError::ReadTrusted { file: file(), why: text("expected value") },
        ConfigError::State(state_error()),
        ConfigError::Write { file: file(), source: io_error() },
        ConfigError::Exists { file: file() },
        unknown(&[]),
        unknown(&["bridge.address"]),
        unknown(&["bridge.address", "bridge.timeout_sec"]),
        ConfigError::NotInFiles {
            key: text("config"),
            set_by: vec![text("LOOM_CONFIG"), text("--config")],
        },
        ConfigError::Value {
            key: text("offline"),
            problem: Box::new(Problem::invalid("true or false", "perhaps")),
        },
        ConfigError::NoProject { folder: "/p".into() },
    ]
}

pub(super) fn problems() -> Vec<Problem> {
    let text = str::to_owned;
    vec![
        Problem::Syntax(text("expected `=`")),
        Problem::UnknownKey { nearest: Some("address"), known: vec!["address"] },
        Problem::UnknownKey { nearest: None, known: vec!["address", "timeout_sec"] },
        Problem::WrongType { expected: text("a boolean"), got: "a string" },
        Problem::Invalid { expected: text("HOST:PORT"), got: text("x") },
        Problem::OutOfRange { expected: text("0 to 65535"), got: text("70000") },
        Problem::NotUtf8,
        Problem::UnsetVariable(text("KEY")),
        Problem::InvalidTables {
            reason: text("files.args: expected a list of strings"),
            expected: "JSON: an object of {command, args, env} by name",
        },
        Problem::EmptySecret,
        Problem::BadExpansion,
        Problem::NotExpanded,
        Problem::ExclusiveKeys(["command", "url"]),
        Problem::MissingKeys(["command", "url"]),
        Problem::OtherKey(KeyCompanion { of: "command", not_of: "url" }),
        Problem::MissingKey("url"),
        Problem::UnknownProvider { name: text("x"), known: Vec::new() },
        Problem::UnknownProvider { name: text("x"), known: vec![text("openai")] },
        Problem::Source(SourceTextError::Scheme(text("ftp"))),
        Problem::MissingSourceType { known: &["mirror", "github"] },
        Problem::OtherSourceType { applies_to: vec!["github"], here: "mirror" },
        Problem::TrustKey(loom_signatures::KeyError::Secret.to_string()),
        Problem::KeyFileInProject,
        Problem::PluginInProject,
        Problem::ApiKeyInFile { variable: text("OPENAI_API_KEY") },
        Problem::IgnoredInDotenv,
        Problem::ForeignKey,
        Problem::NotAnAssignment,
        Problem::ProjectOnly,
        Problem::UserOnly,
        Problem::OnlyStricter,
        Problem::Withheld,
        Problem::UnsafeMachineFile(text("other users can write it")),
        Problem::MachineOnly,
        Problem::Fixed { key: text("trust.signature"), by: text("/etc/loom/config.toml:3") },
    ]
}

pub(super) fn source_texts() -> Vec<SourceTextError> {
    let text = str::to_owned;
    vec![
        SourceTextError::Unknown { text: text("mirror"), is_folder: false },
        SourceTextError::Unknown { text: text("mirror"), is_folder: true },
        SourceTextError::Repository(text("loom")),
        SourceTextError::PluginName(text("../x")),
        SourceTextError::Url { url: text("https://h h"), why: text("invalid domain character") },
        SourceTextError::Scheme(text("ftp")),
        SourceTextError::FileHost(text("file://m/x")),
        SourceTextError::FilePath(text("file:///x")),
        SourceTextError::NoHost(text("s3:///x")),
        SourceTextError::Registry(text("oci://h/x:0.2.0")),
        SourceTextError::RegistryName {
            url: text("oci://h/Loom"),
            why: text("a component has upper-case letters"),
        },
        SourceTextError::Query(text("https://h/x?y")),
    ]
}
