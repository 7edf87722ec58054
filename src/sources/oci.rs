//! Opens sources of type `oci`: a repository of a registry, or an image layout.

use loom_http::{Journal, NetworkSettings};
use loom_oci::{
    ImagePublisher, ImageVerifier, Oci, OciError, OciLocation, OciOptions, RegistryLogin,
};
use loom_source::Source;

use super::{AnswerLimit, Bounded, Candidate, OpenError, Opener, Reach, SourceClass, oci_logins};
use crate::{
    config::{Env, OciPlace, OciSource, SourceKind, SourceSpec},
    trust::Channel,
};

impl Opener {
    /// Opens the registry or layout that `spec` describes for writing; `None` if it is neither. No request is sent, and no
    /// file of logins is read.
    ///
    /// # Errors
    /// If the settings are wrong.
    pub fn open_images(
        &self,
        spec: &SourceSpec,
        journal: Journal,
    ) -> Result<Option<ImagePublisher>, OpenError> {
        let SourceKind::Oci(oci) = &spec.kind else { return Ok(None) };
        let options = options(self, spec, oci, journal, true)?;
        Ok(Some(ImagePublisher::open(location(oci), options)?))
    }
}

impl Opener {
    /// Opens the registry or layout that `spec` describes for verifying all of its images; `None` if it is neither. No
    /// request is sent, and no file of logins is read.
    ///
    /// # Errors
    /// If the settings are wrong.
    pub fn open_verifier(
        &self,
        spec: &SourceSpec,
        journal: Journal,
    ) -> Result<Option<ImageVerifier>, OpenError> {
        let SourceKind::Oci(oci) = &spec.kind else { return Ok(None) };
        let is_reached =
            !self.network.offline || self.open(spec, journal.clone())?.reach != Reach::Network;
        let options = options(self, spec, oci, journal, is_reached)?;
        Ok(Some(ImageVerifier::open(location(oci), options)?))
    }
}

/// Opens the source. No request is sent, and no file of logins is read.
pub(super) fn open(
    opener: &Opener,
    spec: &SourceSpec,
    oci: &OciSource,
    journal: Journal,
) -> Result<Candidate, OpenError> {
    let class = match &oci.place {
        OciPlace::Registry(_) => SourceClass::Registry,
        OciPlace::Layout(_) => SourceClass::File,
    };
    let open_as = |is_reached| -> Result<Oci, OpenError> {
        let options = options(opener, spec, oci, journal.clone(), is_reached)?;
        Ok(Oci::open(location(oci), options)?)
    };
    // What is asked may be another registry than the one that is named: whether that is on this machine is known afterwards.
    let mut opened = open_as(opener.network.reaches(false))?;
    if opener.network.offline && opened.is_local() {
        opened = open_as(true)?;
    }
    let channel =
        if opened.is_insecure() { Channel::Unauthenticated } else { Channel::Authenticated };
    let reach = match (&oci.place, opened.is_local()) {
        (OciPlace::Layout(_), _) => Reach::Disk,
        (OciPlace::Registry(_), true) => Reach::Loopback,
        (OciPlace::Registry(_), false) => Reach::Network,
    };
    // What is asked through another registry is another source.
    let address = opened.to_string();
    let source: Box<dyn Source> = match reach {
        Reach::Disk => Box::new(Bounded::new(opened, spec.timeout)),
        Reach::Loopback | Reach::Network => Box::new(AnswerLimit::new(opened, spec.timeout)),
    };
    let through = oci.mirror.clone();
    Ok(Candidate { through, ..Candidate::of(spec, address, class, channel, reach, source) })
}

fn location(oci: &OciSource) -> OciLocation {
    match &oci.place {
        OciPlace::Registry(url) => OciLocation::Registry(url.clone()),
        OciPlace::Layout(path) => OciLocation::Layout(path.clone()),
    }
}

fn options(
    opener: &Opener,
    spec: &SourceSpec,
    oci: &OciSource,
    journal: Journal,
    is_reached: bool,
) -> Result<OciOptions, OpenError> {
    Ok(OciOptions {
        mirror: oci.mirror.clone(),
        login: login(&opener.env, oci)?,
        files: oci_logins::files(&opener.env, opener.home.as_deref()),
        evidence: opener.evidence,
        network: match &oci.place {
            OciPlace::Layout(_) => NetworkSettings::default(),
            OciPlace::Registry(_) => opener.network.settings(spec, journal, is_reached)?,
        },
    })
}

/// The login in the variables that the source names; `None` where it names none, or they are not set.
fn login(env: &Env, oci: &OciSource) -> Result<Option<RegistryLogin>, OpenError> {
    let OciSource { place, username_env, password_env, token_env, .. } = oci;
    let value = |variable: &Option<String>, setting| match variable {
        Some(variable) if env.is_empty(variable) => {
            Err(OpenError::EmptyToken { variable: variable.clone(), setting })
        }
        Some(variable) => Ok(env.get(variable)),
        None => Ok(None),
    };
    let half = |missing| Err(OciError::HalfLogin { location: place.to_string(), missing }.into());
    match (username_env, password_env) {
        (Some(_), None) => return half("password_env"),
        (None, Some(_)) => return half("username_env"),
        _ => {}
    }
    let (user, password) =
        (value(username_env, "username_env")?, value(password_env, "password_env")?);
    let token = value(token_env, "token_env")?;
    Ok(match (user, password, token) {
        (_, _, Some(token)) => Some(RegistryLogin::Identity(token.into())),
        (Some(user), Some(password), None) => {
            Some(RegistryLogin::Password { user: user.to_owned(), password: password.into() })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_whole_or_none() {
        let url = "oci://registry.example/loom".parse().unwrap();
        let source = OciSource::new(OciPlace::Registry(url));
        let named = |user: &str, password: &str, token: &str| {
            let some = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
            let (username_env, password_env) = (some(user), some(password));
            OciSource { username_env, password_env, token_env: some(token), ..source.clone() }
        };
        let env: Env = [("U", "ada"), ("P", "x"), ("T", "t"), ("E", "")].into_iter().collect();
        let login = |source: OciSource| login(&env, &source);
        assert!(matches!(login(named("", "", "")), Ok(None)));
        assert!(matches!(login(named("U", "P", "")), Ok(Some(RegistryLogin::Password { .. }))));
        assert!(matches!(login(named("", "", "T")), Ok(Some(RegistryLogin::Identity(_)))));
        assert!(matches!(login(named("U", "UNSET", "")), Ok(None)));
        assert!(matches!(
            login(named("U", "", "")),
            Err(OpenError::Oci(OciError::HalfLogin { .. }))
        ));
        assert!(matches!(login(named("U", "E", "")), Err(OpenError::EmptyToken { .. })));
    }
}
