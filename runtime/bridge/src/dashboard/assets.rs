//! The page, from files that are part of the program. It loads nothing from any other site.

use axum::{
    extract::Path,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};

const PAGE: &str = include_str!("../../assets/index.html");

/// The path below `/static/`, and the content.
type AssetFile = (&'static str, &'static str);

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../assets/", $name)))),*]
    };
}

const STYLES: &[AssetFile] = files![
    "base.css",
    "charts.css",
    "contents.css",
    "drawer.css",
    "events.css",
    "graph.css",
    "health.css",
    "identity.css",
    "login.css",
    "overview.css",
    "run_compare.css",
    "run_page.css",
    "runs.css",
    "shell.css",
    "tables.css",
    "tokens.css",
    "traces.css",
    "trial.css",
];

const SCRIPTS: &[AssetFile] = files![
    "agents.js",
    "app.js",
    "chart.js",
    "columns.js",
    "compare_pane.js",
    "conversation.js",
    "copy_as.js",
    "copy_buttons.js",
    "dom.js",
    "drawer.js",
    "event_detail.js",
    "event_filter.js",
    "event_row.js",
    "event_rows.js",
    "events.js",
    "feed.js",
    "folded_json.js",
    "format.js",
    "gone.js",
    "graph.js",
    "health.js",
    "history_api.js",
    "history_note.js",
    "identity.js",
    "keys.js",
    "lane_rows.js",
    "lanes.js",
    "latest_errors.js",
    "live.js",
    "login.js",
    "messages.js",
    "metric_agents.js",
    "metrics.js",
    "network.js",
    "older_events.js",
    "past.js",
    "paths.js",
    "pause.js",
    "polling.js",
    "problems.js",
    "pulses.js",
    "ranges.js",
    "row_list.js",
    "run_columns.js",
    "run_compare.js",
    "run_filters.js",
    "run_head.js",
    "run_loading.js",
    "run_location.js",
    "run_page.js",
    "run_reader.js",
    "runs.js",
    "schema_form.js",
    "series.js",
    "services.js",
    "session.js",
    "slow_calls.js",
    "span_alignment.js",
    "span_bodies.js",
    "span_pane.js",
    "table.js",
    "text_difference.js",
    "theme.js",
    "tool_trial.js",
    "tools.js",
    "topic_index.js",
    "topics.js",
    "traces.js",
    "views.js",
    "waterfall.js",
    "when.js",
    "worker.js",
];

/// `GET /`: the page.
pub async fn page() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8")], PAGE)
}

/// `GET /static/<path>`: a style sheet or script.
pub async fn file(Path(path): Path<String>) -> Response {
    let find =
        |files: &[AssetFile]| files.iter().find(|(name, _)| *name == path).map(|file| file.1);
    let style = find(STYLES).map(|content| ("text/css; charset=utf-8", content));
    let script = || find(SCRIPTS).map(|content| ("text/javascript; charset=utf-8", content));
    match style.or_else(script) {
        Some((content_type, content)) => ([(CONTENT_TYPE, content_type)], content).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_of_the_page_is_part_of_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
        let names = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let files: BTreeSet<String> = names.map(|name| name.into_string().unwrap()).collect();
        let included = STYLES.iter().chain(SCRIPTS).map(|(name, _)| (*name).to_owned());
        assert_eq!(files, included.chain(["index.html".to_owned()]).collect());
    }
}
