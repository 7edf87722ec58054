//! A scenario: what is run, and what must be so after it.

use crate::{tally::Outcome, world::World};

/// One command whose faults are tried.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Its name, for the table and for `--scenario`.
    pub(crate) name: &'static str,
    /// Commands that make the world in which it begins.
    pub(crate) before: Vec<&'static str>,
    /// What is done to that world afterwards.
    pub(crate) damage: fn(&World) -> Outcome,
    /// The command.
    pub(crate) command: &'static str,
    /// The command that completes it, and its exit codes. It is the same command unless another one is set.
    pub(crate) next: (&'static str, &'static [i32]),
    /// Whether `store verify` reports damage in the world in which it begins.
    pub(crate) is_damaged: bool,
    /// Whether what the command reported is there after a loss of power.
    pub(crate) is_durable: bool,
    /// The folder of a mirror that the command writes.
    pub(crate) mirror: Option<&'static str>,
    /// Commands that answer with these exit codes when all is done.
    pub(crate) after: Vec<(&'static str, i32)>,
}

impl Scenario {
    /// A command in a world without a store.
    pub(crate) fn new(name: &'static str, command: &'static str) -> Self {
        Self {
            name,
            before: Vec::new(),
            damage: |_| Ok(()),
            command,
            next: (command, &[0]),
            is_damaged: false,
            is_durable: true,
            mirror: None,
            after: Vec::new(),
        }
    }

    /// Commands that run before.
    pub(crate) fn before(mut self, lines: &[&'static str]) -> Self {
        self.before = lines.to_vec();
        self
    }

    /// What is done to the world before.
    pub(crate) fn damage(mut self, damage: fn(&World) -> Outcome) -> Self {
        self.damage = damage;
        self
    }

    /// The world is damaged so that `store verify` reports it.
    pub(crate) fn damaged(mut self, damage: fn(&World) -> Outcome) -> Self {
        self.is_damaged = true;
        self.damage(damage)
    }

    /// What the command reported need not be there after a loss of power.
    pub(crate) fn not_durable(mut self) -> Self {
        self.is_durable = false;
        self
    }

    /// Another command than the same one completes it.
    pub(crate) fn next(mut self, line: &'static str, codes: &'static [i32]) -> Self {
        self.next = (line, codes);
        self
    }

    /// The command writes this mirror.
    pub(crate) fn writes(mut self, mirror: &'static str) -> Self {
        self.mirror = Some(mirror);
        self
    }

    /// This command answers with exit code 0 when all is done.
    pub(crate) fn then(mut self, line: &'static str) -> Self {
        self.after.push((line, 0));
        self
    }

    /// This command answers with this exit code when all is done.
    pub(crate) fn then_fails(mut self, line: &'static str, code: i32) -> Self {
        self.after.push((line, code));
        self
    }
}
