//! Reads single environment variables. Errors show no value that may be secret.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    str::FromStr,
    time::Duration,
};

use loom_base::redact;
use loom_environment::{Switch, json, names};
use serde::de::DeserializeOwned;

/// The environment of a process.
pub type EnvironmentMap = BTreeMap<OsString, OsString>;

/// Why the settings are invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The value of a variable is invalid.
    #[error("invalid value of {variable}: {reason}{}", got(value))]
    Invalid {
        /// The variable's name.
        variable: &'static str,
        /// What is wrong, as in "expected text or json".
        reason: String,
        /// The value, without what looks like a password or a key; `None` if it may be secret.
        value: Option<String>,
    },
    /// A variable is required by another one that is set.
    #[error("{variable} is not set, but {other} is: set both or neither")]
    Missing {
        /// The name of the variable that is not set.
        variable: &'static str,
        /// The name of the variable that is set.
        other: &'static str,
    },
}

impl SettingsError {
    /// The error for a value that may be secret, or that is not worth showing.
    pub(super) fn secret(variable: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { variable, reason: reason.into(), value: None }
    }

    /// The name of the variable that is invalid or missing.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Invalid { variable, .. } | Self::Missing { variable, .. } => variable,
        }
    }
}

fn got(value: &Option<String>) -> String {
    value.as_ref().map(|value| format!(", got {value:?}")).unwrap_or_default()
}

/// Reads variables of one environment, without white space around their values. A variable that is empty then counts as
/// unset, unless it is a secret.
pub(super) struct VariableReader<'a>(&'a EnvironmentMap);

impl<'a> VariableReader<'a> {
    pub(super) fn new(environment: &'a EnvironmentMap) -> Self {
        Self(environment)
    }

    /// The complete environment.
    pub(super) fn environment(&self) -> &'a EnvironmentMap {
        self.0
    }

    /// The value; white space around it is left out where it is text.
    pub(super) fn raw(&self, variable: &str) -> Option<&'a OsStr> {
        self.set(variable).filter(|value| !value.is_empty())
    }

    /// The value, which may be empty; `None` where the variable is not set.
    fn set(&self, variable: &str) -> Option<&'a OsStr> {
        let value = self.0.get(OsStr::new(variable)).map(OsString::as_os_str)?;
        Some(value.to_str().map_or(value, |text| OsStr::new(text.trim())))
    }

    /// The value as text; `None` where it is empty or not UTF-8.
    pub(super) fn utf8(&self, variable: &str) -> Option<&'a str> {
        self.raw(variable).and_then(OsStr::to_str)
    }

    /// The value as text. A secret that is set to nothing is an error: its user expects that it protects the runtime.
    pub(super) fn text(&self, variable: &'static str) -> Result<Option<&'a str>, SettingsError> {
        let is_empty = self.set(variable).is_some_and(OsStr::is_empty);
        if is_empty && names::SECRETS.contains(&variable) {
            let reason = "the secret is empty; set it, or unset the variable";
            return Err(SettingsError::secret(variable, reason));
        }
        let error = |value: &OsStr| {
            invalid(variable, "expected UTF-8".to_owned(), &value.to_string_lossy())
        };
        self.raw(variable).map(|value| value.to_str().ok_or_else(|| error(value))).transpose()
    }

    /// The value as parsed by `T`.
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(
        &self,
        variable: &'static str,
    ) -> Result<Option<T>, SettingsError> {
        let parse = |text: &str| {
            text.parse().map_err(|error: T::Err| invalid(variable, error.to_string(), text))
        };
        self.text(variable)?.map(parse).transpose()
    }

    /// The value as a boolean; unset stands for false.
    pub(super) fn switch(&self, variable: &'static str) -> Result<bool, SettingsError> {
        Ok(self.parse::<Switch>(variable)?.is_some_and(|switch| switch.0))
    }

    /// The value as JSON, which may hold secrets.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        variable: &'static str,
    ) -> Result<Option<T>, SettingsError> {
        let read = |text| {
            let read = json::read(text);
            read.map_err(|error| SettingsError::secret(variable, error.to_string()))
        };
        self.text(variable)?.map(read).transpose()
    }
}

pub(super) fn invalid(variable: &'static str, reason: String, value: &str) -> SettingsError {
    let value = Some(redact::unusable(value)).filter(|_| !names::is_secret(variable));
    SettingsError::Invalid { variable, reason, value }
}

/// Reads a time, which is at least a millisecond.
pub(super) fn milliseconds(variable: &'static str, text: &str) -> Result<Duration, SettingsError> {
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    let reason = || "expected a number of milliseconds from 1 to 4294967295".to_owned();
    let number = number.ok_or_else(|| invalid(variable, reason(), text))?;
    Ok(Duration::from_millis(number.into()))
}
