//! A scenario: what is run, and what must be so after it.

use crate::{tally::Outcome, world::World};

/// One command whose faults are tried.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    /// Its name, for the table and for `--scenario`.
    pub(crate) name: &'static str,
    /// What is done to the new world first.
    pub(crate) setup: fn(&World) -> Outcome,
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
    /// The folder of a mirror that the command writes.
    pub(crate) mirror: Option<&'static str>,
    /// What must be so at every moment.
    pub(crate) always: fn(&World) -> Result<(), String>,
    /// What must be so when all is done.
    pub(crate) in_the_end: fn(&World) -> Result<(), String>,
    /// Commands that answer with these exit codes, and print these texts, when all is done.
    pub(crate) after: Vec<(&'static str, i32, &'static str)>,
}

impl Scenario {
    /// A command in a world without a store.
    pub(crate) fn new(name: &'static str, command: &'static str) -> Self {
        Self {
            name,
            setup: |_| Ok(()),
            before: Vec::new(),
            damage: |_| Ok(()),
            command,
            next: (command, &[0]),
            is_damaged: false,
            mirror: None,
            always: |_| Ok(()),
            in_the_end: |_| Ok(()),
            after: Vec::new(),
        }
    }

    /// What is done to the new world, before any command.
    pub(crate) fn setup(mut self, setup: fn(&World) -> Outcome) -> Self {
        self.setup = setup;
        self
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

    /// This is so at every moment, whatever fails.
    pub(crate) fn always(mut self, holds: fn(&World) -> Result<(), String>) -> Self {
        self.always = holds;
        self
    }

    /// This is so when all is done.
    pub(crate) fn in_the_end(mut self, holds: fn(&World) -> Result<(), String>) -> Self {
        self.in_the_end = holds;
        self
    }

    /// This command answers with exit code 0 when all is done.
    pub(crate) fn then(self, line: &'static str) -> Self {
        self.then_says(line, "")
    }

    /// This command prints this text when all is done.
    pub(crate) fn then_says(mut self, line: &'static str, text: &'static str) -> Self {
        self.after.push((line, 0, text));
        self
    }

    /// This command answers with this exit code when all is done.
    pub(crate) fn then_fails(mut self, line: &'static str, code: i32) -> Self {
        self.after.push((line, code, ""));
        self
    }
}
