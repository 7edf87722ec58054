//! What went into calls that have not ended, and came out of them: their spans end later.

use std::{collections::HashMap, sync::Mutex};

use loom_base::LockExt as _;
use loom_core::CallContent;
use loom_history::{BodyKind, BodyRow};

/// The bytes of all calls that have not ended; beyond it, content is left out.
const MAX_BYTES: usize = 64 << 20;

/// The contents of open calls, by their spans.
#[derive(Debug, Default)]
pub struct CallContents {
    state: Mutex<OpenContents>,
}

#[derive(Debug, Default)]
struct OpenContents {
    bodies: HashMap<u64, Vec<BodyRow>>,
    bytes: usize,
}

impl CallContents {
    /// Keeps what went into a call, or came out of it, until [`take`](Self::take).
    pub fn keep(&self, content: CallContent<'_>) {
        let mut state = self.state.locked();
        if state.bytes + content.text.len() > MAX_BYTES {
            return;
        }
        state.bytes += content.text.len();
        let kind = if content.is_output { BodyKind::Output } else { BodyKind::Input };
        let body = BodyRow {
            kind,
            content_type: "application/json".into(),
            content: content.text.to_owned().into(),
        };
        state.bodies.entry(content.context.span_id).or_default().push(body);
    }

    /// The contents of a call whose span ends.
    pub fn take(&self, span_id: u64) -> Vec<BodyRow> {
        let mut state = self.state.locked();
        let bodies = state.bodies.remove(&span_id).unwrap_or_default();
        state.bytes -= bodies.iter().map(|body| body.content.len()).sum::<usize>();
        bodies
    }
}

#[cfg(test)]
mod tests {
    use loom_core::TraceContext;

    use super::*;

    #[test]
    fn contents_are_kept_until_the_span_ends() {
        let contents = CallContents::default();
        let context = TraceContext::root(true);
        let (tool, agent, is_secret) = ("t", None, false);
        let content =
            |is_output, text| CallContent { context, tool, agent, is_output, text, is_secret };
        contents.keep(content(false, "{}"));
        contents.keep(content(true, "1"));
        let large = "x".repeat(MAX_BYTES);
        contents.keep(content(true, &large));
        let taken = contents.take(context.span_id);
        let kinds: Vec<_> = taken.iter().map(|body| (body.kind, &*body.content)).collect();
        assert_eq!(kinds, [(BodyKind::Input, &b"{}"[..]), (BodyKind::Output, b"1")]);
        assert!(contents.take(context.span_id).is_empty());
        contents.keep(content(true, &large));
        assert_eq!(contents.take(context.span_id).len(), 1, "nothing else is kept");
    }
}
