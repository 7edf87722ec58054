//! Files of the configuration, for the fuzz targets.

use std::path::Path;

use super::{dotenv::DotEnv, read_document, reader::Layer, tree};

/// Reads the text of a `loom.toml` in every layer.
pub fn document(text: &str) {
    let lines = text.lines().count() + 1;
    let root = match tree::parse(text) {
        Ok(root) => root,
        Err(problems) => {
            assert!(!problems.is_empty() && problems.iter().all(|one| one.line <= lines));
            return;
        }
    };
    for layer in [Layer::Project, Layer::User, Layer::Machine] {
        let variables = |name: &str| (name != "ABSENT").then(|| "value".to_owned());
        let reading = read_document::read(Path::new("loom.toml"), layer, &root, &variables);
        for diagnostic in reading.problems.iter().chain(&reading.warnings) {
            assert!(!diagnostic.to_string().is_empty());
        }
    }
}

/// Reads the text of a `.env`.
pub fn env(text: &str) {
    let (variables, bad) = DotEnv::parse(text);
    assert!(bad.iter().all(|line| (1..=text.lines().count()).contains(line)), "{bad:?}");
    assert_eq!(DotEnv::parse(text), (variables, bad));
}
