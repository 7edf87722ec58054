//! A boolean as text.

use std::{fmt, str::FromStr};

/// A boolean variable. It is written as `true` or `false`; `true`, `1`, `yes` and `on` are read as true, `false`, `0`,
/// `no` and `off` as false, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switch(pub bool);

/// A text that is no boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected true, 1, yes or on, or false, 0, no or off")]
pub struct SwitchError;

impl FromStr for Switch {
    type Err = SwitchError;

    fn from_str(text: &str) -> Result<Self, SwitchError> {
        match &*text.to_ascii_lowercase() {
            "true" | "1" | "yes" | "on" => Ok(Self(true)),
            "false" | "0" | "no" | "off" => Ok(Self(false)),
            _ => Err(SwitchError),
        }
    }
}

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_words_are_read_in_any_case() {
        for (text, switch) in [
            ("true", Ok(Switch(true))),
            ("1", Ok(Switch(true))),
            ("YES", Ok(Switch(true))),
            ("On", Ok(Switch(true))),
            ("FALSE", Ok(Switch(false))),
            ("0", Ok(Switch(false))),
            ("no", Ok(Switch(false))),
            ("off", Ok(Switch(false))),
            ("perhaps", Err(SwitchError)),
            ("", Err(SwitchError)),
        ] {
            assert_eq!(text.parse(), switch, "{text:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for switch in [Switch(true), Switch(false)] {
            assert_eq!(switch.to_string().parse(), Ok(switch));
        }
    }
}
