//! The table of commands.

use clap::{ArgMatches, Command};

use super::{
    Outcome, completions, config, context::Context, dev, doctor, down, env, exec, get, init, list,
    logs, man, remove, restart, source, status, store, supervise, trust, up, use_version, which,
    why,
};

/// One command: its name, what it says of itself, its arguments and what it does.
pub(crate) struct CommandEntry {
    pub(crate) name: &'static str,
    about: &'static str,
    /// Whether it is for nobody to type.
    pub(crate) hidden: bool,
    arguments: fn(Command) -> Command,
    pub(crate) run: fn(&ArgMatches, &Context) -> Outcome,
}

impl CommandEntry {
    const fn new(
        name: &'static str,
        about: &'static str,
        arguments: fn(Command) -> Command,
        run: fn(&ArgMatches, &Context) -> Outcome,
    ) -> Self {
        Self { name, about, hidden: false, arguments, run }
    }

    /// The same, for nobody to type.
    const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The command's parser.
    pub(crate) fn command(&self) -> Command {
        (self.arguments)(Command::new(self.name))
            .about(self.about)
            .long_about(None)
            .hide(self.hidden)
    }
}

/// An entry of the table: `command!(file, "what it does")`. The file holds `Args` and `run(args, context)`.
macro_rules! command {
    ($name:literal, $module:ident, $about:literal) => {
        CommandEntry::new(
            $name,
            $about,
            <$module::Args as clap::Args>::augment_args,
            |matches, context| match <$module::Args as clap::FromArgMatches>::from_arg_matches(
                matches,
            ) {
                Ok(args) => $module::run(&args, context),
                Err(error) => Err(super::CommandError::new(super::Exit::Usage, error.to_string())),
            },
        )
    };
}

/// All commands, in the order of the help text.
pub(crate) static ALL: &[CommandEntry] = &[
    command!("up", up, "Get the runtime, start it and watch over it"),
    command!("down", down, "End what runs"),
    command!("status", status, "Show what runs"),
    command!("logs", logs, "Show the log of the runtime"),
    command!("restart", restart, "Start what runs again, as the configuration now says"),
    command!("exec", exec, "Run a command beside a runtime of its own on free ports"),
    command!("env", env, "Print how clients reach what runs, as exports for a shell"),
    command!("get", get, "Make sure that a release is here, and print where"),
    command!("which", which, "Print where a release is, if it is here"),
    command!("list", list, "List what is here, or with --remote what the sources offer"),
    command!("why", why, "Say how a release got here, or why it did not"),
    command!("use", use_version, "Choose the version that counts when nothing else says one"),
    command!("remove", remove, "Remove a release from this machine"),
    command!("store", store, "Look after the store: verify, du, path, add"),
    command!("dev", dev, "Use the cargo builds of a checkout: link, unlink, find"),
    command!("source", source, "Look at the configured sources: list, test"),
    command!(
        "doctor",
        doctor,
        "Look for what is wrong on this machine and on the way to the sources"
    ),
    command!("init", init, "Write a commented loom.toml"),
    command!("config", config, "Print, check or describe the configuration"),
    command!("trust", trust, "Let this project's loom.toml set what needs trust"),
    command!("__supervise", supervise, "Watch over a runtime").hidden(),
    command!("completions", completions, "Print a completion script for a shell"),
    command!("man", man, "Print or write the manual pages"),
];
