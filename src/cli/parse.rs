//! Finds the command that was typed and builds the parser of that one only.
//!
//! Building the parsers of all commands costs more than a warm `which` does. Help texts and errors need more than
//! that one parser (examples, styles, all commands): they are made by parsing a second time.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{
    ArgMatches, Args as _, Command, FromArgMatches as _,
    error::{Error, ErrorKind},
};
use loom_base::clean;

use super::{
    command::{ALL, CommandEntry},
    global::{Global, WITH_VALUE},
    help, lock_args,
    report::CommandError,
    report::Exit,
    suggest,
};

/// From this length on, in bytes, an argument may not be shown whole.
const LONG_ARGUMENT: usize = 1_000;

/// A valid command line.
pub(super) struct Parsed {
    pub(super) entry: &'static CommandEntry,
    pub(super) matches: ArgMatches,
    pub(super) global: Global,
}

/// The run ends after parsing: with help, the version, or an error in the command line.
pub(super) struct Stop {
    error: Error,
    json: bool,
    /// Whether the arguments can be shown as they are: they are short, and no character changes how text is displayed.
    is_clean: bool,
}

impl Stop {
    pub(super) fn print(self) -> ExitCode {
        if !self.error.use_stderr() {
            // The reader of a pipe may have gone; help that is not read is no failure.
            let _ = self.error.print();
            return ExitCode::SUCCESS;
        }
        if self.json {
            // As above; `println!` would panic.
            let document = usage_error(&self.error).json().to_string();
            let _ = writeln!(io::stdout(), "{}", clean::json(&document));
        } else if self.is_clean {
            let _ = self.error.print();
        } else {
            // The arguments may come from a script that took them from elsewhere.
            let text = self.error.render().to_string();
            let _ = write!(io::stderr(), "{}", clean::shortened(&clean::text(&text)));
        }
        ExitCode::from(Exit::Usage.code())
    }
}

/// The error in one line, with tips and usage as its hint.
fn usage_error(error: &Error) -> CommandError {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(one_line);
    let message = match error.kind() {
        // The text is the help text.
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

/// The root parser with the global options and these subcommands.
fn root(entries: impl IntoIterator<Item = &'static CommandEntry>) -> Command {
    Global::augment_args(Command::new("loom"))
        .version(env!("CARGO_PKG_VERSION"))
        .about("Finds, verifies, stores and runs the Loom agent runtime")
        .long_about(None)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands(entries.into_iter().map(CommandEntry::parser))
}

/// The parsers of all commands for users, with everything that help shows: for help, completions and manual pages.
pub(super) fn command_line() -> Command {
    help::complete(root(ALL.iter().filter(|entry| !entry.hidden)))
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

/// Parses the arguments, the program's name first.
pub(super) fn parse(args: &[OsString]) -> Result<Parsed, Stop> {
    let name = typed(args).and_then(OsStr::to_str);
    let entry = name.and_then(|name| ALL.iter().find(|entry| entry.is_called(name)));
    let json = args.iter().take_while(|arg| *arg != "--").any(|arg| arg == "--json");
    let stop = |parser| {
        let is_clean = !args.iter().any(|arg| {
            arg.len() > LONG_ARGUMENT || arg.to_string_lossy().contains(clean::is_unsafe)
        });
        Err(Stop { error: error_of(parser, args), json, is_clean })
    };
    let Some(entry) = entry else { return stop(command_line()) };
    let parser = lock_args::parser_for(args, || root([entry]));
    let matched = parser.try_get_matches_from(args).and_then(|matches| {
        let global = Global::from_arg_matches(&matches)?;
        Ok((matches, global))
    });
    match matched {
        Ok((mut matches, global)) => match matches.remove_subcommand() {
            Some((_, matches)) => Ok(Parsed { entry, matches, global }),
            None => stop(command_line()),
        },
        Err(_) => stop(help::complete(root([entry]))),
    }
}

/// The error, or the help text, that `parser` has for these arguments.
fn error_of(mut parser: Command, args: &[OsString]) -> Error {
    match parser.try_get_matches_from_mut(args) {
        Err(mut error) => {
            suggest::improve(&mut error);
            error
        }
        Ok(_) => parser.error(ErrorKind::MissingSubcommand, "no command was given"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(Into::into).collect()
    }

    #[test]
    fn the_command_is_found_behind_global_options() {
        for (line, expected) in [
            ("loom which", Some("which")),
            ("loom --cache-dir get which --json", Some("which")),
            ("loom --cache-dir=x --json -vv which", Some("which")),
            ("loom --json", None),
        ] {
            assert_eq!(typed(&words(line)).and_then(OsStr::to_str), expected, "{line}");
        }
    }

    #[test]
    fn aliases_are_their_commands() {
        for (line, expected) in
            [("loom ls", "list"), ("loom rm 0.2.0", "remove"), ("loom stop", "down")]
        {
            let Ok(parsed) = parse(&words(line)) else { panic!("{line}: is an error") };
            assert_eq!(parsed.entry.name, expected, "{line}");
        }
    }

    #[test]
    fn the_parsers_of_all_commands_are_consistent() {
        help::complete(root(ALL)).debug_assert();
    }

    #[test]
    fn hidden_commands_are_left_out() {
        let names: Vec<String> =
            command_line().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        assert!(names.contains(&"up".to_owned()) && !names.contains(&"__supervise".to_owned()));
    }

    #[test]
    fn a_usage_error_is_one_line_and_a_hint() {
        for (line, message, hint) in [
            ("loom", "no command was given", "Usage: loom"),
            ("loom store", "no command was given", "Usage: loom store"),
            ("loom upp", "unrecognized subcommand 'upp'", "tip: "),
            ("loom download", "unrecognized subcommand 'download'", "tip: use loom get"),
            ("loom up --mod full", "unexpected argument '--mod' found", "Usage: loom up"),
            (
                "loom remove",
                "the following required arguments were not provided: <VERSION>...",
                "Usage: loom remove",
            ),
        ] {
            let Err(stop) = parse(&words(line)) else { panic!("{line}: is valid") };
            let error = usage_error(&stop.error);
            assert_eq!(error.message, message, "{line}");
            let hints = error.hint.unwrap_or_default();
            assert!(hints.contains(hint) && hints.contains("--help"), "{line}: {hints}");
        }
    }

    #[test]
    fn every_global_option_with_a_value_is_known_before_parsing() {
        let with_value: Vec<String> = root([])
            .get_arguments()
            .filter(|arg| arg.get_action().takes_values())
            .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
            .collect();
        assert_eq!(with_value, WITH_VALUE);
    }
}
