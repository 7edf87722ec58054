//! Every variant of every error that reaches the command line, with its exit code, kind, message, causes and hint.
//!
//! The samples are in a file for each layer. A variant without a name does not compile, and one without a sample fails
//! the test.

use std::collections::BTreeSet;

use loom_runtime::{
    acquire::AttemptCause, config::Problem, launch::LaunchError, sources::OpenError,
    store::AdmitError, trust::Rejection,
};
use loom_source::{AccessDenied, Selector, SourceErrorKind};

use super::{CommandError, Exit, exit::EXIT_CODES, human, open, source_error};

/// The names of the variants of an error.
trait ErrorVariants {
    /// The name of the type.
    const TYPE: &'static str;
    /// The names of all variants.
    const NAMES: &'static [&'static str];
    /// The name of this variant.
    fn name(&self) -> &'static str;
}

/// Implements [`ErrorVariants`] by a match without a wildcard.
macro_rules! variants {
    ($error:ident { $($variant:ident),+ $(,)? }) => {
        impl super::ErrorVariants for $error {
            const TYPE: &'static str = stringify!($error);
            const NAMES: &'static [&'static str] = &[$(stringify!($variant)),+];
            fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => stringify!($variant),)+
                }
            }
        }
    };
}

mod acquire;
mod config;
mod deploy;
mod images;
mod launch;
mod lock;
mod mirror;
mod own_program;
mod release;
mod samples;
mod sources;
mod store;

/// The text of the snapshot, and the kinds in it.
#[derive(Default)]
struct VariantReports {
    text: String,
    kinds: BTreeSet<&'static str>,
}

impl VariantReports {
    /// Adds each error as `report` reports it. There has to be at least one sample of each variant.
    fn add<E: ErrorVariants, R: Into<CommandError>>(
        &mut self,
        errors: Vec<E>,
        report: impl Fn(E) -> R,
    ) {
        let mut names = BTreeSet::new();
        for error in errors {
            let name = error.name();
            names.insert(name);
            self.push(&format!("{}::{name}", E::TYPE), &report(error).into());
        }
        let expected: BTreeSet<_> = E::NAMES.iter().copied().collect();
        assert_eq!(names, expected, "each variant of {} has a sample", E::TYPE);
    }

    fn push(&mut self, name: &str, report: &CommandError) {
        let styled = human(report);
        let human = anstream::adapter::strip_str(&styled);
        let CommandError { code, kind, .. } = report;
        self.text.push_str(&format!("{name}: exit {code} {kind}\n{human}\n"));
        self.kinds.insert(kind);
    }
}

fn reports() -> VariantReports {
    let mut reports = VariantReports::default();
    add_acquisitions(&mut reports);
    add_stores(&mut reports);
    add_configurations(&mut reports);
    add_sources(&mut reports);
    reports.add(lock::errors(), |error| error);
    reports.add(lock::conflicts(), |conflict| {
        super::lock::conflict("/p/loom.lock".as_ref(), &conflict)
    });
    reports.add(launch::errors(), |error| error);
    reports.add(launch::start_failures(), LaunchError::from);
    reports.add(launch::differences(), launch::with_difference);
    reports.add(release::pack_errors(), |error| error);
    reports.add(release::folder_errors(), |error| error);
    reports.add(release::library_errors(), |error| error);
    reports.add(release::sbom_errors(), |error| error);
    reports.add(release::sign_errors(), |error| error);
    reports.add(release::publish_errors(), |error| error);
    reports.add(release::mirror_errors(), |error| error);
    reports.add(own_program::errors(), |error| error);
    reports.add(deploy::errors(), |error| error);
    reports.add(mirror::errors(), |error| error);
    reports.add(images::errors(), |error| error);
    reports.add(mirror::serve_errors(), |error| error);
    reports.add(mirror::bundle_errors(), |error| error);
    reports.add(mirror::destination_errors(), |error| error);
    reports.push("StateError", &samples::state_error().into());
    reports
}

