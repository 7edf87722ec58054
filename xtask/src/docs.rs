//! `cargo xtask docs`: the documentation site.
//!
//! The pages of `docs/src` are copied, the pages of the reference are generated into the copy, links are checked, the
//! examples are run, and mdBook renders the site to `target/xtask/site`.

mod json_page;
mod links;
mod reference_pages;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    command::{cargo_command, demand, present, succeeds},
    outcome::Outcome,
    tools,
    workspace::Workspace,
};

/// Build the documentation site, check its links and run its examples.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not run the examples.
    #[arg(long)]
    skip_examples: bool,
}

/// Builds the site; answers whether all links and examples are right.
pub(crate) fn run(args: &Args) -> Outcome<bool> {
    let workspace = Workspace::enter()?;
    let mdbook = mdbook(&workspace)?;
    demand(&mut cargo_command(["build", "--quiet", "--workspace", "--bins"]))?;
    let mut passed = build(&workspace, &mdbook)?;
    if !args.skip_examples {
        let mut examples = cargo_command(["test", "--quiet", "--package", "loom-runtime"]);
        examples.args(["--test", "it", "documents::"]);
        passed &= succeeds(examples.env("LOOM_TEST_SERVER", workspace.server()))?;
    }
    Ok(passed)
}

/// Builds the site with a `loom` that is built; answers whether all links lead to a page.
pub(crate) fn build(workspace: &Workspace, mdbook: &Path) -> Outcome<bool> {
    let book = workspace.scratch("docs");
    if book.exists() {
        fs::remove_dir_all(&book)?;
    }
    copy(&workspace.root.join("docs"), &book)?;
    generate(workspace, &book.join("src/reference"))?;
    let broken = links::broken(&book.join("src"))?;
    for link in &broken {
        println!("{link}");
    }
    let site = workspace.scratch("site");
    demand(Command::new(mdbook).arg("build").arg("--dest-dir").arg(&site).arg(&book))?;
    demand(Command::new(workspace.loom()).args(["man", "--to"]).arg(site.join("man")))?;
    println!("the site is {}", site.join("index.html").display());
    Ok(broken.is_empty())
}

/// mdBook: the one on the path, else the one that `cargo xtask test` installed.
fn mdbook(workspace: &Workspace) -> Outcome<PathBuf> {
    if present("mdbook") {
        return Ok("mdbook".into());
    }
    let installed = tools::installed(workspace, "mdbook");
    installed.ok_or_else(|| "mdbook is not installed; run `cargo install --locked mdbook`".into())
}

/// Writes the pages of the reference.
fn generate(workspace: &Workspace, folder: &Path) -> Outcome {
    let output = Command::new(workspace.loom()).args(["reference", "--json"]).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let reference: Value = serde_json::from_slice(&output.stdout)?;
    for (name, page) in [
        ("commands", reference_pages::commands(&reference)),
        ("settings", reference_pages::settings(&reference)),
        ("environment", reference_pages::environment(&reference)),
        ("exit-codes", reference_pages::exit_codes(&reference)),
        ("json", json_page::page(&workspace.root.join("docs/schemas"))?),
    ] {
        fs::write(folder.join(name).with_extension("md"), page)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
