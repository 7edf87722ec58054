//! The decision for each version: a pure function over what is here and the rules.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use loom_source::{Digest, Product};

use super::{
    census::{GcRoots, VersionHere},
    rules::{GRACE, GcRules},
};

/// Why a version stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeepReason {
    /// A process runs from it.
    Running,
    /// A user keeps it.
    Explicit,
    /// A project used it in the last 90 days.
    Project,
    /// It is the default version.
    Default,
    /// It is one of the last ten generations.
    Generation,
    /// It was used in the last day.
    JustUsed,
    /// No configured source is known to have it.
    NotFetchable,
    /// It is one of the newest of its product.
    Newest,
    /// It was used more recently than the rule asks.
    Used,
    /// No rule gives versions up.
    NoRule,
    /// The time of the collection was over.
    NoTime,
    /// Another user has written it, or the store cannot be written.
    Foreign,
    /// A root file or its lease is damaged, so that it may be needed.
    Damaged,
}

/// Why a version goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemoveReason {
    /// There are this many newer ones of its product, or more.
    Older(u32),
    /// It was not used for this time.
    Unused(Duration),
    /// The store is larger than this many bytes.
    MaxSize(u64),
}

/// What happens to a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep(KeepReason),
    Remove(RemoveReason),
}

/// What the limit of a size compares.
pub(super) struct SizeLimit<'a> {
    /// The bytes of all that is needed.
    pub(super) total: u64,
    /// How many bytes are free once a version goes, after those for which this was called before.
    pub(super) frees: &'a mut dyn FnMut(&VersionHere) -> u64,
}

/// Decides for each version, in their order.
pub(super) fn decide(
    versions: &[VersionHere],
    roots: &GcRoots,
    rules: &GcRules,
    size: SizeLimit<'_>,
    now: SystemTime,
) -> Vec<Verdict> {
    let ranks = ranks(versions);
    let judge = |(at, version)| judge(version, ranks[at], roots, rules, now);
    let mut verdicts: Vec<Verdict> = versions.iter().enumerate().map(judge).collect();
    if let Some(max) = rules.max_size {
        let keeps_newest = rules.keep != Some(0);
        let may_go = |at: usize| !(keeps_newest && ranks[at] == 0);
        shrink(versions, &mut verdicts, may_go, size, max, now);
    }
    verdicts
}

/// How many newer versions of its product there are, for each version.
fn ranks(versions: &[VersionHere]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..versions.len()).collect();
    order.sort_by_key(|at| Reverse(versions[*at].release.slot.clone()));
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let mut ranks = vec![0; versions.len()];
    for at in order {
        let Product { authority, binary, platform } = versions[at].product();
        let count = seen.entry(format!("{authority}/{binary}/{platform}")).or_insert(0);
        ranks[at] = *count;
        *count += 1;
    }
    ranks
}

fn judge(
    version: &VersionHere,
    rank: u32,
    roots: &GcRoots,
    rules: &GcRules,
    now: SystemTime,
) -> Verdict {
    use KeepReason::{Explicit, Generation, JustUsed, Newest, NoRule, NotFetchable, Project, Used};
    let age = age(version, now);
    let root = |trees: &std::collections::BTreeSet<Digest>| {
        version.trees.iter().any(|tree| trees.contains(tree))
    };
    if roots.explicit.contains(&version.release) || root(&roots.kept) {
        Verdict::Keep(Explicit)
    } else if rules.defaults.iter().any(|default| default.covers(&version.release)) {
        Verdict::Keep(KeepReason::Default)
    } else if root(&roots.projects) {
        Verdict::Keep(Project)
    } else if root(&roots.generations) {
        Verdict::Keep(Generation)
    } else if age < GRACE {
        Verdict::Keep(JustUsed)
    } else if !rules.fetchable.allow(version.source.as_deref()) {
        Verdict::Keep(NotFetchable)
    } else {
        let is_newest = rank < rules.keep.unwrap_or(1);
        let is_used = rules.older_than.is_some_and(|limit| age < limit);
        match (rules.keep, rules.older_than) {
            (None, None) => Verdict::Keep(NoRule),
            _ if is_newest => Verdict::Keep(Newest),
            _ if is_used => Verdict::Keep(Used),
            (_, Some(limit)) => Verdict::Remove(RemoveReason::Unused(limit)),
            (Some(keep), None) => Verdict::Remove(RemoveReason::Older(keep)),
        }
    }
}

/// How long ago a version was used. A time that is more than a day ahead was set under another clock and says nothing:
/// then the time of the record counts. A version without any time counts as just used.
fn age(version: &VersionHere, now: SystemTime) -> Duration {
    let known = |at: &SystemTime| at.duration_since(now).is_ok_and(|ahead| ahead > GRACE);
    let times = [version.last_use, version.recorded];
    let at = times.into_iter().flatten().find(|at| !known(at));
    at.and_then(|at| now.duration_since(at).ok()).unwrap_or_default()
}

