//! [`LaunchAttempt`]: what is known of a release that is started, for what follows when it is ready, or is not.

use loom_source::{Product, Selector, Slot, Version};

use super::{
    CommandError, context::Context, default_version, last_good, locked::RequestedVersion, report,
};
use loom_runtime::{
    config::Resolved,
    launch::{self, Launch, LaunchError, LaunchKind, StartFailure, Up},
    state::StateError,
    store::{Installed, Lease, Store},
    update::{RolledBackVersion, UpdateEntry, UpdateEvent, UpdateMemory},
};

/// A release that is started, and what selected it.
pub(crate) struct LaunchAttempt {
    pub(super) resolved: Resolved,
    pub(super) store: Store,
    pub(super) product: Product,
    pub(super) choice: RequestedVersion,
    pub(super) installed: Installed,
    pub(super) kind: LaunchKind,
}

impl LaunchAttempt {
    /// What follows when the runtime is ready: it is no longer left out, and where it is the default version, a generation.
    pub(crate) fn became_ready(&self, context: &Context) {
        if self.kind != LaunchKind::Up {
            return;
        }
        if let Some(version) = self.version() {
            // What is not forgotten is forgotten by the next start.
            let _ = self.memory().forget_rolled_back(version);
        }
        self.note_generation(context, &self.installed);
    }

    /// Starts the last version that was ready here instead of this one, which was not, where it was selected by `latest` or a
    /// range. `again` is its launch without its lease.
    ///
    /// # Errors
    /// Why this version was not ready, where there is no other one or that is not ready either.
    pub(super) fn go_back(
        &self,
        context: &Context,
        again: Launch,
        why: StartFailure,
    ) -> Result<Up, CommandError> {
        let kept = self.keep_log(&why);
        let why = self.with_lasting_log(why, kept.as_deref());
        let Some(lease) = self.last_good(context)? else {
            self.note_failed(context, &why, kept);
            return Err(self.with_way_out(context, why));
        };
        let good = lease.installed().clone();
        let again = Launch {
            program: good.entry.clone(),
            version: good.release.slot.to_string(),
            tree: Some(good.tree.to_string()),
            lease: Some(lease.into_file()),
            ..again
        };
        match launch::up(again) {
            Ok(Up::Started(started)) => {
                if self.kind == LaunchKind::Up {
                    self.note_generation(context, &good);
                }
                let (slot, log) = (good.release.slot, started.document.log.clone());
                let failed = &self.installed.release.slot;
                let of_failed = kept.as_ref().map_or("gone", String::as_str);
                let lasts = self.kind == LaunchKind::Up;
                let until = if lasts { "" } else { " until the command ends" };
                context.printer.warning(format!(
                    "{why}; {slot}, the last version that was ready here, was started instead\n\
                     the log of {failed} is {of_failed}, that of {slot} is {log}{until}\n\
                     {failed} is no longer selected; `loom up --version {failed}` tries it again"
                ));
                let of_running = lasts.then_some(log);
                self.remember(context, &slot.to_string(), &why, (kept, of_running));
                Ok(Up::Started(started))
            }
            Ok(found) => Ok(found),
            Err(error) => {
                self.note_failed(context, &why, kept);
                let (again, source) = (Box::new(error), Box::new(why.into()));
                Err(LaunchError::NothingCameUp { again, same_settings: true, source }.into())
            }
        }
    }

    /// The error of a restart. What became of the version is remembered.
    pub(super) fn restart_failed(&self, context: &Context, error: LaunchError) -> CommandError {
        let failed = &self.installed.release.slot;
        match &error {
            LaunchError::RolledBack { previous, source, with_settings } => {
                if let (LaunchError::Failed(why), Some(_)) = (source.as_ref(), with_settings) {
                    self.note_failed(context, why, why.log().map(|(log, _)| log.to_owned()));
                } else if let LaunchError::Failed(why) = source.as_ref()
                    && why.is_of_release()
                    && previous.version != failed.to_string()
                {
                    let log = why.log().map(|(log, _)| log.to_owned());
                    let logs = (log, Some(previous.log.clone()));
                    self.remember(context, &previous.version, why, logs);
                    let retry = format!(
                        "{failed} is no longer selected; `loom restart --version {failed}` tries it again"
                    );
                    return CommandError::from(error).also(retry);
                }
            }
            LaunchError::PreviousEnded { source, .. }
            | LaunchError::NothingCameUp { source, .. } => {
                if let LaunchError::Failed(why) = source.as_ref() {
                    let log = why.log().map(|(log, _)| log.to_owned());
                    self.note_failed(context, why, log);
                }
            }
            LaunchError::Failed(why) if why.is_of_release() => {
                let why = why.clone();
                self.note_failed(context, &why, self.keep_log(&why));
                return self.with_way_out(context, why);
            }
            _ => {}
        }
        error.into()
    }

