//! What the statement that a signed index names says of an offer.

use loom_source::{Digest, Offer, Release, Statement};

use crate::trust::{Pin, PinOrigin, Pins, Rejection};

/// The pins with those of the statement that `pins` requires; `None` where no statement is required.
///
/// An index that has expired still says which statement is the right one, but it vouches for nothing.
///
/// # Errors
/// Where the source serves another statement or none, or the statement contradicts a pin.
pub(super) fn vouched(
    release: &Release,
    offer: &Offer,
    pins: &Pins,
) -> Result<Option<Pins>, Rejection> {
    let Some(Pin { digest: expected, origin }) = &pins.statement else { return Ok(None) };
    let wrong = |got: String| Rejection::Statement {
        release: release.to_string().into(),
        expected: *expected,
        origin: origin.to_string().into(),
        got: got.into(),
    };
    let bytes = offer.statement.as_deref().ok_or_else(|| wrong("none".to_owned()))?;
    let got = Digest::of(bytes);
    if got != *expected {
        return Err(wrong(got.to_string()));
    }
    let statement = Statement::parse(bytes).map_err(|error| wrong(error.to_string()))?;
    if statement.release() != *release {
        return Err(wrong(format!("that of {}", statement.release())));
    }
    if let Some(pin) = pins.tree.as_ref().filter(|pin| pin.digest != statement.tree) {
        return Err(Rejection::Differs {
            release: release.to_string().into(),
            claimed: statement.tree,
            pinned: pin.digest,
            origin: pin.origin.to_string().into(),
            now: origin.to_string().into(),
        });
    }
    let mut pins = pins.clone();
    if matches!(origin, PinOrigin::Index { expired: None, .. }) {
        let pin = |digest| Pin { digest, origin: origin.clone() };
        // What was first seen says less than who signed.
        let known = pins.tree.take();
        let known = known.filter(|pin| !matches!(pin.origin, PinOrigin::FirstSeen { .. }));
        pins.tree = Some(known.unwrap_or_else(|| pin(statement.tree)));
        let archives = statement.archives.iter().map(|archive| pin(archive.digest));
        pins.archives = archives.chain(std::mem::take(&mut pins.archives)).collect();
    }
    Ok(Some(pins))
}

/// Why the index that names the statement vouches for nothing any more; `None` where it does, or no index names one.
pub(super) fn expired(pins: &Pins) -> Option<&str> {
    match &pins.statement {
        Some(Pin { origin: PinOrigin::Index { expired, .. }, .. }) => expired.as_deref(),
        _ => None,
    }
}
