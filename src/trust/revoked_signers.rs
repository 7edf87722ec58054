//! [`RevokedSigners`]: the keys and identities that sign nothing any more.

/// The keys and identities that sign nothing any more, as `trust.revoked` names them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevokedSigners(Vec<String>);

impl RevokedSigners {
    /// The signers with these names: ids of keys, identities, issuers.
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Whether one of the names of a signer is revoked. Letters may be of either case.
    pub(super) fn contain_any(&self, names: &[&str]) -> bool {
        let is = |revoked: &String| {
            // Fingerprints are often written in groups.
            let revoked: String = revoked.split_whitespace().collect();
            names.iter().any(|name| {
                // The long id of an OpenPGP key is the end of its fingerprint.
                let end = match (name.len(), revoked.len()) {
                    (40, 16) => name.get(24..).unwrap_or(name),
                    _ => name,
                };
                end.eq_ignore_ascii_case(&revoked)
            })
        };
        self.0.iter().any(is)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole_in_either_case() {
        let fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
        for (revoked, expected) in [
            (fingerprint, true),
            ("0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567", true),
            ("89ABCDEF01234567", true),
            ("0123456789ABCDEF", false),
            ("01234567", false),
        ] {
            let signers = RevokedSigners::new(vec![revoked.to_owned()]);
            assert_eq!(signers.contain_any(&[fingerprint]), expected, "{revoked}");
        }
        assert!(!RevokedSigners::default().contain_any(&[fingerprint, ""]));
    }
}
