//! The styles of help, errors and warnings. Whether a stream shows them is decided by the `anstream` crate, which
//! follows `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE`.

use clap::builder::styling::{AnsiColor, Style, Styles};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const HEADER: Style = AnsiColor::Green.on_default().bold();
const LITERAL: Style = AnsiColor::Cyan.on_default().bold();
const PLACEHOLDER: Style = AnsiColor::Cyan.on_default();
const DIM: Style = Style::new().dimmed();

/// The styles of help texts and of errors in the command line: those of cargo.
pub(crate) const HELP: Styles = Styles::styled()
    .header(HEADER)
    .usage(HEADER)
    .literal(LITERAL)
    .placeholder(PLACEHOLDER)
    .error(ERROR)
    .valid(HINT)
    .invalid(WARNING);

/// The word that begins an error.
pub(crate) fn error(text: &str) -> String {
    styled(ERROR, text)
}

/// The word that begins a warning.
pub(crate) fn warning(text: &str) -> String {
    styled(WARNING, text)
}

/// The word that begins a hint.
pub(crate) fn hint(text: &str) -> String {
    styled(HINT, text)
}

/// A heading.
pub(crate) fn header(text: &str) -> String {
    styled(HEADER, text)
}

/// A command or an option, as the user types it.
pub(crate) fn literal(text: &str) -> String {
    styled(LITERAL, text)
}

/// Text that matters less.
pub(crate) fn dim(text: &str) -> String {
    styled(DIM, text)
}

fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}
