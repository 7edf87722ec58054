//! Reads the page that a web server makes of a folder: those of nginx, Apache, Caddy and Python's `http.server` all link
//! to the entries of the folder by their names.
//!
//! Only links to folders of versions count, and only their names: nothing that the page says else is used.

use std::collections::BTreeSet;

use loom_source::Version;

/// The largest page that is read, in bytes.
pub(crate) const MAX_PAGE: usize = 4 * 1024 * 1024;

/// The largest number of links on a page.
const MAX_LINKS: usize = 10_000;

/// The folders of versions that a page links to, such as `v0.2.0` for `<a href="./v0.2.0/">`; `None` where it links to
/// none, so that it may be any page.
pub(crate) fn version_folders(page: &str) -> Result<Option<Vec<String>>, String> {
    let mut folders = BTreeSet::new();
    for (count, link) in Links(page).enumerate() {
        if count == MAX_LINKS {
            return Err(format!("it has more than {MAX_LINKS} links"));
        }
        folders.extend(version_folder(link).map(str::to_owned));
    }
    Ok((!folders.is_empty()).then(|| folders.into_iter().collect()))
}

/// The name of the folder in the link `[./][v]VERSION/`.
fn version_folder(link: &str) -> Option<&str> {
    let folder = link.strip_prefix("./").unwrap_or(link).strip_suffix('/')?;
    let version = folder.strip_prefix('v').unwrap_or(folder);
    version.parse::<Version>().is_ok().then_some(folder)
}

/// The values of `href` in the tags `<a>` of a page.
struct Links<'a>(&'a str);

impl<'a> Iterator for Links<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let (_, rest) = self.0.split_once('<')?;
            if let Some(comment) = rest.strip_prefix("!--") {
                self.0 = comment.split_once("-->").map_or("", |(_, rest)| rest);
                continue;
            }
            let name = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (name, mut attributes) = rest.split_at(name);
            let mut link = None;
            while let Some((attribute, value, rest)) = attribute(attributes) {
                if link.is_none() && attribute.eq_ignore_ascii_case("href") {
                    link = Some(value);
                }
                attributes = rest;
            }
            self.0 = attributes;
            if name.eq_ignore_ascii_case("a") && link.is_some() {
                return link;
            }
        }
    }
}

/// The name and value of the first attribute of a tag, and what follows it; `None` at the end of the tag.
fn attribute(tag: &str) -> Option<(&str, &str, &str)> {
    let tag = tag.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    let end = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '<' | '/');
    let (name, rest) = tag.split_at(tag.find(end).unwrap_or(tag.len()));
    let rest = rest.trim_ascii_start();
    let Some(value) = rest.strip_prefix('=').map(str::trim_ascii_start) else {
        return (!name.is_empty()).then_some((name, "", rest));
    };
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (value, rest) = quoted.split_once(quote)?;
            return Some((name, value, rest));
        }
    }
    let end = value.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(value.len());
    let (value, rest) = value.split_at(end);
    Some((name, value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(page: &str) -> Vec<String> {
        version_folders(page).unwrap().unwrap_or_default()
    }

    #[test]
    fn the_pages_of_common_servers_are_read() {
        let nginx = "<html>\r\n<head><title>Index of /</title></head>\r\n<body>\r\n<h1>Index of /</h1><hr><pre>\
            <a href=\"../\">../</a>\r\n<a href=\"v0.1.0/\">v0.1.0/</a>   27-Nov-2026 09:00   -\r\n\
            <a href=\"v0.2.0/\">v0.2.0/</a>   27-Nov-2026 09:00   -\r\n<a href=\"README\">README</a> 27-Nov-2026 3\r\n\
            </pre><hr></body>\r\n</html>\r\n";
        let apache = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2 Final//EN\">\n<html>\n<body>\n<h1>Index of /</h1>\n\
            <table>\n<tr><th><a href=\"?C=N;O=D\">Name</a></th><th><a href=\"?C=M;O=A\">Last modified</a></th></tr>\n\
            <tr><td valign=\"top\"><img src=\"/icons/folder.gif\" alt=\"[DIR]\"></td><td><a href=\"v0.1.0/\">v0.1.0/</a></td></tr>\n\
            <tr><td valign=\"top\"><img src=\"/icons/folder.gif\" alt=\"[DIR]\"></td><td><a href=\"v0.2.0/\">v0.2.0/</a></td></tr>\n\
            </table>\n</body></html>\n";
        let caddy = "<!DOCTYPE html>\n<html>\n<head>\n<style>a { color: #006ed3; }</style></head>\n<body><main><table>\n\
            <tr class=\"file\">\n<td></td>\n<td>\n<a href=\"./v0.1.0/\">\n<svg width=\"1.5em\"></svg>\n\
            <span class=\"name\">v0.1.0</span>\n</a>\n</td></tr>\n<tr class=\"file\"><td>\n<a href=\"./v0.2.0/\">\n\
            <span class=\"name\">v0.2.0</span></a></td></tr></table></main></body>\n</html>\n";
        let python = "<!DOCTYPE HTML>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n</head>\n<body>\n\
            <h1>Directory listing for /</h1>\n<hr>\n<ul>\n<li><a href=\"v0.1.0/\">v0.1.0/</a></li>\n\
            <li><a href=\"v0.2.0/\">v0.2.0/</a></li>\n</ul>\n<hr>\n</body>\n</html>\n";
        for page in [nginx, apache, caddy, python] {
            assert_eq!(folders(page), ["v0.1.0", "v0.2.0"], "{page}");
        }
    }

    #[test]
    fn only_links_to_folders_of_versions_count() {
        for (page, expected) in [
            ("<A class=x HREF='0.2.0/'>", &["0.2.0"][..]),
            ("<a href=v1.0.0-rc.1/>x</a>", &["v1.0.0-rc.1"]),
            ("<a title=\"a > b\" href = \"v0.2.0/\">", &["v0.2.0"]),
            ("<a href=\"v0.2.0/\"><a href=\"v0.2.0/\">", &["v0.2.0"]),
            ("<a href=\"v0.2.0\">", &[]),
            ("<a href=\"/v0.2.0/\">", &[]),
            ("<a href=\"https://evil.example/v0.2.0/\">", &[]),
            ("<a href=\"../v0.2.0/\">", &[]),
            ("<a href=\"v0.2.0/x/\">", &[]),
            ("<a href=\"v0.2/\">", &[]),
            ("<a href=\"v0.2.0+b/\">", &[]),
            ("<abbr href=\"v0.2.0/\">", &[]),
            ("<img alt='<a href=\"v0.2.0/\">'>", &[]),
            ("<!-- <a href=\"v0.2.0/\"> -->", &[]),
            ("<a href=\"v0.2.0/", &[]),
            ("<a <a href=\"v0.3.0/\">", &["v0.3.0"]),
            ("v0.2.0/", &[]),
            ("", &[]),
        ] {
            assert_eq!(folders(page), expected, "{page}");
        }
    }

    #[test]
    fn links_are_limited() {
        assert!(version_folders(&"<a href=x>".repeat(MAX_LINKS)).unwrap().is_none());
        let error = version_folders(&"<a href=x>".repeat(MAX_LINKS + 1)).unwrap_err();
        assert!(error.contains("10000 links"), "{error}");
        // Any text ends.
        for text in
            ["<", "<a", "<a href", "<a href=", "<a href=\"", "<!--", "<a =", "<a =>", "<a /"]
        {
            assert_eq!(version_folders(text), Ok(None), "{text}");
        }
    }
}