fn add_acquisitions(reports: &mut VariantReports) {
    reports.add(acquire::errors(), |error| error);
    reports.add(acquire::reasons(), |reason| acquire::unserved(reason, Vec::new()));
    reports.add(acquire::causes(), acquire::caused_by);
    reports.add(acquire::rejections(), |rejection| rejection);
    reports.add(acquire::signature_problems(), |problem| Rejection::Signature(Box::new(problem)));
    let release = samples::release();
    for selector in [Selector::Exact(samples::version("0.2.0")), Selector::Latest] {
        let refused = |why| super::store::refused(&release, &selector, &why);
        reports.add(acquire::unverified(), refused);
    }
}

fn add_stores(reports: &mut VariantReports) {
    let admit = |error| acquire::caused_by(AttemptCause::Admit(error));
    reports.add(store::errors(), |error| error);
    reports.add(store::documents(), store::unusable);
    reports.add(store::unpack_errors(), |error| acquire::caused_by(AttemptCause::Unpack(error)));
    reports.add(store::admit_errors(), admit);
    reports.add(store::listing_errors(), |error| admit(AdmitError::Listing(error)));
}

fn add_configurations(reports: &mut VariantReports) {
    reports.add(config::errors(), |error| error);
    reports.add(config::problems(), config::with_problem);
    reports.add(config::source_texts(), |error| config::with_problem(Problem::Source(error)));
}

fn add_sources(reports: &mut VariantReports) {
    reports.add(sources::open_errors(), |error| error);
    reports.add(sources::certificate_errors(), OpenError::Certificates);
    reports.add(sources::mirror_errors(), OpenError::Mirror);
    reports.add(sources::github_repo_errors(), OpenError::GithubRepo);
    reports.add(sources::github_errors(), OpenError::Github);
    reports.add(sources::oci_errors(), OpenError::Oci);
    reports.add(sources::references(), |e| OpenError::Oci(sources::reference_error(e)));
    reports.add(sources::network_errors(), |error| open::network_error(&error));
    let of = |kind: SourceErrorKind| source_error::unanswered(&sources::at_url(kind));
    let denied = |denial: AccessDenied| of(sources::denied(denial));
    reports.add(sources::kinds(), of);
    reports.add(sources::phases(), |phase| of(sources::stalled(phase)));
    reports.add(sources::refusers(), |by| denied(AccessDenied::by(by)));
    reports.add(sources::tokens(), |token| denied(AccessDenied::by_server(401).with_token(token)));
    reports.add(sources::refusals(), |refusal| of(sources::redirect(refusal)));
}

/// `HttpStatus` as `http_status`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for (at, c) in name.char_indices() {
        if c.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn is_snake_case(text: &str) -> bool {
    text.split('_').all(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

#[test]
fn every_variant_has_a_code_a_kind_and_a_message() {
    let VariantReports { mut text, .. } = reports();
    for cause in acquire::causes() {
        let kind = snake_case(cause.kind().name());
        text.push_str(&format!("AttemptCause::{}: attempt {kind}\n", cause.name()));
    }
    // The folder is a temporary one.
    let filters = vec![(r"/\S*/state\.json", "/state/state.json")];
    insta::with_settings!({filters => filters}, { insta::assert_snapshot!(text) });
}

#[test]
fn all_kinds_are_in_snake_case() {
    let documented: BTreeSet<&str> = EXIT_CODES.iter().map(|exit| exit.kind).collect();
    for kind in reports().kinds.iter().chain(&documented).chain(&[Exit::Code(7).kind()]) {
        assert!(is_snake_case(kind), "{kind}");
    }
    for kind in sources::kinds() {
        assert_eq!(kind.as_str(), snake_case(kind.name()));
    }
    assert!(!acquire::attempt_kinds().is_empty());
    for failure in launch::start_failures() {
        let document = serde_json::to_value(&failure).unwrap();
        assert_eq!(document["kind"], snake_case(failure.name()));
    }
}
