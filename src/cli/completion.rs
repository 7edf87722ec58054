//! Shell completion of commands, options and values.
//!
//! The script of a shell calls `loom` at each press of the completion key, with the variable [`VARIABLE`] set, so that
//! values are those of this machine: installed versions, configured sources, and so on.

use clap::{Arg, Command};
use clap_complete::{
    engine::{ArgValueCandidates, CompletionCandidate},
    env::CompleteEnv,
};

use super::{context::Context, global::Global, invocation::Invocation, printer::Printer};
use loom_runtime::config::Flags;

/// The variable that a shell's script sets to its name.
pub(crate) const VARIABLE: &str = "LOOM_COMPLETE";

/// Answers a shell and ends the process, if a shell's script called it.
pub(crate) fn complete(command_line: fn() -> Command) {
    if std::env::var_os(VARIABLE).is_some() {
        CompleteEnv::with_factory(|| with_values(command_line())).var(VARIABLE).complete();
    }
}

/// The parsers with completions of the values that depend on this machine.
fn with_values(parser: Command) -> Command {
    let parser = parser.mut_args(|arg| match candidates(&arg) {
        Some(candidates) => arg.add(ArgValueCandidates::new(move || {
            candidates().into_iter().map(CompletionCandidate::new).collect()
        })),
        None => arg,
    });
    let names: Vec<String> =
        parser.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(parser, |parser, name| parser.mut_subcommand(name, with_values))
}

/// The function that finds the values of an argument, by its placeholder.
fn candidates(arg: &Arg) -> Option<fn() -> Vec<String>> {
    match arg.get_value_names()?.first()?.as_str() {
        "VERSION" => Some(versions),
        "SOURCE" => Some(sources),
        _ => None,
    }
}

/// The installed versions, newest first, and the words that select one.
fn versions() -> Vec<String> {
    let installed = || {
        let context = context();
        let resolved = context.resolve(Flags::default()).ok()?;
        let product = context.line(&resolved).ok()?;
        let mut releases = context.store(&resolved).ok()?.list().ok()?;
        releases.retain(|listed| listed.release.product() == product);
        let mut slots: Vec<_> = releases.into_iter().map(|listed| listed.release.slot).collect();
        slots.sort_by(|one, other| other.cmp(one));
        Some(slots.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let mut versions = installed().unwrap_or_default();
    for word in ["latest", "dev"] {
        if !versions.iter().any(|version| version == word) {
            versions.push(word.to_owned());
        }
    }
    versions
}

/// The names of the configured sources.
fn sources() -> Vec<String> {
    let resolved = context().resolve(Flags::default());
    let sources = resolved.map(|resolved| resolved.sources.value).unwrap_or_default();
    sources.iter().map(ToString::to_string).collect()
}

/// A context without options. Errors complete nothing: a completion has no place for messages.
fn context() -> Context {
    let global = Global { quiet: true, ..Global::default() };
    let invocation = Invocation::new(Vec::new(), || Command::new("loom"));
    Context::new(global.clone(), Printer::new(&global), invocation)
}
