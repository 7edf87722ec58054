//! The history of a server that does not run, read by the command `history`, which `loom runs` calls.

use std::path::Path;

use loom_history::HistoryReader;
use serde_json::Value;

use super::question::{Question, QuestionError};

/// The answer to a question, in the form of a path of the dashboard's API with or without `/api/`, from a file.
///
/// # Errors
/// If the file cannot be read, or the question has no answer.
pub fn answer(file: &Path, question: &str) -> Result<Value, QuestionError> {
    let (path, query) = match question.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (question, None),
    };
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/api/{path}") };
    let question = Question::read(&path, query)?;
    question.ask(&HistoryReader::open(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_answers_like_a_server() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("history.db");
        drop(loom_history::History::open(loom_history::HistorySettings::file(&file)).unwrap());
        let runs = answer(&file, "/api/runs?limit=1").unwrap();
        assert_eq!(runs, serde_json::json!({ "runs": [], "next": null }));
        assert_eq!(answer(&file, "runs?limit=1").unwrap(), runs);
        assert!(answer(&file, "/api/other").is_err());
        assert!(answer(&folder.path().join("none.db"), "/api/runs").is_err());
    }
}
