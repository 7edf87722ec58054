//! The page itself, built in: it asks nothing of any other site.

use axum::{
    extract::Path,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

const PAGE: &str = include_str!("../../assets/index.html");

/// Name below `/static/`, and content.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/", $name)))),*]
    };
}

const STYLES: &[File] = files![
    "base.css",
    "charts.css",
    "drawer.css",
    "events.css",
    "graph.css",
    "overview.css",
    "shell.css",
    "tables.css",
    "tokens.css",
    "traces.css",
];

const SCRIPTS: &[File] = files![
    "agents.js",
    "app.js",
    "chart.js",
    "dom.js",
    "drawer.js",
    "events.js",
    "facts.js",
    "format.js",
    "graph.js",
    "keys.js",
    "live.js",
    "metrics.js",
    "network.js",
    "pulses.js",
    "table.js",
    "theme.js",
    "tools.js",
    "traces.js",
    "views.js",
    "waterfall.js",
];

/// `GET /`
pub async fn page() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE)
}

/// `GET /static/<path>`
pub async fn file(Path(path): Path<String>) -> Response {
    let of = |files: &[File]| files.iter().find(|(name, _)| *name == path).map(|file| file.1);
    let found = of(STYLES).map(|content| ("text/css; charset=utf-8", content));
    let found =
        found.or_else(|| of(SCRIPTS).map(|content| ("text/javascript; charset=utf-8", content)));
    match found {
        Some((kind, content)) => ([(CONTENT_TYPE, kind)], content).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_of_the_page_is_built_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let there: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
        let built_in = STYLES.iter().chain(SCRIPTS).map(|(name, _)| (*name).to_owned());
        assert_eq!(there, built_in.chain(["index.html".to_owned()]).collect());
    }
}
