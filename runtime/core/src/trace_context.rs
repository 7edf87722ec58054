//! The position of a span in a trace, as W3C Trace Context defines it.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher as _, RandomState},
    str::FromStr,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The key of metadata and headers that holds a [`TraceContext`].
pub const TRACEPARENT: &str = "traceparent";

/// A trace id and a span id (<https://www.w3.org/TR/trace-context/>). Neither is zero.
///
/// # Examples
/// ```
/// use loom_core::TraceContext;
///
/// let parent: TraceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse()?;
/// let child = parent.child();
/// assert_eq!(child.trace_id, parent.trace_id);
/// assert_ne!(child.span_id, parent.span_id);
/// assert_eq!(child.to_string().parse(), Ok(child));
/// # Ok::<(), loom_core::trace_context::TraceparentError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The id of the trace.
    pub trace_id: u128,
    /// The id of the span within the trace.
    pub span_id: u64,
    /// Whether the spans of the trace are recorded; decided where the trace begins.
    pub sampled: bool,
}

impl TraceContext {
    /// The root span of a new trace.
    pub fn root(sampled: bool) -> Self {
        let trace_id = u128::from(random_id()) << 64 | u128::from(random_id());
        Self { trace_id, span_id: random_id(), sampled }
    }

    /// A new span in the same trace, to be used as a child of this one.
    pub fn child(self) -> Self {
        Self { span_id: random_id(), ..self }
    }

    /// The context that metadata carries: W3C `traceparent`, else `trace_id` and `span_id` as the SDK writes them; each
    /// key may have the prefix `loom.`. A malformed value counts as absent.
    pub fn from_metadata(metadata: &HashMap<String, String>) -> Option<Self> {
        if metadata.is_empty() {
            return None;
        }
        let value =
            |key: &str, prefixed: &str| metadata.get(key).or_else(|| metadata.get(prefixed));
        if let Some(header) = value(TRACEPARENT, "loom.traceparent") {
            return header.parse().ok();
        }
        let trace_id = value("trace_id", "loom.trace_id")?;
        let span_id = value("span_id", "loom.span_id")?;
        Self::from_ids(trace_id, span_id, true)
    }

    fn from_ids(trace_id: &str, span_id: &str, sampled: bool) -> Option<Self> {
        let is_hex = |text: &str, digits| {
            text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if !is_hex(trace_id, 32) || !is_hex(span_id, 16) {
            return None;
        }
        let context = Self {
            trace_id: u128::from_str_radix(trace_id, 16).ok()?,
            span_id: u64::from_str_radix(span_id, 16).ok()?,
            sampled,
        };
        (context.trace_id != 0 && context.span_id != 0).then_some(context)
    }
}

/// A text that is no `traceparent` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a traceparent: version-traceid-spanid-flags in lower-case hexadecimal digits")]
pub struct TraceparentError;

impl FromStr for TraceContext {
    type Err = TraceparentError;

    /// Reads a `traceparent` header. Version 00 has exactly four fields; a later version may append others.
    fn from_str(header: &str) -> Result<Self, Self::Err> {
        let mut fields = header.trim().split('-');
        let mut next = || fields.next().ok_or(TraceparentError);
        let version = next()?;
        let trace_id = next()?;
        let span_id = next()?;
        let flags = next()?;
        let is_lower_hex =
            |field: &str| field.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let is_known_version = version.len() == 2 && is_lower_hex(version) && version != "ff";
        let is_complete = version != "00" || fields.next().is_none();
        let is_valid = is_known_version
            && is_complete
            && flags.len() == 2
            && [flags, trace_id, span_id].into_iter().all(is_lower_hex);
        if !is_valid {
            return Err(TraceparentError);
        }
        let is_sampled = u8::from_str_radix(flags, 16).is_ok_and(|flags| flags & 1 == 1);
        Self::from_ids(trace_id, span_id, is_sampled).ok_or(TraceparentError)
    }
}

impl fmt::Display for TraceContext {
    /// Writes a `traceparent` header of version 00.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace_id, span_id, sampled } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{:02x}", u8::from(*sampled))
    }
}

