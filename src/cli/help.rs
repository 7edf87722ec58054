//! What a help text shows beside the arguments: examples and styles.

use clap::Command;

use super::{
    color,
    examples::{self, Example},
};

/// Adds examples and styles to `parser` and all of its subcommands.
pub(crate) fn complete(parser: Command) -> Command {
    with_examples(parser, &mut Vec::new()).styles(color::HELP)
}

fn with_examples(parser: Command, path: &mut Vec<String>) -> Command {
    let parser = match examples::of(&path.join(" ")) {
        [] => parser,
        examples => parser.after_help(text(examples)),
    };
    let names: Vec<String> =
        parser.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(parser, |parser, name| {
        parser.mut_subcommand(name.clone(), |command| {
            path.push(name);
            let command = with_examples(command, path);
            path.pop();
            command
        })
    })
}

/// The section `Examples` of a help text: each command line, and below it what it does.
fn text(examples: &[Example]) -> String {
    let lines = examples
        .iter()
        .map(|Example { line, does }| format!("  {}\n      {does}", color::literal(line)));
    let lines: Vec<String> = lines.collect();
    format!("{}\n{}", color::header("Examples:"), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    /// The path of every command, and its help text.
    fn helps(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
        let mut alone = command.clone();
        found.push((path.to_owned(), alone.render_long_help().to_string()));
        for command in command.get_subcommands().filter(|c| c.get_name() != "help") {
            helps(command, &format!("{path} {}", command.get_name()), found);
        }
    }

    #[test]
    fn every_help_text_has_examples_of_its_own_command_and_the_global_options() {
        let mut root = parse::command_line();
        root.build();
        let mut found = Vec::new();
        helps(&root, "loom", &mut found);
        assert!(found.len() > 30, "{}", found.len());
        for (path, help) in found {
            let (_, examples) =
                help.split_once("Examples:\n").unwrap_or_else(|| panic!("{path}: {help}"));
            assert!(examples.contains(&format!("  {path}")), "{path}: {examples}");
            assert!(help.contains("Global options:"), "{path}: {help}");
        }
    }

    #[test]
    fn every_example_is_a_valid_command_line() {
        for (path, examples) in examples::all() {
            for Example { line, .. } in *examples {
                let args = shell_words(line);
                let result = parse::command_line().try_get_matches_from(args);
                assert!(result.is_ok(), "{path}: {line}: {}", result.unwrap_err());
            }
        }
    }

    /// The words of a command line up to a pipe or a redirection. Text in quotes is one word, `$(…)` is its content.
    fn shell_words(line: &str) -> Vec<String> {
        let line = line
            .strip_prefix("eval \"$(")
            .and_then(|rest| rest.strip_suffix(")\""))
            .unwrap_or(line);
        let (mut words, mut rest) = (Vec::new(), line);
        while let Some(start) = rest.find(['"', '\'']) {
            let (before, quoted) = rest.split_at(start);
            let (quote, quoted) = quoted.split_at(1);
            let (text, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
            words.extend(before.split_whitespace().map(str::to_owned));
            words.push(text.to_owned());
            rest = after;
        }
        words.extend(rest.split_whitespace().map(str::to_owned));
        words.into_iter().take_while(|word| !["|", ">"].contains(&word.as_str())).collect()
    }
}
