//! Examples of every command, for help texts, manual pages and the reference. Those of `deploy`, `mirror` and `release`
//! have files of their own.

mod deploy;
mod example;
mod mirror;
mod release;

pub(crate) use example::Example;
use example::{CommandExamples, example};

/// The examples of the command with this path, such as `get` or `store verify`. The empty path has those of `loom`
/// itself.
pub(crate) fn of(path: &str) -> &'static [Example] {
    all().find(|(command, _)| *command == path).map_or(&[], |(_, examples)| examples)
}

/// The examples of all commands.
pub(crate) fn all() -> impl Iterator<Item = &'static CommandExamples> {
    [COMMANDS, deploy::ALL, mirror::ALL, release::ALL].into_iter().flatten()
}

/// The examples of the commands whose examples have no file of their own.
const COMMANDS: &[CommandExamples] = &[
    (
        "",
        &[
            example("loom up", "Start the latest runtime; Ctrl+C stops it"),
            example("loom get 0.2.0", "Download version 0.2.0 and print its path"),
            example("loom status", "Show the running runtimes of this project"),
            example("loom doctor", "Check this machine and the connection to the sources"),
        ],
    ),
    (
        "up",
        &[
            example("loom up", "Start the runtime in the foreground; Ctrl+C stops it"),
            example("loom up --detach", "Start it in the background, and return once it is ready"),
            example("loom up --version 0.2.0 --bridge-port 0", "Start a version on a free port"),
            example(
                "loom up --build",
                "Build the checkout in the current folder, and run the build",
            ),
        ],
    ),
    (
        "down",
        &[
            example("loom down", "Stop the runtime of this project"),
            example("loom down --all", "Stop all runtimes of this user"),
        ],
    ),
    (
        "status",
        &[
            example("loom status", "Show the runtimes of this project"),
            example("loom status --all --json", "Describe all runtimes of this user as JSON"),
        ],
    ),
    (
        "logs",
        &[
            example("loom logs -f", "Show the log, and new lines until the runtime ends"),
            example("loom logs --since 10m", "Show the lines of the last ten minutes"),
            example("loom logs --previous -n 50", "Show the end of the log before the last start"),
        ],
    ),
    (
        "runs",
        &[
            example(
                "loom runs --failed --since 1h",
                "Show the runs that failed within the last hour",
            ),
            example(
                "loom runs --agent planner --search invoice",
                "Show the runs of an agent about a word",
            ),
        ],
    ),
    (
        "runs show",
        &[
            example("loom runs show 4bf92f3577b3", "Show one run with what went in and came out"),
            example("loom runs show 4bf92f3577b3 --json", "Print all that is kept of it"),
        ],
    ),
    (
        "runs export",
        &[example("loom runs export 4bf92f3577b3 -o run.json", "Write what came in as a file")],
    ),
    (
        "runs replay",
        &[
            example("loom runs replay run.json", "Publish what came in once more, as it came"),
            example(
                "loom runs replay run.json --to test.price --speed 10",
                "Publish it to another topic, ten times as fast",
            ),
        ],
    ),
    (
        "events",
        &[
            example(
                "loom events -f --topic 'price.*'",
                "Show events on some topics as they happen",
            ),
            example("loom events --since 1h --agent planner", "Show what an agent did lately"),
        ],
    ),
    (
        "call",
        &[
            example("loom call weather '{\"city\": \"Oslo\"}'", "Call a tool and print its result"),
            example(
                "loom call report @arguments.json --timeout 2m",
                "Read the arguments from a file",
            ),
        ],
    ),
    (
        "publish",
        &[
            example("loom publish price '{\"ask\": 7}'", "Publish an event"),
            example(
                "loom publish patient @record.json --secret",
                "Publish an event whose content is not kept",
            ),
        ],
    ),
    (
        "runs rm",
        &[
            example("loom runs rm 4bf92f3577b3", "Remove one run"),
            example("loom runs rm --older-than 7d", "Remove the runs of earlier weeks"),
        ],
    ),
    (
        "restart",
        &[
            example("loom restart", "Apply a changed configuration"),
            example("loom restart --version 0.3.0", "Replace the running version by another one"),
        ],
    ),
    (
        "exec",
        &[
            example("loom exec -- pytest tests/", "Run tests with a runtime of their own"),
            example("loom exec --version 0.2.0 -- python agent.py", "Run an agent with 0.2.0"),
        ],
    ),
    (
        "env",
        &[
            example("eval \"$(loom env)\"", "Set LOOM_BRIDGE_ADDR in this shell"),
            example("loom env --json", "Print the variables as JSON"),
        ],
    ),
    (
        "get",
        &[
            example("loom get", "Download the latest version"),
            example("loom get 0.2.0", "Download version 0.2.0"),
            example("loom get \">=0.1, <0.3\"", "Download the newest version in a range"),
            example("loom get 0.2.0 --source file:///srv/loom", "Download from one source only"),
            example(
                "loom get --platform linux-aarch64,windows-x86_64",
                "Download the releases for other platforms",
            ),
        ],
    ),
    (
        "which",
        &[
            example(
                "loom which",
                "Print the path of the installed version that the project selects",
            ),
            example("loom which 0.2.0", "Print the path of version 0.2.0"),
        ],
    ),
    (
        "list",
        &[
            example("loom list", "List the installed releases"),
            example("loom list --remote --prerelease", "List what the sources offer"),
            example("loom list --generations", "List the versions that were the default one"),
        ],
    ),
    (
        "why",
        &[
            example("loom why", "Explain the version that `loom up` starts"),
            example("loom why 0.2.0", "Explain how 0.2.0 was acquired, or why that failed"),
        ],
    ),
    (
        "lock",
        &[
            example("loom lock", "Write loom.lock beside loom.toml"),
            example("loom lock --full", "Download all platforms, so that all trees are locked"),
            example("loom lock --locked", "Fail if loom.lock is not up to date"),
        ],
    ),
    (
        "update",
        &[
            example("loom update", "Move loom.lock to the newest version that loom.toml selects"),
            example("loom update --version 0.2.1", "Move it to this version"),
            example("loom update --check", "Fail if there is a newer version; change nothing"),
        ],
    ),
    (
        "outdated",
        &[
            example("loom outdated", "Show what is used, and the newest versions of the sources"),
            example("loom outdated --json", "Print the same as one JSON document"),
        ],
    ),
    (
        "use",
        &[
            example("loom use 0.2.0", "Make 0.2.0 the default version"),
            example("loom use --none", "Let the default be the latest version again"),
        ],
    ),
    (
        "remove",
        &[
            example("loom remove 0.1.0", "Remove version 0.1.0"),
            example("loom remove 0.1.0 --forget", "Remove it, and its remembered digest"),
            example("loom remove \"<0.2\" 0.3.1", "Remove all versions below 0.2, and 0.3.1"),
        ],
    ),
    (
        "rollback",
        &[
            example("loom rollback", "Make the previous default version the default again"),
            example("loom rollback --to 3", "Go to a generation of `loom list --generations`"),
        ],
    ),
    ("self", &[example("loom self update", "Replace this program by the newest version")]),
    (
        "self update",
        &[
            example("loom self update", "Replace this program by the newest version"),
            example("loom self update --check", "Say whether there is a newer version"),
        ],
    ),
    ("self rollback", &[example("loom self rollback", "Put the previous program back")]),
    (
        "store",
        &[
            example("loom store verify", "Hash everything in the store"),
            example("loom store repair", "Mend what is damaged or missing"),
            example("loom store du", "Show how much space each release takes"),
            example("loom store gc", "Free the space of what nothing needs"),
        ],
    ),
    (
        "store verify",
        &[example("loom store verify", "Hash everything; exit 6 if anything is damaged")],
    ),
    (
        "store repair",
        &[
            example("loom store repair", "Mend what is damaged or missing, from copies or sources"),
            example("loom store repair --offline", "Mend it with what this machine has"),
            example("loom store repair --dry-run", "Print what is damaged"),
        ],
    ),
    ("store du", &[example("loom store du --json", "Print the sizes in bytes")]),
    ("store dedup", &[example("loom store dedup", "Store identical files once")]),
    (
        "store gc",
        &[
            example("loom store gc", "Remove what the limits of the configuration give up"),
            example("loom store gc --explain --dry-run", "Show why each version stays or would go"),
            example(
                "loom store gc --keep 3 --older-than 30days",
                "Remove what is not among the three newest and was not used for 30 days",
            ),
            example("loom store gc --max-size 20GiB", "Shrink the store"),
        ],
    ),
    (
        "store keep",
        &[
            example("loom store keep 0.1.0", "Never collect version 0.1.0"),
            example("loom store keep", "Print the versions that are kept"),
            example("loom store keep --remove 0.1.0", "Let it be collected again"),
        ],
    ),
    (
        "store path",
        &[
            example("loom store path", "Print the folder of the store"),
            example("loom store path --version 0.2.0", "Print the folder of a release's tree"),
        ],
    ),
    (
        "store add",
        &[example(
            "loom store add server.tar.gz --version 0.2.0 --sha256 0000000000000000000000000000000000000000000000000000000000000000",
            "Add an archive whose SHA-256 is known",
        )],
    ),
    (
        "dev",
        &[
            example("loom dev link .", "Use the builds of this checkout from any folder"),
            example("loom dev find", "Print the checkout that is used, and its builds"),
        ],
    ),
    ("dev link", &[example("loom dev link ~/src/loom", "Use the builds of that checkout")]),
    ("dev unlink", &[example("loom dev unlink", "Stop using the linked checkout")]),
    ("dev find", &[example("loom dev find", "Print the checkout that is used, and its builds")]),
    (
        "source",
        &[
            example("loom source list", "Print the configured sources in their order"),
            example("loom source test", "Ask each source what it offers"),
        ],
    ),
    ("source list", &[example("loom source list --json", "Describe the sources as JSON")]),
    (
        "source test",
        &[
            example("loom source test", "Test all sources"),
            example("loom source test corp --version 0.2.0", "Look for one version at one source"),
        ],
    ),
    (
        "doctor",
        &[
            example("loom doctor", "Print all checks; exit 1 if one fails"),
            example("loom doctor --offline", "Check without network access"),
            example(
                "loom doctor --bundle report.tar.gz",
                "Collect what a report of a problem needs",
            ),
        ],
    ),
    ("init", &[example("loom init --name demo", "Write loom.toml for a project called demo")]),
    (
        "config",
        &[
            example("loom config show", "Print every setting and where it comes from"),
            example("loom config get bridge.version", "Print one setting"),
            example("loom config set bridge.version 0.2.0", "Change your own config.toml"),
            example("loom config check", "Report every mistake in the configuration"),
        ],
    ),
    ("config show", &[example("loom config show --json", "Print the settings as JSON")]),
    (
        "config get",
        &[
            example("loom config get bridge.version", "Print the version that is selected"),
            example("loom config get dashboard", "Print all settings of a table"),
        ],
    ),
    (
        "config set",
        &[
            example("loom config set bridge.version 0.2.0", "Change your own config.toml"),
            example(
                "loom config set dashboard.port 3031 --project",
                "Change the project's loom.toml",
            ),
        ],
    ),
    ("config path", &[example("loom config path", "Print where configuration files are read")]),
    (
        "config check",
        &[example("loom config check", "Report every mistake; exit 2 if there is one")],
    ),
    (
        "config schema",
        &[example("loom config schema > loom.schema.json", "Write the JSON Schema for an editor")],
    ),
    (
        "trust",
        &[
            example("loom trust", "Trust the loom.toml of this project"),
            example("loom trust --always", "Trust this folder whatever its loom.toml sets"),
            example("loom trust --list", "Print the trusted projects"),
            example("loom trust --revoke", "Trust this project no longer"),
        ],
    ),
    (
        "trust accept",
        &[example(
            "loom trust accept loom-bridge-server 0.2.0 --digest e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "Accept a release that changed since it was first seen",
        )],
    ),
    (
        "trust add-root",
        &[example(
            "loom trust add-root root.json --sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "Accept only a signed index from the source corp",
        )],
    ),
    ("trust roots", &[example("loom trust roots", "Print the mirrors for which a root is known")]),
    (
        "trust remove-root",
        &[example("loom trust remove-root corp", "Need no signed index from corp any more")],
    ),
    (
        "completions",
        &[
            example(
                "loom completions bash > ~/.local/share/bash-completion/completions/loom",
                "Install completions for bash",
            ),
            example(
                "loom completions fish > ~/.config/fish/completions/loom.fish",
                "Install completions for fish",
            ),
        ],
    ),
    (
        "man",
        &[
            example("loom man get | man -l -", "Read the manual page of `loom get`"),
            example("loom man --to ~/.local/share/man/man1", "Install all manual pages"),
        ],
    ),
];
