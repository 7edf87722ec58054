//! Finds the command that was typed and builds the parser of that one only.
//!
//! Building the parsers of all commands costs more than a warm `which` does.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{ArgMatches, Args as _, Command, FromArgMatches as _, error::ErrorKind};

use super::{
    command::{ALL, CommandEntry},
    exit::Exit,
    global::{Global, WITH_VALUE},
    report::CommandError,
};

pub(super) struct Parsed {
    pub(super) entry: &'static CommandEntry,
    pub(super) matches: ArgMatches,
    pub(super) global: Global,
}

/// The run ends here: help, version, or wrong usage.
pub(super) struct Stop {
    error: clap::Error,
    json: bool,
}

impl Stop {
    pub(super) fn print(self) -> ExitCode {
        if !self.error.use_stderr() {
            // The reader of a pipe may have gone; help that nobody reads is no failure.
            let _ = self.error.print();
            return ExitCode::SUCCESS;
        }
        if self.json {
            // As above; `println!` would panic.
            let _ = writeln!(io::stdout(), "{}", wrong_usage(&self.error).json());
        } else {
            let _ = self.error.print();
        }
        ExitCode::from(Exit::Usage.code())
    }
}

/// What is wrong in one line; tips and usage are something to do about it.
fn wrong_usage(error: &clap::Error) -> CommandError {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(one_line);
    let message = match error.kind() {
        // It is the help text, which says nothing of what is wrong.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => "no command was given".to_owned(),
        _ => paragraphs.next().unwrap_or_default().trim_start_matches("error: ").to_owned(),
    };
    let mut hints: Vec<String> = paragraphs
        .filter(|paragraph| paragraph.starts_with("tip: ") || paragraph.starts_with("Usage: "))
        .collect();
    hints.push("try `loom COMMAND --help`".to_owned());
    CommandError::new(Exit::Usage, message).hint(hints.join("\n"))
}

fn one_line(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The root command with the global options and these subcommands.
fn root(entries: impl IntoIterator<Item = &'static CommandEntry>) -> Command {
    Global::augment_args(Command::new("loom"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Finds, verifies, stores and runs the Loom agent runtime")
        .long_about(None)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(entries.into_iter().map(CommandEntry::command))
}

/// The whole command line, for help, completions and manual pages: without what nobody is to type.
pub(super) fn whole() -> Command {
    root(ALL.iter().filter(|entry| !entry.hidden))
}

/// The first argument that is neither an option nor the value of a global one.
fn typed(args: &[OsString]) -> Option<&OsStr> {
    let mut rest = args.iter().skip(1);
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        if WITH_VALUE.contains(&text.as_ref()) {
            rest.next();
        } else if !text.starts_with('-') {
            return Some(arg);
        }
    }
    None
}

pub(super) fn parse(args: &[OsString]) -> Result<Parsed, Stop> {
    let entry = typed(args).and_then(|name| ALL.iter().find(|entry| name == entry.name));
    let parser = entry.map_or_else(whole, |entry| root([entry]));
    let json = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let stop = |error| Stop { error, json };
    let mut parser = parser;
    let matches = parser.try_get_matches_from_mut(args).map_err(stop)?;
    let global = Global::from_arg_matches(&matches).map_err(stop)?;
    let (entry, matches) = match (entry, matches.subcommand()) {
        (Some(entry), Some((_, matches))) => (entry, matches.clone()),
        _ => {
            return Err(stop(parser.error(ErrorKind::MissingSubcommand, "no command was given")));
        }
    };
    Ok(Parsed { entry, matches, global })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_found_behind_global_options() {
        for (line, expected) in [
            ("loom which", Some("which")),
            ("loom --cache-dir get which --json", Some("which")),
            ("loom --cache-dir=x --json -vv which", Some("which")),
            ("loom --json", None),
        ] {
            let args: Vec<OsString> = line.split(' ').map(Into::into).collect();
            assert_eq!(typed(&args).and_then(OsStr::to_str), expected, "{line}");
        }
    }

    #[test]
    fn the_whole_command_line_is_consistent() {
        root(ALL).debug_assert();
    }

    #[test]
    fn what_nobody_is_to_type_is_told_nobody() {
        let names: Vec<String> =
            whole().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert!(names.contains(&"up".to_owned()) && !names.contains(&"__supervise".to_owned()));
    }

    #[test]
    fn wrong_usage_is_told_in_one_line() {
        for (line, message, hint) in [
            ("loom", "no command was given", "Usage: loom"),
            ("loom store", "no command was given", "Usage: loom store"),
            ("loom upp", "unrecognized subcommand 'upp'", "tip: "),
            ("loom up --mod full", "unexpected argument '--mod' found", "Usage: loom up"),
            (
                "loom remove",
                "the following required arguments were not provided: <VERSION>",
                "Usage: loom remove",
            ),
        ] {
            let args: Vec<OsString> = line.split(' ').map(Into::into).collect();
            let Err(stop) = parse(&args) else { panic!("{line}: is well") };
            let failure = wrong_usage(&stop.error);
            assert_eq!(failure.message, message, "{line}");
            let told = failure.hint.unwrap_or_default();
            assert!(told.contains(hint) && told.contains("--help"), "{line}: {told}");
        }
    }

    #[test]
    fn every_value_option_is_known_before_clap_runs() {
        let with_value: Vec<String> = root([])
            .get_arguments()
            .filter(|arg| arg.get_action().takes_values())
            .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
            .collect();
        assert_eq!(with_value, WITH_VALUE);
    }
}