/// Gives up versions that were not used for the longest time, until the rest has at most `max` bytes.
fn shrink(
    versions: &[VersionHere],
    verdicts: &mut [Verdict],
    may_go: impl Fn(usize) -> bool,
    size: SizeLimit<'_>,
    max: u64,
    now: SystemTime,
) {
    let is_going = |verdict: &Verdict| matches!(verdict, Verdict::Remove(_));
    let goes = versions.iter().zip(verdicts.iter()).filter(|(_, verdict)| is_going(verdict));
    let going: u64 = goes.map(|(version, _)| (size.frees)(version)).sum();
    let mut left = size.total.saturating_sub(going);
    let is_free = |verdict: &Verdict| {
        use KeepReason::{Newest, NoRule, Used};
        matches!(verdict, Verdict::Keep(Newest | NoRule | Used))
    };
    let free = |at: &usize| is_free(&verdicts[*at]) && may_go(*at);
    let mut order: Vec<usize> = (0..versions.len()).filter(free).collect();
    order.sort_by_key(|at| (Reverse(age(&versions[*at], now)), versions[*at].release.slot.clone()));
    for at in order {
        if left <= max {
            break;
        }
        verdicts[at] = Verdict::Remove(RemoveReason::MaxSize(max));
        left = left.saturating_sub((size.frees)(&versions[at]));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use loom_source::{Platform, Release};

    use super::{super::rules::FetchableSources, *};

    const DAY: Duration = Duration::from_secs(86_400);

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + 1_000 * DAY
    }

    fn version(number: u32, days: u32, bytes: u64) -> VersionHere {
        let release = Release {
            authority: "loom-os".parse().unwrap(),
            binary: "loom-bridge-server".parse().unwrap(),
            slot: format!("0.{number}.0").parse().unwrap(),
            platform: Platform::LinuxX86_64,
        };
        VersionHere {
            trees: vec![Digest::of(&number.to_be_bytes())],
            release,
            objects: Vec::new(),
            last_use: Some(now() - days * DAY),
            recorded: None,
            source: Some("main".to_owned()),
            bytes,
        }
    }

    /// Three versions: 0.1.0 used 40 days ago, 0.2.0 used 20 days ago, 0.3.0 used 10 days ago.
    fn three() -> Vec<VersionHere> {
        vec![version(1, 40, 100), version(2, 20, 100), version(3, 10, 100)]
    }

    fn removed(versions: &[VersionHere], roots: &GcRoots, rules: &GcRules) -> Vec<u32> {
        let size = SizeLimit { total: 300, frees: &mut |version| version.bytes };
        let verdicts = decide(versions, roots, rules, size, now());
        let goes = (1..).zip(verdicts).filter(|(_, verdict)| matches!(verdict, Verdict::Remove(_)));
        goes.map(|(number, _)| number).collect()
    }

    #[test]
    fn the_rules_give_up_what_they_say() {
        let rules = |keep, days: Option<u32>, max_size| GcRules {
            keep,
            older_than: days.map(|days| days * DAY),
            max_size,
            ..GcRules::default()
        };
        let none: &[u32] = &[];
        for (rule, expected) in [
            (rules(None, None, None), none),
            (rules(Some(1), None, None), &[1, 2]),
            (rules(Some(3), None, None), &[]),
            (rules(Some(0), None, None), &[1, 2, 3]),
            (rules(None, Some(15), None), &[1, 2]),
            (rules(Some(0), Some(5), None), &[1, 2, 3]),
            (rules(None, Some(5), None), &[1, 2]),
            (rules(Some(2), Some(15), None), &[1]),
            (rules(Some(1), Some(30), None), &[1]),
            (rules(None, None, Some(250)), &[1]),
            (rules(None, None, Some(0)), &[1, 2]),
            (rules(Some(0), Some(90), Some(0)), &[1, 2, 3]),
            (rules(Some(2), None, Some(100)), &[1, 2]),
        ] {
            assert_eq!(removed(&three(), &GcRoots::default(), &rule), expected, "{rule:?}");
        }
    }

    #[test]
    fn what_is_needed_stays_under_every_rule() {
        let versions = three();
        let all = GcRules { keep: Some(0), max_size: Some(0), ..GcRules::default() };
        let tree = |number: usize| BTreeSet::from([versions[number - 1].trees[0]]);
        let roots = GcRoots { projects: tree(1), generations: tree(2), ..GcRoots::default() };
        assert_eq!(removed(&versions, &roots, &all), [3]);
        let explicit = [versions[2].release.clone()].into();
        assert_eq!(removed(&versions, &GcRoots { explicit, ..GcRoots::default() }, &all), [1, 2]);
        let named = |names: &[&str]| GcRules {
            fetchable: FetchableSources::Named(names.iter().map(|n| (*n).to_owned()).collect()),
            ..all.clone()
        };
        assert_eq!(removed(&versions, &GcRoots::default(), &named(&["other"])), [0_u32; 0]);
        assert_eq!(removed(&versions, &GcRoots::default(), &named(&["main"])), [1, 2, 3]);
    }

    #[test]
    fn a_day_of_grace_and_a_clock_that_jumps() {
        let all = GcRules { keep: Some(0), ..GcRules::default() };
        let recorded = Some(now() - 9 * DAY);
        for (last_use, recorded, goes) in [
            (Some(now() - DAY), None, true),
            (Some(now() - DAY + Duration::from_secs(1)), None, false),
            // The clock was set back by less than a day, or by years.
            (Some(now() + DAY / 2), recorded, false),
            (Some(now() + 900 * DAY), recorded, true),
            (Some(now() + 900 * DAY), None, false),
            (None, recorded, true),
            (None, None, false),
        ] {
            let version = VersionHere { last_use, recorded, ..version(1, 0, 1) };
            let removed = removed(&[version], &GcRoots::default(), &all);
            assert_eq!(!removed.is_empty(), goes, "{last_use:?} {recorded:?}");
        }
    }
}
