//! Examples of every command, for help texts, manual pages and the reference.

/// A command line and what it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Example {
    pub(crate) line: &'static str,
    pub(crate) does: &'static str,
}

const fn example(line: &'static str, does: &'static str) -> Example {
    Example { line, does }
}

/// The examples of the command with this path, such as `get` or `store verify`. The empty path has those of `loom`
/// itself.
pub(crate) fn of(path: &str) -> &'static [Example] {
    ALL.iter().find(|(command, _)| *command == path).map_or(&[], |(_, examples)| examples)
}

/// The examples by the path of their command.
pub(crate) const ALL: &[(&str, &[Example])] = &[
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
        ],
    ),
    (
        "store",
        &[
            example("loom store verify", "Hash everything in the store"),
            example("loom store du", "Show how much space each release takes"),
            example("loom store gc", "Free the space of what nothing needs"),
        ],
    ),
    (
        "store verify",
        &[example("loom store verify", "Hash everything; exit 6 if anything is damaged")],
    ),
    ("store du", &[example("loom store du --json", "Print the sizes in bytes")]),
    ("store gc", &[example("loom store gc", "Free the space of what nothing needs")]),
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
        "mirror",
        &[
            example("loom mirror sync --from github:loom-os/loom --to /srv/loom", "Fill a folder"),
            example("loom mirror verify /srv/loom", "Check every byte of it"),
        ],
    ),
    (
        "mirror init",
        &[example(
            "loom mirror init --to s3://releases/loom --keys ./keys --authority loom-os",
            "Make keys and the first root",
        )],
    ),
    (
        "mirror sync",
        &[
            example(
                "loom mirror sync --from github:loom-os/loom --to /srv/loom --key keys/index.pem",
                "Copy what the folder does not have",
            ),
            example(
                "loom mirror sync --from corp --to /media/usb/loom --version '>=0.2' --platform linux-x86_64 --keep 3",
                "Copy the newest three versions for one platform",
            ),
        ],
    ),
    (
        "mirror push",
        &[example(
            "loom mirror push --to s3://releases/loom loom-bridge-server 0.2.0 --key keys/index.pem",
            "Put an installed version into a mirror",
        )],
    ),
    (
        "mirror index",
        &[
            example("loom mirror index /srv/loom", "Write an index for the releases in a folder"),
            example(
                "loom mirror index /srv/loom --refresh --key keys/timestamp.pem",
                "Keep the index valid",
            ),
        ],
    ),
    (
        "mirror diff",
        &[example(
            "loom mirror diff /media/usb/loom s3://releases/loom",
            "Print what only one of them has, and what differs",
        )],
    ),
    (
        "mirror verify",
        &[example(
            "loom mirror verify https://mirror.example/loom",
            "Check every byte of a mirror",
        )],
    ),
    (
        "mirror yank",
        &[example(
            "loom mirror yank /srv/loom 0.2.0 --key keys/index.pem",
            "Never select 0.2.0 any more",
        )],
    ),
    ("mirror gc", &[example("loom mirror gc /srv/loom --dry-run", "Print what would be removed")]),
    (
        "mirror root",
        &[example("loom mirror root new /srv/loom --to root.json", "Begin the next root")],
    ),
    (
        "mirror root new",
        &[example(
            "loom mirror root new /srv/loom --to root.json --add index=new.pem --remove index=1f3a",
            "Replace the key of the index",
        )],
    ),
    (
        "mirror root sign",
        &[example("loom mirror root sign root.json --key keys/root.pem", "Sign the draft")],
    ),
    (
        "mirror root publish",
        &[example("loom mirror root publish root.json --to /srv/loom", "Publish the signed root")],
    ),
    (
        "mirror bundle",
        &[
            example(
                "loom mirror bundle --to loom-0.2.0.loombundle --version 0.2.0 --key bundle.key",
                "Write an installed release into one signed file",
            ),
            example(
                "loom mirror bundle --to site.loombundle --from /srv/loom --lock loom.lock --with-loom",
                "Write what a project has locked, and this program",
            ),
        ],
    ),
    (
        "mirror import",
        &[
            example("loom mirror import site.loombundle", "Install the releases for this machine"),
            example("loom mirror import site.loombundle --to /srv/loom", "Put them into a mirror"),
        ],
    ),
    (
        "mirror serve",
        &[
            example("loom mirror serve /srv/loom", "Serve a mirror to this machine"),
            example(
                "loom mirror serve /srv/loom --listen 0.0.0.0:8180 --remote",
                "Serve it to the network",
            ),
            example(
                "loom mirror serve cache --pull-through https://mirror.example/loom",
                "Fetch what is missing from another mirror, and keep it",
            ),
        ],
    ),
    (
        "doctor",
        &[
            example("loom doctor", "Print all checks; exit 1 if one fails"),
            example("loom doctor --offline", "Check without network access"),
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
        "release",
        &[example(
            "loom release pack --version 0.2.0 --to dist",
            "Pack the build of this machine as a release",
        )],
    ),
    (
        "release pack",
        &[
            example(
                "loom release pack --version 0.2.0 --to dist",
                "Pack the program in target/dist for this machine's platform",
            ),
            example(
                "loom release pack --program builds --version 0.2.0 --platform linux-x86_64 windows-x86_64 --to dist",
                "Pack builds/linux-x86_64/… and builds/windows-x86_64/…",
            ),
        ],
    ),
    (
        "release sign",
        &[
            example(
                "loom release sign dist --minisign ~/.minisign/minisign.key",
                "Make a .minisig file for each archive and SHA256SUMS",
            ),
            example("loom release sign dist --gpg", "Make .asc files with gpg's default key"),
        ],
    ),
    (
        "release publish",
        &[
            example(
                "loom release publish dist --to github:loom-os/loom --notes NOTES.md",
                "Upload all files to a draft, then publish it",
            ),
            example(
                "loom release publish dist --to github:loom-os/loom --commit \"$(git rev-parse HEAD)\"",
                "Let GitHub make the tag",
            ),
        ],
    ),
    (
        "release check",
        &[
            example(
                "loom release check loom-os/loom 0.2.0 --key minisign.pub",
                "Download the assets of all platforms, and verify them by this key",
            ),
            example(
                "loom release check ./mirror 0.2.0 --platform linux-x86_64",
                "Check a folder for one platform, by the keys and identities of the configuration",
            ),
        ],
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
