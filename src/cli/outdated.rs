//! `loom outdated`: which releases are used, and which newer ones the sources have.

use loom_source::{Product, Selector, Version};
use serde_json::{Value, json};

use super::{
    CommandError, Exit, Outcome,
    context::Context,
    locked::{self, project_request},
    newer, ready,
    table::table,
    which,
};
use loom_runtime::{
    acquire::NewerVersions,
    config::{Flags, Resolved},
    launch::{self, Scope},
    store::Store,
    trust::Policy,
    update::{RolledBackVersion, UpdateMemory},
};

/// Arguments of `loom outdated`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Source to query instead of the configured ones; may be repeated
    #[arg(long = "source", value_name = "SOURCE")]
    sources: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let flags = Flags { sources: args.sources.clone(), ..Flags::default() };
    let resolved = context.resolve(flags)?;
    let store = context.store(&resolved)?;
    let (mut rows, mut failure) = (Vec::new(), None);
    for product in products(context, &resolved, &store)? {
        match ProductRow::of(context, &resolved, &store, &product) {
            Ok(row) => rows.push(row),
            Err(error) if rows.is_empty() && failure.is_none() => failure = Some(error),
            Err(error) => context.printer.warning(&error.message),
        }
    }
    match failure {
        Some(error) if rows.is_empty() => return Err(error),
        Some(error) => context.printer.warning(&error.message),
        None => {}
    }
    let products: Vec<Value> = rows.iter().map(ProductRow::json).collect();
    context.printer.answer(&json!({"schema": 1, "products": products}), || human(&rows))?;
    for row in &rows {
        row.remarks().for_each(|remark| context.printer.message(remark));
    }
    Ok(Exit::Success)
}

/// The product to manage and, unless one is named, the other ones that are installed for this platform.
fn products(
    context: &Context,
    resolved: &Resolved,
    store: &Store,
) -> Result<Vec<Product>, CommandError> {
    let mut products = vec![context.line(resolved)?];
    if context.global.binary.is_none() {
        for listed in store.list()? {
            let product = listed.release.product();
            if product.platform == products[0].platform && !products.contains(&product) {
                products.push(product);
            }
        }
    }
    Ok(products)
}

/// A product: what is used of it, and what the sources have.
struct ProductRow {
    product: Product,
    /// The installed version that `up` would start.
    used: Option<Version>,
    /// Which setting or file selects it.
    by: String,
    /// What is requested, of the sources too.
    selector: Selector,
    /// The version of the runtime that runs in this project.
    running: Option<String>,
    found: NewerVersions,
    /// The versions that were rolled back once, of those that are requested and not older than those that run, are used or
    /// are allowed; the lowest first.
    rolled_back: Vec<RolledBackVersion>,
    /// Whether they are left out, as `update.policy = "auto"` does.
    skips: bool,
}

impl ProductRow {
    fn of(
        context: &Context,
        resolved: &Resolved,
        store: &Store,
        product: &Product,
    ) -> Result<Self, CommandError> {
        let choice = locked::choose(context, resolved, product, None)?;
        let before = which::used(context, resolved, store, product, &choice)?;
        let state = &resolved.state_dir.value;
        let scope =
            Scope { project: Some(&resolved.project.root), binary: Some(product.binary.as_ref()) };
        let running = launch::running(state, scope)?.into_iter().next();
        let running = running.map(|instance| instance.document.version);
        let current = running.as_ref().and_then(|version| version.parse().ok()).or(before.clone());
        let locked = choice.lock.as_ref().filter(|_| choice.is_locked);
        let locked = locked.map(|lock| lock.binary.version.clone());
        let selector = match choice.is_locked {
            true => project_request(resolved).0,
            false => choice.selector.clone(),
        };
        let skipped = ready::skipped(resolved, product)?;
        let skips = !skipped.is_empty();
        let policy = Policy { skipped, ..ready::policy(resolved)? };
        let mut found =
            newer::ask(context, resolved, product, &selector, current.as_ref(), policy)?;
        // By the lists of now, `up` perhaps starts another version.
        let used = which::used(context, resolved, store, product, &choice)?;
        found.withdrawn &= running.is_some() || used == before;
        found.remarks.extend(newer::withdrawn_remark(&found, current.as_ref()));
        let mut rolled_back = UpdateMemory::of(state, product).rolled_back()?;
        let lowest = [&current, &used, &found.selected].into_iter().flatten().min();
        rolled_back.retain(|RolledBackVersion { version, .. }| {
            let is_newer = lowest.is_none_or(|lowest| version >= lowest);
            locked.as_ref() == Some(version) || is_newer && selector.matches_counting(version, true)
        });
        let (product, by) = (product.clone(), choice.by);
        Ok(Self { product, used, by, selector, running, found, rolled_back, skips })
    }

    fn json(&self) -> Value {
        let Self { product, used, by, selector, running, found, rolled_back, .. } = self;
        json!({
            "authority": product.authority, "binary": product.binary, "platform": product.platform,
            "used": used, "by": by, "requested": selector.to_string(), "running": running,
            "allowed": found.selected, "newest": found.newest, "source": found.source,
            "rolled_back": rolled_back.last(), "withdrawn": found.withdrawn, "remarks": found.remarks,
        })
    }

    fn cells(&self) -> [String; 7] {
        let text = |version: &Option<Version>| match version {
            Some(version) => version.to_string(),
            None => "-".to_owned(),
        };
        [
            self.product.binary.to_string(),
            text(&self.used),
            self.by.clone(),
            self.running.clone().unwrap_or_default(),
            text(&self.found.selected),
            text(&self.found.newest),
            self.found.source.clone().unwrap_or_default(),
        ]
    }

    /// What the user should know beside the table.
    fn remarks(&self) -> impl Iterator<Item = String> {
        let rolled_back =
            self.rolled_back.iter().map(|RolledBackVersion { version, at, why, .. }| {
                let left_out = if self.skips { " and is left out" } else { "" };
                format!(
                    "{} {version} was rolled back at {at}{left_out}: {why}",
                    self.product.binary
                )
            });
        rolled_back.chain(self.found.remarks.iter().cloned())
    }
}

fn human(rows: &[ProductRow]) -> String {
    let header = ["BINARY", "USED", "BY", "RUNNING", "ALLOWED", "NEWEST", "SOURCE"];
    table(header, &rows.iter().map(ProductRow::cells).collect::<Vec<_>>())
}
