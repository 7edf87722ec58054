//! `loom config show|check|schema`

use serde_json::{Map, Value, json};

use super::{CommandError, Exit, Outcome, context::Context};
use loom_runtime::config::{self, ConfigLocation, Diagnostic, Disk, Flags, Resolved, Row, show};

/// Arguments of `loom config`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Print every setting and where it comes from
    Show {
        /// Print secrets as they are
        #[arg(long)]
        show_secrets: bool,
    },
    /// Name every mistake in loom.toml, config.toml and the environment
    Check,
    /// Print the JSON Schema of loom.toml
    Schema,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    match args.what {
        What::Show { show_secrets } => show(show_secrets, context),
        What::Check => check(context),
        What::Schema => {
            let schema = config::schema();
            let text = format!("{schema:#}\n");
            context.printer.bytes(text.as_bytes())?;
            Ok(Exit::Success)
        }
    }
}

fn show(secrets: bool, context: &Context) -> Outcome {
    let resolved = context.resolve(Flags::default())?;
    if let Some(untrusted) = &resolved.untrusted {
        context.printer.warning(format!("{untrusted}; {}", untrusted.hint()));
    }
    let rows = resolved.rows();
    context.printer.answer(&document(&resolved, &rows, secrets), || {
        rows.iter().map(|row| lines(row, secrets)).collect()
    })?;
    Ok(Exit::Success)
}

fn document(resolved: &Resolved, rows: &[Row], secrets: bool) -> Value {
    let origins: Map<_, _> = rows.iter().map(|r| (r.key(), show::origin(&r.origin))).collect();
    let withheld = |untrusted: &config::Untrusted| {
        let what: Vec<Value> =
            untrusted.what.iter().map(|w| json!({"key": w.key, "value": w.value})).collect();
        json!({"file": untrusted.file, "what": what})
    };
    json!({
        "schema": 1,
        "project": {"root": resolved.project.root, "file": resolved.project.file},
        "config": show::tables(rows, secrets),
        "origins": origins,
        "untrusted": resolved.untrusted.as_ref().map(withheld),
    })
}

/// `key = value  # origin`; a list of tables has a line for each of them.
fn lines(row: &Row, secrets: bool) -> String {
    let line = |key: &str, value: &Value| format!("{key} = {value}  # {}\n", row.origin);
    match (row.key(), row.json(secrets)) {
        (key, Value::Array(items)) if items.iter().any(Value::is_object) => {
            let item = |(index, item): (usize, &Value)| line(&format!("{key}[{index}]"), item);
            items.iter().enumerate().map(item).collect()
        }
        (key, Value::Null) => line(&key, &"none".into()),
        (key, value) => line(&key, &value),
    }
}

/// Mistakes go to stdout, as those of a linter do; any of them is exit code 2.
fn check(context: &Context) -> Outcome {
    let (mistakes, warnings) = config::check(&context.inputs(Flags::default())?, &Disk)?;
    let list = |of: &[Diagnostic]| of.iter().map(as_json).collect::<Vec<_>>();
    let failure = match mistakes.len() {
        0 => None,
        1 => Some(CommandError::new(Exit::Usage, "there is one mistake in the configuration")),
        n => Some(CommandError::new(
            Exit::Usage,
            format!("there are {n} mistakes in the configuration"),
        )),
    };
    let mut document = failure.as_ref().map_or(json!({"schema": 1}), CommandError::json);
    document["mistakes"] = list(&mistakes).into();
    document["warnings"] = list(&warnings).into();
    context.printer.answer(&document, || {
        let mistakes = mistakes.iter().map(|mistake| told(mistake, ""));
        mistakes.chain(warnings.iter().map(|warning| told(warning, "warning: "))).collect()
    })?;
    match failure {
        None => Ok(Exit::Success),
        // The document is the answer already.
        Some(_) if context.printer.is_json() => Ok(Exit::Usage),
        Some(failure) => Err(failure),
    }
}

/// `/p/loom.toml:4: bridge.adress: unknown key (did you mean address?)`
fn told(mistake: &Diagnostic, severity: &str) -> String {
    match &mistake.hint {
        Some(hint) => format!("{severity}{mistake} ({hint})\n"),
        None => format!("{severity}{mistake}\n"),
    }
}

fn as_json(mistake: &Diagnostic) -> Value {
    let mut fields = match &mistake.place {
        ConfigLocation::File { file, line, key } => json!({"file": file, "line": line, "key": key}),
        ConfigLocation::Env(name) => json!({"variable": name}),
        ConfigLocation::Flag(name) => json!({"flag": name}),
    };
    fields["message"] = mistake.message.as_str().into();
    fields["hint"] = json!(mistake.hint);
    fields
}
