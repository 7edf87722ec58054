//! The tools of a server: page by page, within limits.

use std::collections::{HashMap, HashSet};

use rmcp::{
    Peer, RoleClient, ServiceError,
    model::{ErrorCode, PaginatedRequestParams},
};

use crate::{
    limits,
    tool::{ProviderKind, Tool},
};

/// Pages that are requested.
const MAX_PAGES: usize = 256;
/// Tools that are offered.
const MAX_TOOLS: usize = 4096;
/// The size of all names, descriptions and schemas, in bytes.
const MAX_BYTES: usize = 16 << 20;

/// The tools of a server, or why they are unknown, to follow the server's name.
pub(super) type ListResult = Result<Vec<Tool>, String>;

/// All tools of a server, under the names by which they are offered. A list that exceeds a limit, or whose server repeats
/// a cursor, is cut there, and the log says so.
pub(super) async fn list_tools(peer: Peer<RoleClient>, server: String) -> ListResult {
    let mut listing = ToolListing::new(server);
    let mut cursor = None;
    loop {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = match peer.list_tools(Some(params)).await {
            Ok(page) => page,
            // A server without tools need not support the method.
            Err(ServiceError::McpError(error)) if error.code == ErrorCode::METHOD_NOT_FOUND => {
                return Ok(listing.tools);
            }
            Err(error) => return Err(format!("could not list its tools: {error}")),
        };
        cursor = listing.add_page(page.tools, page.next_cursor);
        if cursor.is_none() {
            return Ok(listing.tools);
        }
    }
}

/// The pages so far.
#[derive(Debug)]
struct ToolListing {
    server: String,
    tools: Vec<Tool>,
    bytes: usize,
    /// The cursors so far; there is one per page.
    cursors: HashSet<String>,
}

impl ToolListing {
    fn new(server: String) -> Self {
        Self { server, tools: Vec::new(), bytes: 0, cursors: HashSet::new() }
    }

    /// Adds a page. Returns the cursor of the next page to request, if there is one.
    fn add_page(
        &mut self,
        tools: Vec<rmcp::model::Tool>,
        next_cursor: Option<String>,
    ) -> Option<String> {
        for tool in tools {
            if self.tools.len() >= MAX_TOOLS {
                return self.cut(&format!("it has more than {MAX_TOOLS} tools"));
            }
            let tool = offered(&self.server, tool);
            if let Err(reason) = limits::check_tool_name(&tool.name) {
                let name: String = tool.name.chars().take(80).collect();
                tracing::warn!(server = self.server, "tool is not offered, {reason}: {name}");
                continue;
            }
            self.bytes += tool.name.len() + tool.description.len() + tool.parameters_schema.len();
            if self.bytes > MAX_BYTES {
                return self.cut(&format!("it is larger than {MAX_BYTES} bytes"));
            }
            self.tools.push(tool);
        }
        let next_cursor = next_cursor.filter(|cursor| !cursor.is_empty())?;
        if self.cursors.contains(&next_cursor) {
            return self.cut("a cursor is repeated");
        }
        if self.cursors.len() + 1 >= MAX_PAGES {
            return self.cut(&format!("it has more than {MAX_PAGES} pages"));
        }
        self.cursors.insert(next_cursor.clone());
        Some(next_cursor)
    }

    fn cut(&self, reason: &str) -> Option<String> {
        let Self { server, tools, .. } = self;
        tracing::warn!(
            server,
            tools = tools.len(),
            "the list of an MCP server's tools is cut: {reason}"
        );
        None
    }
}

fn offered(server: &str, tool: rmcp::model::Tool) -> Tool {
    let metadata = [
        ("mcp_server", Some(server.to_owned())),
        ("mcp_tool", Some(tool.name.clone().into_owned())),
        ("title", tool.title),
    ];
    let present = |(key, value): (&str, Option<String>)| value.map(|value| (key.to_owned(), value));
    Tool {
        name: format!("{server}:{}", tool.name),
        description: tool.description.unwrap_or_default().into_owned(),
        parameters_schema: serde_json::Value::Object((*tool.input_schema).clone()).to_string(),
        provider: ProviderKind::Mcp,
        metadata: metadata.into_iter().filter_map(present).collect::<HashMap<_, _>>(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    fn tools(count: usize, description: usize) -> Vec<rmcp::model::Tool> {
        let tool = |n| rmcp::model::Tool::new(format!("t{n}"), "d".repeat(description), Map::new());
        (0..count).map(tool).collect()
    }

    #[test]
    fn pages_are_added_until_there_is_no_further_cursor() {
        let mut listing = ToolListing::new("s".to_owned());
        let next = listing.add_page(tools(2, 0), Some("a".to_owned()));
        assert_eq!(next.as_deref(), Some("a"));
        assert_eq!(listing.add_page(tools(1, 0), None), None);
        assert_eq!((listing.tools.len(), &*listing.tools[0].name), (3, "s:t0"));
    }

    #[test]
    fn a_repeated_cursor_ends_the_list() {
        let mut listing = ToolListing::new("s".to_owned());
        for (cursor, next) in [("a", Some("a")), ("b", Some("b")), ("a", None), ("", None)] {
            let added = listing.add_page(tools(1, 0), Some(cursor.to_owned()));
            assert_eq!(added.as_deref(), next, "{cursor}");
        }
        assert_eq!(listing.tools.len(), 4, "what was listed is kept");
    }

    #[test]
    fn pages_tools_and_bytes_are_limited() {
        let endless = |size: usize, description: usize| {
            let mut listing = ToolListing::new("s".to_owned());
            let mut pages = 1;
            while listing.add_page(tools(size, description), Some(pages.to_string())).is_some() {
                pages += 1;
            }
            (pages, listing.tools.len())
        };
        assert_eq!(endless(0, 0), (MAX_PAGES, 0));
        assert_eq!(endless(100, 0).1, MAX_TOOLS);
        let (_, kept) = endless(1, MAX_BYTES / 4);
        assert_eq!(kept, 3);
    }

    #[test]
    fn a_tool_with_an_unusable_name_is_left_out() {
        let mut listing = ToolListing::new("s".to_owned());
        let long = rmcp::model::Tool::new("n".repeat(limits::MAX_TOOL_NAME_BYTES), "", Map::new());
        let control = rmcp::model::Tool::new("n\u{1b}[31m", "", Map::new());
        listing.add_page(vec![long, control, tools(1, 0).remove(0)], None);
        assert_eq!(listing.tools.len(), 1);
    }
}
