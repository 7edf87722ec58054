//! A list of user ids.

use std::{fmt, str::FromStr};

/// Ids of users of this machine, separated by commas: `33,1001`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserIds(pub Vec<u32>);

/// A text that is no list of user ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected user ids separated by commas, such as 33,1001")]
pub struct UserIdsError;

impl FromStr for UserIds {
    type Err = UserIdsError;

    fn from_str(text: &str) -> Result<Self, UserIdsError> {
        let id = |item: &str| item.trim().parse().map_err(|_| UserIdsError);
        text.split(',').map(id).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for UserIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&ids.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_separated_by_commas() {
        for (text, ids) in [
            ("33", Some(vec![33])),
            ("0, 33 ,4294967295", Some(vec![0, 33, 4_294_967_295])),
            ("", None),
            ("33,", None),
            ("www-data", None),
            ("-1", None),
            ("4294967296", None),
        ] {
            let read: Option<UserIds> = text.parse().ok();
            assert_eq!(read.as_ref().map(|ids| &ids.0), ids.as_ref(), "{text}");
            if let Some(read) = read {
                assert_eq!(read.to_string().parse(), Ok(read));
            }
        }
    }
}
