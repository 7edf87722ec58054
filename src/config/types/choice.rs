//! Types with a few values, each named by a word.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    config::{
        Layout, Mode, OnFailure, PinRoots, Problem, StoreSharing, UpdateChannel, UpdatePolicy,
        setting_type::{SettingType, ShownValue},
    },
    trust::{Checksum, Signature},
};

/// Implements [`SettingType`] for an enum: a word for each value.
macro_rules! choice {
    (
        $type:ty { $first:literal => $first_value:path, $($word:literal => $value:path),+ }
        $(is off as $off:path)?
    ) => {
        impl SettingType for $type {
            const FORM: &'static str = concat!("\"", $first, "\"" $(, " or \"", $word, "\"")+);

            fn parse(text: &str, _: &Path) -> Result<Self, Problem> {
                match text {
                    $first => Ok($first_value),
                    $($word => Ok($value),)+
                    _ => Err(Problem::invalid(Self::FORM, text)),
                }
            }

            fn schema() -> Value {
                json!({"enum": [$first, $($word),+]})
            }

            fn shown(&self) -> ShownValue {
                ShownValue::Plain(match self {
                    $first_value => $first,
                    $($value => $word,)+
                }.into())
            }

            $(fn is_off(&self) -> bool {
                matches!(self, $off)
            })?
        }
    };
}

choice!(Mode { "full" => Self::Full, "bridge-only" => Self::BridgeOnly });
choice!(Checksum { "required" => Self::Required, "if-available" => Self::IfAvailable });
choice!(Signature { "optional" => Self::Optional, "required" => Self::Required });
choice!(PinRoots { "given" => Self::Given, "first-seen" => Self::FirstSeen });
choice!(OnFailure { "next" => Self::Next, "stop" => Self::Stop } is off as Self::Next);
choice!(Layout { "store" => Self::Store, "release" => Self::Release });
choice!(StoreSharing { "off" => Self::Off, "group" => Self::Group } is off as Self::Off);
choice!(UpdatePolicy { "notify" => Self::Notify, "auto" => Self::Auto, "off" => Self::Off });
choice!(UpdateChannel { "stable" => Self::Stable, "beta" => Self::Beta });
