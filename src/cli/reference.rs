//! `loom reference`: the description of all commands as one document, from which documentation is made. Hidden: not
//! for users.

use clap::{Arg, Command};
use serde_json::{Value, json};

use super::{
    Exit, Outcome,
    context::Context,
    environment,
    examples::{self, Example},
    report::exit::EXIT_CODES,
};
use loom_runtime::config;

/// Arguments of `loom reference`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args, context: &Context) -> Outcome {
    let mut root = context.invocation.command_line();
    root.build();
    let global = root.get_arguments().filter(|arg| arg.is_global_set()).map(argument);
    let mut commands = Vec::new();
    collect(&root, "", &mut commands);
    let exit_codes = EXIT_CODES
        .iter()
        .map(|exit| json!({"code": exit.code, "kind": exit.kind, "meaning": exit.meaning}));
    let environment = environment::variables()
        .map(|variable| json!({"name": variable.name, "does": variable.does}));
    let document = json!({
        "schema": 1,
        "version": env!("CARGO_PKG_VERSION"),
        "global_options": global.collect::<Vec<_>>(),
        "commands": commands,
        "exit_codes": exit_codes.collect::<Vec<_>>(),
        "environment": environment.collect::<Vec<_>>(),
        "configuration": config::rows(),
    });
    context.printer.answer(&document, || format!("{document:#}"))?;
    Ok(Exit::Success)
}

/// Adds `command` and its subcommands; `path` is the command's path, such as `store verify`.
fn collect(command: &Command, path: &str, found: &mut Vec<Value>) {
    let own =
        |arg: &&Arg| !arg.is_global_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let is_shown = |arg: &&Arg| !arg.is_hide_set();
    let examples =
        examples::of(path).iter().map(|Example { line, does }| json!({"line": line, "does": does}));
    found.push(json!({
        "path": path,
        "about": command.get_about().map(ToString::to_string),
        "usage": command.clone().render_usage().to_string().trim_start_matches("Usage: "),
        "aliases": command.get_visible_aliases().collect::<Vec<_>>(),
        "arguments": command.get_arguments().filter(|arg| own(arg) || is_version(arg, path)).filter(is_shown).map(argument).collect::<Vec<_>>(),
        "examples": examples.collect::<Vec<_>>(),
    }));
    for subcommand in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let path = format!("{path} {}", subcommand.get_name());
        collect(subcommand, path.trim_start(), found);
    }
}

/// Whether this is the option `--version VERSION` of a command, and not `loom --version`.
fn is_version(arg: &Arg, path: &str) -> bool {
    arg.get_id() == "version" && !path.is_empty()
}

fn argument(arg: &Arg) -> Value {
    let takes_value = arg.get_action().takes_values();
    let values = arg.get_value_names().unwrap_or_default();
    let possible = if takes_value { arg.get_possible_values() } else { Vec::new() };
    let many = arg.get_num_args().is_some_and(|range| range.max_values() > 1);
    json!({
        "name": arg.get_id().as_str(),
        "long": arg.get_long(),
        "short": arg.get_short(),
        "value": values.first().filter(|_| takes_value).map(|value| value.as_str()),
        "required": arg.is_required_set(),
        "repeatable": many || matches!(arg.get_action(), clap::ArgAction::Append | clap::ArgAction::Count),
        "possible_values": possible.iter().map(|value| value.get_name()).collect::<Vec<_>>(),
        "help": arg.get_help().map(ToString::to_string),
    })
}
