//! The values of the environment variables by which the server is configured.

use std::{fmt::Display, str::FromStr};

use loom_environment::{
    AgentTables, HostNames, InheritedListeners, LlmTables, LogFormat, McpServerTables, Switch,
    UserIds, json,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::input::text;

/// A value, read as that of each variable. What was read is written and read again as it was; errors show no values.
pub(crate) fn variable(data: &[u8]) {
    let Some(value) = text(data) else { return };
    document::<LlmTables>(value);
    document::<McpServerTables>(value);
    document::<AgentTables>(value);
    document::<InheritedListeners>(value);
    written::<Switch>(value);
    written::<LogFormat>(value);
    let _ = value.parse::<UserIds>();
    if let Ok(names) = value.parse::<HostNames>() {
        assert!(names.as_slice().iter().all(|name| names.contains(name)), "{names:?}");
    }
}

fn document<T: Serialize + DeserializeOwned>(value: &str) {
    let Ok(read) = json::read::<T>(value) else { return };
    let written = serde_json::to_string(&read).expect("it is a document");
    let read = json::read::<T>(&written).expect("it was written");
    assert_eq!(serde_json::to_string(&read).expect("it is a document"), written);
}

fn written<T: FromStr + Display>(value: &str) {
    let Ok(read) = value.parse::<T>() else { return };
    let written = read.to_string();
    assert_eq!(written.parse::<T>().ok().map(|read| read.to_string()), Some(written));
}
