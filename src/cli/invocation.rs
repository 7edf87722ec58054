//! How `loom` was called.

use std::ffi::OsString;

use clap::Command;

/// The arguments of this run, and the parsers of all commands.
#[derive(Debug)]
pub(crate) struct Invocation {
    args: Vec<OsString>,
    command_line: fn() -> Command,
}

impl Invocation {
    /// `args` begins with the program's name; `command_line` builds the parsers of all commands.
    pub(crate) fn new(args: Vec<OsString>, command_line: fn() -> Command) -> Self {
        Self { args, command_line }
    }

    /// The parsers of all commands for users.
    pub(crate) fn command_line(&self) -> Command {
        (self.command_line)()
    }

    /// The command line as a user could type it again, for messages: logins in URLs are replaced by `***`.
    pub(crate) fn text(&self) -> String {
        let args =
            self.args.iter().skip(1).map(|arg| quoted(&without_login(&arg.to_string_lossy())));
        std::iter::once("loom".to_owned()).chain(args).collect::<Vec<_>>().join(" ")
    }
}

fn without_login(arg: &str) -> String {
    if arg.contains("://") || arg.contains('@') {
        loom_base::redact::text(arg)
    } else {
        arg.to_owned()
    }
}

/// The argument as a POSIX shell reads it.
fn quoted(arg: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !arg.is_empty() && arg.chars().all(plain) {
        arg.to_owned()
    } else {
        format!("'{}'", arg.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_can_be_typed_again_and_holds_no_login() {
        for (args, expected) in [
            (&["/usr/bin/loom", "get", "0.2.0"][..], "loom get 0.2.0"),
            (&["loom", "get", ">=0.1, <0.3"], "loom get '>=0.1, <0.3'"),
            (&["loom", "get", "it's", ""], r"loom get 'it'\''s' ''"),
            (
                &["loom", "get", "--source", "https://ada:secret@host/x?token=t"],
                "loom get --source 'https://***@host/x?***'",
            ),
            (&["loom", "get", "--source", "ada:secret@host"], "loom get --source '***@host'"),
        ] {
            let args = args.iter().map(OsString::from).collect();
            assert_eq!(Invocation::new(args, || Command::new("loom")).text(), expected);
        }
    }
}
