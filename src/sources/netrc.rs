//! `.netrc`: logins by host name.
//!
//! The file is read as curl reads it: words between white space, quotes around a word that holds some, and `#` to the
//! end of the line where a keyword may begin. Published crates for this format are not used: their errors show tokens,
//! which may be passwords.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::{Env, Os};

/// The logins of a `.netrc`, in the order of the file.
///
/// # Examples
/// ```
/// use loom_runtime::sources::netrc::Netrc;
///
/// let netrc = Netrc::parse("machine mirror.example login ci password secret")?;
/// assert_eq!(netrc.login("mirror.example", "").map(|login| login.user.as_str()), Some("ci"));
/// assert!(netrc.login("other.example", "").is_none());
/// # Ok::<(), loom_runtime::sources::netrc::NetrcError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Netrc(Vec<NetrcEntry>);

#[derive(Debug, Clone)]
struct NetrcEntry {
    machine: String,
    login: Login,
}

/// A user name and a password.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// The user name; may be empty.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// A `.netrc` that cannot be parsed. Its text is not shown: it may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct NetrcError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

/// The paths at which the file may be, in order of precedence: `NETRC`, else in the home folder.
pub fn paths(env: &Env, home: Option<&Path>, os: Os) -> Vec<PathBuf> {
    if let Some(path) = env.path("NETRC") {
        return vec![path];
    }
    let names: &[&str] = if os == Os::Windows { &["_netrc", ".netrc"] } else { &[".netrc"] };
    home.iter().flat_map(|home| names.iter().map(|name| home.join(name))).collect()
}

impl Netrc {
    /// Parses the text of a file.
    ///
    /// # Errors
    /// If a keyword is unknown, a value is missing, or a quote never ends.
    pub fn parse(text: &str) -> Result<Self, NetrcError> {
        let mut words = NetrcWords { text, line: 1 };
        let mut entries: Vec<NetrcEntry> = Vec::new();
        while let Some(keyword) = words.keyword()? {
            words.read_keyword(&keyword, &mut entries)?;
        }
        entries.retain(|entry| !entry.machine.is_empty());
        Ok(Self(entries))
    }

    /// The login for exactly this host: that of the first entry, and where `user` is not empty, of the first entry with
    /// this user. A `default` entry never counts: a password belongs to one host.
    pub fn login(&self, machine: &str, user: &str) -> Option<&Login> {
        let fits = |entry: &&NetrcEntry| {
            entry.machine.eq_ignore_ascii_case(machine)
                && (user.is_empty() || user == entry.login.user)
        };
        self.0.iter().find(fits).map(|entry| &entry.login)
    }
}

/// The words of the rest of the text.
struct NetrcWords<'a> {
    text: &'a str,
    line: usize,
}

