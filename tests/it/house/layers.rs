//! The layers of `src/`: a module imports only lower ones. The table in `src/lib.rs` is the rule.

use std::{collections::BTreeMap, fs};

use super::{assert_none, modules::Modules, root, shown};

/// What the lower layers must not know, since they block: libraries of the network, and all backends but the trait.
fn network() -> Vec<String> {
    let crates = super::crates();
    let backends = crates.iter().filter_map(|folder| folder.strip_prefix("backends/"));
    let backends = backends.filter(|name| *name != "source");
    let names = backends.map(|name| format!("loom_{}", name.replace('-', "_")));
    names.chain(["reqwest", "tokio", "tonic"].map(str::to_owned)).collect()
}

/// The highest layer that must not know the network.
const BLOCKING: u8 = 4;

/// Module and layer, from lines such as `//! | 3 | `trust` | judges … |`.
fn layers(map: &str) -> BTreeMap<String, u8> {
    let rows = map.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("//! |")?.split('|').map(str::trim);
        let layer = cells.next()?.parse().ok()?;
        Some((cells.next()?.trim_matches('`').to_owned(), layer))
    });
    rows.collect()
}

#[test]
fn a_module_imports_only_lower_layers() {
    let library = root().join("src/lib.rs");
    let layers = layers(&fs::read_to_string(&library).unwrap());
    assert!(layers.len() >= 6, "the table in src/lib.rs was not understood: {layers:?}");
    let modules = Modules::read(&library);
    let mut wrong = Vec::new();
    for (from, to) in modules.imports() {
        let (Some(importing), Some(imported)) = (modules.top_level(&from), modules.top_level(&to))
        else {
            continue;
        };
        for module in [importing, imported] {
            if !layers.contains_key(module) {
                wrong.push(format!("{module} is missing in the table of src/lib.rs"));
            }
        }
        if importing != imported && layers.get(importing) <= layers.get(imported) {
            wrong.push(format!("{}: {importing} must not import {}", shown(&from), shown(&to)));
        }
    }
    wrong.dedup();
    assert_none(&wrong);
}

#[test]
fn the_lower_layers_know_no_network() {
    let library = root().join("src/lib.rs");
    let layers = layers(&fs::read_to_string(&library).unwrap());
    let network = network();
    let mut wrong = Vec::new();
    for (module, _) in layers.iter().filter(|(_, layer)| **layer <= BLOCKING) {
        for file in super::files(&root().join("src").join(module)) {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            let code = code.collect::<Vec<_>>().join("\n");
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(name) = words.find(|word| network.iter().any(|name| name == word)) {
                wrong.push(format!("{}: {module} knows {name}", shown(&file)));
            }
        }
    }
    assert_none(&wrong);
}
