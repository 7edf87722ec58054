//! [`CredentialHelper`]: a program `docker-credential-<name>`, in which docker keeps logins.

use std::{ffi::OsString, io, path::PathBuf, process::Stdio, time::Duration};

use loom_base::clean;
use loom_source::process_clock;
use secrecy::SecretString;
use serde::Deserialize;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
};

use super::registry_login::RegistryLogin;

/// The most that a helper may print, in bytes.
const MAX_OUTPUT: u64 = 64 * 1024;

/// The user with which a helper returns an identity token instead of a password.
const TOKEN_USER: &str = "<token>";

/// What helpers print where they have no login.
const NOT_FOUND: &str = "credentials not found";

/// A helper program by its name.
pub(super) struct CredentialHelper<'a> {
    pub(super) name: &'a str,
    /// The folders in which the program is looked for.
    pub(super) folders: &'a [PathBuf],
    pub(super) environment: &'a [(OsString, OsString)],
}

/// What a helper prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperOutput {
    username: String,
    secret: String,
}

impl CredentialHelper<'_> {
    /// The login for the registry that docker names `key`; `None` where the helper has none.
    ///
    /// # Errors
    /// Why the helper cannot be used, in words and without secrets.
    pub(super) async fn login(
        &self,
        key: &str,
        limit: Duration,
    ) -> Result<Option<RegistryLogin>, String> {
        let program = self.program()?;
        let mut running = HelperProcess::start(&program, self.environment)
            .map_err(|error| format!("it does not start ({error})"))?;
        match process_clock::within(limit, running.ask(key)).await {
            Some(Ok(output)) => parse(&output),
            Some(Err(error)) => Err(format!("it failed ({error})")),
            None => Err(format!("it did not answer within {} s", limit.as_secs_f32())),
        }
    }

    /// The path of the program. The name comes from a file, so it must not be a path itself.
    fn program(&self) -> Result<PathBuf, String> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if !self.name.bytes().all(allowed) {
            return Err("its name has characters that no helper has".to_owned());
        }
        let file = format!("docker-credential-{}{}", self.name, std::env::consts::EXE_SUFFIX);
        let folders = self.folders.iter().filter(|folder| folder.is_absolute());
        let found = folders.map(|folder| folder.join(&file)).find(|path| path.is_file());
        found.ok_or_else(|| "the program was not found".to_owned())
    }
}

/// What a helper printed as a login. None of it is shown: it may be a password.
pub(super) fn parse(output: &[u8]) -> Result<Option<RegistryLogin>, String> {
    let text = String::from_utf8_lossy(output);
    if text.trim_start().to_ascii_lowercase().starts_with(NOT_FOUND) {
        return Ok(None);
    }
    let output: HelperOutput =
        serde_json::from_str(&text).map_err(|_| "it printed no login".to_owned())?;
    if output.secret.is_empty() {
        return Ok(None);
    }
    let secret = SecretString::from(output.secret);
    Ok(Some(match output.username.as_str() {
        TOKEN_USER => RegistryLogin::Identity(secret),
        _ => RegistryLogin::Password { user: output.username, password: secret },
    }))
}

/// A running helper. Dropping it kills the process with all processes that it has started.
struct HelperProcess(Child);

impl HelperProcess {
    fn start(program: &std::path::Path, environment: &[(OsString, OsString)]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg("get").env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command.spawn().map(Self)
    }

    /// What the helper prints for a registry. A failure with the message that there is no login is an answer.
    async fn ask(&mut self, key: &str) -> io::Result<Vec<u8>> {
        if let Some(mut stdin) = self.0.stdin.take() {
            // A helper that ends without reading has its answer in its output.
            let _ = stdin.write_all(format!("{key}\n").as_bytes()).await;
        }
        let mut output = Vec::new();
        if let Some(stdout) = self.0.stdout.take() {
            stdout.take(MAX_OUTPUT).read_to_end(&mut output).await?;
        }
        let status = self.0.wait().await?;
        let text = String::from_utf8_lossy(&output).trim_start().to_ascii_lowercase();
        if status.success() || text.starts_with(NOT_FOUND) {
            return Ok(output);
        }
        Err(io::Error::other(clean::blanked(&status.to_string())))
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        // Without an id the process has been waited for.
        #[cfg(unix)]
        if let Some(pid) =
            self.0.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()))
        {
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_is_a_login_or_nothing() {
        let login = |text: &str| parse(text.as_bytes());
        let password = r#"{"ServerURL":"h","Username":"u","Secret":"p"}"#;
        assert!(matches!(login(password), Ok(Some(RegistryLogin::Password { .. }))));
        let token = r#"{"ServerURL":"h","Username":"<token>","Secret":"p"}"#;
        assert!(matches!(login(token), Ok(Some(RegistryLogin::Identity(_)))));
        assert!(matches!(login("credentials not found in native keychain"), Ok(None)));
        for garbage in ["", "p4ssw0rd", r#"{"Username":"u"}"#, "\u{1b}[2J"] {
            let why = login(garbage).unwrap_err();
            assert_eq!(why, "it printed no login");
        }
    }

    #[test]
    fn names_are_no_paths() {
        let folders = ["/bin".into()];
        for name in ["../sh", "a/b", "a b", "é"] {
            assert!(
                CredentialHelper { name, folders: &folders, environment: &[] }.program().is_err(),
                "{name}"
            );
        }
    }
}