impl NetrcWords<'_> {
    /// Reads what follows `keyword` into the entries.
    fn read_keyword(
        &mut self,
        keyword: &str,
        entries: &mut Vec<NetrcEntry>,
    ) -> Result<(), NetrcError> {
        let line = self.line;
        let error = |why| NetrcError { line, why };
        let mut value = |why| self.next()?.ok_or(error(why));
        match keyword {
            "machine" => {
                let machine = value("`machine` without a name")?;
                entries.push(NetrcEntry { machine, login: Login::default() });
            }
            // It is for every host: its login is read into an entry that is dropped at the end.
            "default" => {
                entries.push(NetrcEntry { machine: String::new(), login: Login::default() });
            }
            "macdef" => {
                value("`macdef` without a name")?;
                self.skip_macro();
            }
            "login" | "user" | "password" | "account" => {
                let value = value("the value is missing")?;
                let outside = error("a login or password before any `machine`");
                let login = &mut entries.last_mut().ok_or(outside)?.login;
                match keyword {
                    "password" => login.password = value.into(),
                    "account" => {}
                    _ => login.user = value,
                }
            }
            _ => {
                return Err(error(
                    "expected one of machine, default, login, password, account, macdef",
                ));
            }
        }
        Ok(())
    }

    fn advance(&mut self, count: usize) {
        let (gone, left) = self.text.split_at(count);
        self.line += gone.matches('\n').count();
        self.text = left;
    }

    /// The next word where a keyword may begin: a `#` begins a comment there.
    fn keyword(&mut self) -> Result<Option<String>, NetrcError> {
        loop {
            self.skip_space();
            if !self.text.starts_with('#') {
                return self.next();
            }
            self.advance(self.text.find('\n').unwrap_or(self.text.len()));
        }
    }

    fn skip_space(&mut self) {
        self.advance(self.text.len() - self.text.trim_start().len());
    }

    fn next(&mut self) -> Result<Option<String>, NetrcError> {
        self.skip_space();
        if self.text.starts_with('"') {
            return self.quoted().map(Some);
        }
        let end = self.text.find(char::is_whitespace).unwrap_or(self.text.len());
        let word = self.text[..end].to_owned();
        self.advance(end);
        Ok((!word.is_empty()).then_some(word))
    }

    /// A word in quotes, with `\n`, `\r`, `\t`, `\"` and `\\` in it.
    fn quoted(&mut self) -> Result<String, NetrcError> {
        let mut word = String::new();
        let mut chars = self.text.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.advance(at + 1);
                    return Ok(word);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => word.push('\n'),
                    Some((_, 'r')) => word.push('\r'),
                    Some((_, 't')) => word.push('\t'),
                    Some((_, other)) => word.push(other),
                    None => break,
                },
                other => word.push(other),
            }
        }
        Err(NetrcError { line: self.line, why: "a quote that never ends" })
    }

    /// A macro ends with an empty line.
    fn skip_macro(&mut self) {
        loop {
            let end = self.text.find('\n').map_or(self.text.len(), |at| at + 1);
            let ended = self.text.is_empty();
            self.advance(end);
            if ended || self.text.starts_with('\n') || self.text.starts_with("\r\n") {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn login(text: &str, machine: &str, user: &str) -> Option<(String, String)> {
        let netrc = Netrc::parse(text).unwrap();
        let login = netrc.login(machine, user)?;
        Some((login.user.clone(), login.password.expose_secret().to_owned()))
    }

    #[test]
    fn a_login_is_for_its_machine_only() {
        let two =
            "machine a.example login u password p\nmachine b.example\n\tlogin v\n\tpassword q";
        let quoted = "machine a login \"u v\" password \"p\\\"q\\\\r # s\"";
        let comment =
            "# machine a login x password y\nmachine a # here\nlogin u password p#1 # end";
        let macros = "macdef init\nmachine a login x password y\n\nmachine a login u password p";
        let same = "machine a login u password p\nmachine a login v password q";
        for (text, machine, user, found) in [
            (two, "a.example", "", Some(("u", "p"))),
            (two, "B.Example", "", Some(("v", "q"))),
            (two, "c.example", "", None),
            (two, "x.a.example", "", None),
            (two, "a.example", "v", None),
            (quoted, "a", "", Some(("u v", "p\"q\\r # s"))),
            (comment, "a", "", Some(("u", "p#1"))),
            (macros, "a", "", Some(("u", "p"))),
            (same, "a", "", Some(("u", "p"))),
            (same, "a", "v", Some(("v", "q"))),
            ("default login u password p", "a", "", None),
            ("machine a password p default login u password q", "a", "", Some(("", "p"))),
            ("machine a account x user u password p\r\n", "a", "", Some(("u", "p"))),
            ("macdef last\nls", "a", "", None),
            ("", "a", "", None),
        ] {
            let found = found.map(|(user, password)| (user.to_owned(), password.to_owned()));
            assert_eq!(login(text, machine, user), found, "{text:?} {machine} {user}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_said_without_showing_it() {
        for (text, line) in [
            ("machine", 1),
            ("\nmachine a login", 2),
            ("machine a login u password", 1),
            ("machine a\nlogin u s3cret", 2),
            ("login u", 1),
            ("machine a password \"s3cret\nx", 1),
            ("s3cret", 1),
        ] {
            let error = Netrc::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
        let netrc = Netrc::parse("machine a login u password s3cret").unwrap();
        assert!(!format!("{netrc:?}").contains("s3cret"));
    }

    #[test]
    fn the_variable_names_the_file_else_it_is_at_home() {
        let home = Some(Path::new("/srv/u"));
        let none = Env::default();
        assert_eq!(paths(&none, home, Os::Unix), [PathBuf::from("/srv/u/.netrc")]);
        let windows = ["/srv/u/_netrc", "/srv/u/.netrc"].map(PathBuf::from);
        assert_eq!(paths(&none, home, Os::Windows), windows);
        let named: Env = [("NETRC", "/etc/netrc")].into_iter().collect();
        assert_eq!(paths(&named, home, Os::Unix), [PathBuf::from("/etc/netrc")]);
        assert!(paths(&none, None, Os::Unix).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "((machine|login|password|default|macdef|#|\"|\\\\|é|[a-z])[ \n]{0,2}){0,12}") {
            if let Err(error) = Netrc::parse(&text) {
                proptest::prop_assert!(error.line <= text.lines().count() + 1);
            }
        }
    }
}