/// Whether metadata or headers mark a run whose content nothing may keep: `loom.secret` is `true`, or W3C `baggage` says
/// so, in which the mark is carried on.
pub fn is_secret(metadata: &HashMap<String, String>) -> bool {
    let is_marked = |entry: &str| {
        let (key, value) = entry.split(';').next().and_then(|e| e.split_once('='))?;
        Some(key.trim() == SECRET && value.trim() == "true")
    };
    metadata.get(SECRET).is_some_and(|value| value == "true")
        || metadata
            .get("baggage")
            .is_some_and(|baggage| baggage.split(',').any(|entry| is_marked(entry) == Some(true)))
}

/// The key of metadata and of baggage that marks a run whose content nothing may keep.
const SECRET: &str = "loom.secret";

/// A random number other than zero. Unique enough for ids of spans; not for secrets.
fn random_id() -> u64 {
    static STATE: LazyLock<AtomicU64> =
        LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(0)));
    // SplitMix64: one atomic addition per id, no lock and no system call.
    let mut bits = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits ^ (bits >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN_ID: &str = "00f067aa0ba902b7";

    #[test]
    fn a_traceparent_is_read_as_w3c_defines_it() {
        let table = [
            (format!("00-{TRACE_ID}-{SPAN_ID}-01"), true),
            (format!("00-{TRACE_ID}-{SPAN_ID}-00"), true),
            (format!("cc-{TRACE_ID}-{SPAN_ID}-01-what-the-future-will-be-like"), true),
            (format!("00-{TRACE_ID}-{SPAN_ID}-01-more"), false),
            (format!("ff-{TRACE_ID}-{SPAN_ID}-01"), false),
            (format!("00-{TRACE_ID}-{SPAN_ID}"), false),
            (format!("00-{}-{SPAN_ID}-01", TRACE_ID.to_uppercase()), false),
            (format!("00-{}-{SPAN_ID}-01", "0".repeat(32)), false),
            (format!("00-{TRACE_ID}-{}-01", "0".repeat(16)), false),
            (format!("00-{TRACE_ID}x-{SPAN_ID}-01"), false),
            (String::new(), false),
        ];
        for (header, is_valid) in table {
            assert_eq!(header.parse::<TraceContext>().is_ok(), is_valid, "{header}");
        }
    }

    #[test]
    fn the_flags_say_whether_a_trace_is_recorded() {
        for (flags, sampled, written) in
            [("00", false, "00"), ("01", true, "01"), ("03", true, "01"), ("02", false, "00")]
        {
            let context: TraceContext = format!("00-{TRACE_ID}-{SPAN_ID}-{flags}").parse().unwrap();
            assert_eq!(context.sampled, sampled, "{flags}");
            assert_eq!(context.child().sampled, sampled, "a child is recorded like its parent");
            assert_eq!(context.to_string(), format!("00-{TRACE_ID}-{SPAN_ID}-{written}"));
        }
    }

    #[test]
    fn metadata_carries_a_context_in_either_form() {
        let context = TraceContext {
            trace_id: u128::from_str_radix(TRACE_ID, 16).unwrap(),
            span_id: 0x00f0_67aa_0ba9_02b7,
            sampled: true,
        };
        let header = format!("00-{TRACE_ID}-{SPAN_ID}-01");
        let table: [(&[(&str, &str)], _); 6] = [
            (&[("traceparent", &header)], Some(context)),
            (&[("loom.traceparent", &header)], Some(context)),
            (&[("trace_id", TRACE_ID), ("span_id", SPAN_ID)], Some(context)),
            (&[("trace_id", TRACE_ID)], None),
            (&[("trace_id", "+1"), ("span_id", SPAN_ID)], None),
            (&[("other", "x")], None),
        ];
        for (metadata, expected) in table {
            let map = metadata.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(TraceContext::from_metadata(&map), expected, "{metadata:?}");
        }
    }

    #[test]
    fn metadata_and_baggage_mark_secret_runs() {
        let table = [
            (vec![("loom.secret", "true")], true),
            (vec![("loom.secret", "false")], false),
            (vec![("baggage", "a=1, loom.secret = true;note=x")], true),
            (vec![("baggage", "loom.secret=truest,xloom.secret=true")], false),
            (vec![("baggage", "loom.secret")], false),
            (vec![], false),
        ];
        for (metadata, expected) in table {
            let map = metadata.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            assert_eq!(is_secret(&map), expected, "{metadata:?}");
        }
    }

    #[test]
    fn ids_differ() {
        let root = TraceContext::root(true);
        let child = root.child();
        assert_eq!(root.trace_id, child.trace_id);
        assert!(
            root.span_id != child.span_id && root.trace_id != TraceContext::root(true).trace_id
        );
    }
}