    /// The lease of the last version that was ready here; `None` where this one was not selected by `latest` or a range, or there
    /// is none.
    pub(super) fn last_good(&self, context: &Context) -> Result<Option<Lease>, CommandError> {
        let Self { resolved, store, product, choice, .. } = self;
        let is_selected = matches!(choice.selector, Selector::Latest | Selector::Range(_));
        match self.version() {
            Some(failed) if is_selected => {
                last_good::find(context, resolved, store, product, choice, failed)
            }
            _ => Ok(None),
        }
    }

    /// The error of a version that was not ready, with what can be started instead.
    fn with_way_out(&self, context: &Context, why: StartFailure) -> CommandError {
        let Self { resolved, store, product, choice, .. } = self;
        let before = launch::log_before(&why).map(|log| report::log_before_hint(&log));
        let mut error = CommandError::from(LaunchError::from(why));
        error = before.into_iter().fold(error, CommandError::also);
        let Some(failed) = self.version() else { return error };
        let latest = RequestedVersion::argument(Selector::Latest);
        // Nothing but the hint depends on it.
        let good = last_good::find(context, resolved, store, product, &latest, failed);
        let Some(good) = good.ok().flatten() else { return error };
        let slot = &good.installed().release.slot;
        let error = error.also(format!("`loom up --version {slot}` starts the version before"));
        if default_version::is_selected(resolved, choice.is_locked) {
            return error.also("`loom rollback` makes it the default version again".to_owned());
        }
        error
    }

    /// Keeps the log of a failed start, which the next start replaces; returns its path.
    fn keep_log(&self, why: &StartFailure) -> Option<String> {
        let (project, state) = (&self.resolved.project.root, &self.resolved.state_dir.value);
        let version = self.installed.release.slot.to_string();
        launch::keep_log_of(why, &version, state, (project.as_path(), self.product.binary.as_ref()))
    }

    /// The same failure with the log that was kept, where the instance and its log end with the command.
    fn with_lasting_log(&self, why: StartFailure, kept: Option<&str>) -> StartFailure {
        match kept {
            Some(kept) if self.kind == LaunchKind::Exec => why.with_log(kept.to_owned()),
            _ => why,
        }
    }

    /// Remembers that this version was not ready and that `runs` runs instead: it is not selected again.
    fn remember(
        &self,
        context: &Context,
        runs: &str,
        why: &StartFailure,
        (log, of_running): (Option<String>, Option<String>),
    ) {
        let Some(version) = self.version() else { return };
        let failed = version.to_string();
        let logs = log.iter().chain(&of_running).cloned().collect();
        let entry = self.entry(UpdateEvent::RolledBack, runs, Some(&failed), why);
        let known = RolledBackVersion::now(version.clone(), why.to_string(), log, of_running);
        let kept = self.memory().keep_rolled_back(known);
        let kept = kept.and_then(|()| self.memory().note(UpdateEntry { logs, ..entry }));
        warn(context, kept);
    }

    /// Notes that this version was not ready, and that nothing runs instead.
    fn note_failed(&self, context: &Context, why: &StartFailure, log: Option<String>) {
        let version = self.installed.release.slot.to_string();
        let entry = self.entry(UpdateEvent::Failed, &version, None, why);
        let logs = log.into_iter().collect();
        warn(context, self.memory().note(UpdateEntry { logs, ..entry }));
    }

    fn entry(
        &self,
        event: UpdateEvent,
        from: &str,
        to: Option<&str>,
        why: &StartFailure,
    ) -> UpdateEntry {
        let project = self.resolved.project.root.display().to_string();
        UpdateEntry::new(event, &project, from, to).detail(why.to_string())
    }

    fn note_generation(&self, context: &Context, installed: &Installed) {
        let Self { resolved, store, product, choice, .. } = self;
        if default_version::is_selected(resolved, choice.is_locked) {
            default_version::settle(context, &resolved.state_dir.value, store, product);
            default_version::record(context, store, installed);
        }
    }

    fn memory(&self) -> UpdateMemory {
        UpdateMemory::of(&self.resolved.state_dir.value, &self.product)
    }

    /// The version; `None` for a cargo build.
    fn version(&self) -> Option<&Version> {
        match &self.installed.release.slot {
            Slot::Version(version) => Some(version),
            Slot::Dev => None,
        }
    }
}

/// The runtime matters more than what is remembered.
fn warn(context: &Context, noted: Result<(), StateError>) {
    if let Err(error) = noted {
        context.printer.warning(format!("what became of the start was not noted: {error}"));
    }
}
