//! One type name has one meaning across the workspace.

use std::collections::BTreeMap;

use super::{
    assert_none, crates, files,
    modules::{TypeName, type_names},
    root, shown,
};

/// The name that every command of the command line gives to its arguments.
const ARGUMENTS: &str = "Args";

#[test]
fn a_type_name_is_defined_once() {
    let mut types: BTreeMap<String, Vec<TypeName>> = BTreeMap::new();
    for folder in crates() {
        for file in files(&root().join(folder).join("src")) {
            let is_test = file.iter().any(|part| part == "tests" || part == "tests.rs");
            if is_test || file.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            for found in type_names(&file) {
                types.entry(found.name.clone()).or_default().push(found);
            }
        }
    }
    assert!(types.len() > 300, "too few types were found: {}", types.len());
    let mut wrong = Vec::new();
    for (name, found) in types.iter().filter(|(name, _)| *name != ARGUMENTS) {
        // One item per platform is one item.
        let per_platform = found.iter().all(|one| one.conditional && one.file == found[0].file);
        if found.len() > 1 && !per_platform {
            let places: Vec<String> = found.iter().map(|one| shown(&one.file)).collect();
            wrong.push(format!("{name}: {}", places.join(", ")));
        }
    }
    assert_none(&wrong);
}
