//! The table of commands.

use clap::{ArgMatches, Command};

use super::{
    Outcome, call, check_update, completions, config, context::Context, deploy, dev, doctor, down,
    env, events, exec, get, init, list, lock, logs, man, mirror, outdated, own_program, publish,
    reference, release, remove, restart, rollback, runs, source, status, store, supervise, trust,
    up, update, use_version, which, why,
};

/// A command: its name, its description, its arguments and its function.
pub(crate) struct CommandEntry {
    pub(crate) name: &'static str,
    about: &'static str,
    /// Other names of the command.
    aliases: &'static [&'static str],
    /// Whether it is left out of help, completions and manual pages: it is not for users.
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
        Self { name, about, aliases: &[], hidden: false, arguments, run }
    }

    /// The same entry with other names.
    const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// The same entry, not for users.
    const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Whether `typed` is the name of this command, or one of its aliases.
    pub(crate) fn is_called(&self, typed: &str) -> bool {
        self.name == typed || self.aliases.contains(&typed)
    }

    /// The parser of the command.
    pub(crate) fn parser(&self) -> Command {
        (self.arguments)(Command::new(self.name))
            .about(self.about)
            .long_about(None)
            .visible_aliases(self.aliases.iter().copied())
            .hide(self.hidden)
    }
}

/// An entry of the table: `command!("name", module, "description")`. The module holds `Args` and
/// `run(&Args, &Context) -> Outcome`.
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
    command!("up", up, "Start the runtime; acquire it first where needed"),
    command!("down", down, "Stop the runtime").aliases(&["stop"]),
    command!("status", status, "Show the running runtimes"),
    command!("logs", logs, "Show the log of the runtime"),
    command!("runs", runs, "Show what the agents did: the history of runs"),
    command!("events", events, "Show what was published, called and registered"),
    command!("call", call, "Call a tool of the running runtime"),
    command!("publish", publish, "Publish an event on the running runtime"),
    command!("restart", restart, "Restart the runtime with the current configuration"),
    command!("exec", exec, "Run a command with a runtime of its own on free ports"),
    command!("env", env, "Print the addresses of the running runtime as shell exports"),
    command!("get", get, "Download a release unless it is installed, and print its path"),
    command!("which", which, "Print the path of an installed release"),
    command!("list", list, "List the installed releases, or with --remote the available ones")
        .aliases(&["ls"]),
    command!("why", why, "Explain how a release was acquired, or why that failed"),
    command!("lock", lock, "Write loom.lock: the version, and the digests for all platforms"),
    command!("outdated", outdated, "Show which releases are used, and which newer ones there are"),
    command!("update", update, "Move loom.lock to a newer version, or acquire the newest one"),
    command!("use", use_version, "Set the default version"),
    command!("rollback", rollback, "Make the previous default version the default again"),
    command!("remove", remove, "Remove releases from the store").aliases(&["rm"]),
    command!("store", store, "Manage the store: verify, repair, gc, keep, du, dedup, path, add"),
    command!("dev", dev, "Manage the checkout for development builds: link, unlink, find"),
    command!("source", source, "Show and test the configured sources: list, test"),
    command!(
        "mirror",
        mirror,
        "Keep mirrors: init, sync, push, index, diff, verify, yank, gc, root"
    ),
    command!(
        "deploy",
        deploy,
        "Write files that run the project with Kubernetes, Helm, compose or systemd: render, diff"
    ),
    command!("doctor", doctor, "Check this machine and the connection to the sources"),
    command!("init", init, "Write a commented loom.toml"),
    command!("config", config, "Show, check or describe the configuration"),
    command!("trust", trust, "Trust the loom.toml of this project, and roots of mirrors"),
    command!("__supervise", supervise, "Supervise a runtime").hidden(),
    command!("__check-update", check_update, "Look for a newer release for a supervisor").hidden(),
    command!(
        "self",
        own_program,
        "Replace this program by a newer one, or go back: update, rollback"
    ),
    command!("release", release, "Make a release: pack, sign, publish, check"),
    command!("completions", completions, "Print a completion script for a shell"),
    command!("man", man, "Print or write the manual pages"),
    command!("reference", reference, "Print the description of all commands").hidden(),
];
