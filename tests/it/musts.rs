//! Each rule of `store-format.md` that says MUST has a test that breaks it.

use std::{fs, path::Path};

const TEXT: &str = include_str!("../../store-format.md");

/// A part of each rule, and the tests that break it.
const RULES: &[(&str, &[&str])] = &[
    ("are to be read as in RFC 2119", &[]),
    (
        "part of a path MUST be parsed",
        &[
            "names_are_safe_path_components",
            "only_paths_that_are_valid_on_every_platform_are_accepted",
            "other_texts_are_refused",
        ],
    ),
    (
        "MUST require the index",
        &["a_registry_without_the_index_that_is_required_is_not_asked_for_its_tags"],
    ),
    ("MUST ignore files and keys", &["unknown_files_and_keys_are_ignored_at_every_level"]),
    ("MUST refuse any other form", &["only_the_canonical_form_is_read", "a_manifest_has_one_form"]),
    (
        "MUST NOT leave the tree",
        &["links_must_lead_into_the_tree", "links_that_leave_the_tree_or_dangle"],
    ),
    ("a copy MUST be made", &["a_tree_with_links_holds_copies_where_links_are_impossible"]),
    (
        "Unpacking MUST refuse",
        &[
            "paths_that_leave_the_tree_or_are_invalid_on_a_platform",
            "paths_that_collide_on_a_case_insensitive_file_system",
            "hard_links_to_anything_but_an_earlier_file",
            "entries_that_are_neither_file_folder_nor_link",
            "sparse_files_and_second_sizes_in_pax_headers",
            "extended_headers_that_are_too_long",
            "data_after_the_end_and_ends_without_a_mark",
            "entries_that_overlap",
            "encrypted_entries",
            "wrong_sizes",
            "wrong_checksums",
            "data_around_the_archive",
            "archives_that_exceed_a_limit",
        ],
    ),
    (
        "MUST refuse a document whose number",
        &[
            "newer_numbers_and_repeated_keys_are_refused_in_every_document",
            "newer_and_critical_statements_are_refused",
            "duplicate_keys_are_refused_at_any_depth",
            "a_newer_schema_is_refused",
        ],
    ),
    ("it MUST NOT be rewritten", &["the_statement_of_a_source_is_kept_unchanged"]),
    ("what a reader MUST understand", &["newer_and_critical_statements_are_refused"]),
    ("a statement with an entry", &["newer_and_critical_statements_are_refused"]),
    (
        "a statement whose bytes have another digest",
        &[
            "a_statement_must_have_the_digest_that_the_record_names",
            "a_statement_of_another_release_is_refused",
        ],
    ),
    ("an index MUST NOT decide", &["an_expired_index_selects_nothing_and_hides_nothing"]),
    ("an index with a time that it cannot read", &["an_index_selects_until_it_expires"]),
    (
        "MUST NOT contain a URL",
        &["an_index_selects_until_it_expires", "only_a_time_is_a_time_of_publication"],
    ),
    (
        "selected a version by an index",
        &["a_record_must_name_the_statement_of_the_index_that_listed_it"],
    ),
    (
        "a document with an `ed25519` signature of another form",
        &["known_schemes_are_read_strictly_and_others_are_kept"],
    ),
    ("anything else of a signed document", &["one_flipped_bit_in_a_signed_field_is_refused"]),
    (
        "MUST refuse a payload in which a key",
        &[
            "roots_that_could_be_read_in_two_ways_are_refused",
            "an_index_is_judged_by_the_root_and_what_was_seen",
            "a_time_has_one_form",
        ],
    ),
    (
        "an `ed25519` key whose id is not its own",
        &["roots_that_could_be_read_in_two_ways_are_refused"],
    ),
    ("a signed index that has two entries", &["an_index_is_judged_by_the_root_and_what_was_seen"]),
    (
        "a root from the mirror as the first one",
        &[
            "without_a_root_nothing_changes_and_no_request_is_added",
            "a_root_of_the_configuration_and_one_that_is_pinned_at_first_sight",
        ],
    ),
    (
        "it MUST be signed by the role `root` of root",
        &["a_successor_is_signed_by_both_thresholds", "key_compromise_with_threshold"],
    ),
    ("MUST refuse a mirror with more", &["endless_root_chain"]),
    (
        "it MUST be there, be signed by this role",
        &["a_timestamp_role_requires_a_timestamp_of_this_index"],
    ),
    (
        "It MUST be there, be signed by the role `index`",
        &["an_index_is_judged_by_the_root_and_what_was_seen", "malicious_mirror", "wrong_keys"],
    ),
    ("digest MUST be those that it names", &["mix_and_match"]),
    (
        "an index or a timestamp that is lower",
        &["rollback", "a_timestamp_role_requires_a_timestamp_of_this_index"],
    ),
    ("MUST NOT lose them", &["rollback", "freeze"]),
    (
        "An expired index MUST NOT decide",
        &["freeze", "the_clock_never_goes_back", "a_kept_list_ends_with_its_index"],
    ),
    ("lists of buckets MUST NOT be used", &["malicious_mirror"]),
    ("An offer MUST have the statement", &["arbitrary_installation", "mix_and_match"]),
    (
        "a release that the index names with another statement MUST be refused",
        &["installed_releases_are_pushed"],
    ),
    (
        "by its verification alone",
        &["a_version_counts_by_its_verification", "deleting_receipts_changes_no_exit_code"],
    ),
    ("MUST NOT be copied to a mirror", &["files_of_a_running_machine_are_not_part_of_a_mirror"]),
    ("the last 76 bytes", &["every_changed_missing_and_added_byte_is_noticed"]),
    (
        "MUST be treated as missing:",
        &[
            "a_verification_of_another_tree_does_not_count",
            "only_a_verification_that_agrees_gets_its_link_back",
            "a_copied_verification_is_noticed",
            "an_unknown_voucher_is_read_as_such",
        ],
    ),
    (
        "**A missing verification** MUST NOT",
        &[
            "a_waiver_is_never_made_again",
            "kept_evidence_vouches_for_its_release_and_nothing_else_does",
        ],
    ),
    (
        "whose subject names another release MUST be refused",
        &["each_reason_for_a_refusal_has_its_own_error", "each_kind_says_why_it_is_refused"],
    ),
    (
        "an archive with such a signature MUST be kept",
        &["a_signature_beside_the_archive_or_its_checksum_file_is_required_and_counts"],
    ),
    (
        "It MUST hash every byte of the tree",
        &["a_damaged_tree_is_not_verified_again", "a_damaged_archive_vouches_for_nothing"],
    ),
    ("MUST accept other kinds", &["attempts_without_a_kind_and_of_unknown_kinds_are_read"]),
    ("the whole tree MUST be hashed again", &["a_launch_sees_that_a_tree_was_touched"]),
    (
        "MUST treat a link as absent",
        &["links_that_lead_elsewhere_count_as_absent", "a_marked_tree_is_absent_and_replaced"],
    ),
    (
        "**A tree without a link MUST be verified again**",
        &["a_release_without_a_link_is_hashed_before_it_is_linked_again"],
    ),
    (
        "the verification MUST count",
        &[
            "only_a_verification_that_agrees_gets_its_link_back",
            "a_release_that_the_policy_refuses_does_not_get_its_link_back",
        ],
    ),
    (
        "MUST see the old state or the new one",
        &[
            "a_kill_at_any_call",
            "a_full_disk_at_any_call",
            "no_file_is_visible_before_all_are_checked",
        ],
    ),
    (
        "MUST NOT use if it is there already",
        &["a_locked_folder_is_never_removed_and_an_unlocked_one_never_used"],
    ),
    ("After a failed fsync", &["a_disk_that_fails_to_sync"]),
    (
        "MUST NOT remove trees or objects that nothing names while",
        &[
            "a_record_that_cannot_be_read_keeps_all_trees_and_objects",
            "a_root_that_cannot_be_read_keeps_everything",
        ],
    ),
    (
        "A link in the place of a folder MUST NOT be followed",
        &["what_a_link_leads_to_stays_as_it_is"],
    ),
    (
        "While anything is in the place of something else",
        &["a_folder_in_the_place_of_each_file_is_named_and_mended"],
    ),
    (
        "MUST stay in its place until the new file is renamed over it",
        &["a_repair_that_ends_early_loses_no_root"],
    ),
    (
        "MUST NOT take what it cannot read for absent",
        &["what_another_user_keeps_from_being_read_is_named"],
    ),
    (
        "A `format` of a newer number MUST NOT be replaced",
        &["a_damaged_format_is_refused_everywhere_and_mended"],
    ),
    ("their listings MUST be removed before", &["old_versions_go_and_their_objects_with_them"]),
    (
        "MUST then read the link again",
        &["a_version_that_is_used_while_its_link_is_removed_is_linked_again"],
    ),
    (
        "MUST remove the link first and then look at the time again",
        &["a_version_that_is_used_while_its_link_is_removed_is_linked_again"],
    ),
    (
        "the version MUST be linked again and stay",
        &["a_version_that_is_used_while_its_link_is_removed_is_linked_again"],
    ),
    (
        "used within the last day MUST NOT be removed",
        &["a_day_of_grace_and_a_clock_that_jumps", "what_is_needed_stays"],
    ),
    (
        "Lock files are empty and MUST NOT be removed",
        &["lock_files_stay_and_only_writers_can_open_those_that_block"],
    ),
    ("MUST NOT continue without the lock", &["a_file_system_without_locks_is_an_error"]),
    (
        "MUST end the wait",
        &[
            "a_wait_for_the_collection_lock_is_reported_and_ends",
            "a_wait_is_reported_and_ends",
            "a_waiting_process_reports_it_and_uses_the_finished_download",
            "a_lease_that_another_process_holds_goes_to_the_state_folder",
        ],
    ),
    ("MUST NOT be held through a download", &["a_download_keeps_nobody_from_removing"]),
    ("A process id MUST NOT be used", &["a_lease_keeps_a_tree"]),
    ("every user can write", &["a_store_that_everybody_can_write_is_refused_for_reading_too"]),
    (
        "MUST NOT be written without the setting",
        &[
            "a_store_that_its_group_can_write_is_closed_unless_it_is_shared",
            "without_the_setting_the_members_of_a_group_do_not_write_a_store",
        ],
    ),
    (
        "not set-group-id and writable by its group MUST",
        &["a_shared_store_needs_a_folder_that_gives_its_group"],
    ),
    (
        "Without a readable `.json` for this key",
        &["bytes_without_a_header_are_not_resumed", "bytes_are_not_continued_by_another_key"],
    ),
    (
        "MUST state the total, which MUST be the known one",
        &["another_source_proves_the_start_and_the_total"],
    ),
    ("the validators MUST be the same", &["other_bytes_are_not_appended"]),
    (
        "A transfer MUST NOT count against a source unless",
        &[
            "a_damaged_partial_file_is_no_strike_against_the_mirror",
            "a_source_that_was_cut_after_a_restart_is_blamed_for_its_bytes",
        ],
    ),
    (
        "if a tree cannot be taken away",
        &["link_and_record_stay_where_the_tree_cannot_be_taken_away"],
    ),
    (
        "A marked tree MUST be treated as absent",
        &[
            "a_marked_tree_is_absent_and_replaced",
            "a_release_in_a_lower_layer_is_removed_healed_and_replaced",
        ],
    ),
    (
        "`locks/` and `leases/` MUST NOT be removed",
        &["lock_files_stay_and_only_writers_can_open_those_that_block"],
    ),
    (
        "A fingerprint MUST NOT be used",
        &["a_fingerprint_that_others_can_write_vouches_for_nothing"],
    ),
    ("delivers for a repair MUST be the tree", &["another_tree_is_not_taken_for_a_repair"]),
    ("MUST have been hashed and found right", &["nothing_shares_with_a_damaged_file"]),
    ("MUST NOT be hard-linked", &["files_with_other_permissions_are_not_linked"]),
    (
        "MUST NOT be repaired in place",
        &["a_damaged_tree_is_not_shared", "the_newest_damaged_folder_of_each_tree_is_kept"],
    ),
    (
        "MUST refuse a store of a newer major version",
        &["a_newer_store_format_is_refused_and_not_changed", "newer_store_formats_are_refused"],
    ),
    (
        "what MUST be understood goes into `critical`",
        &["newer_and_critical_statements_are_refused"],
    ),
    (
        "MUST compare header, padding and SHA-256",
        &["a_file_is_compared_when_it_is_read", "a_changed_byte_of_what_is_read_installs_nothing"],
    ),
    (
        "MUST NOT refuse a record because it has another digest",
        &["an_index_with_the_digest_of_an_older_record_refuses_nothing"],
    ),
    ("MUST verify it with `signer`", &["every_changed_byte_is_found"]),
    ("MUST be writable by one of them only", &["a_reader_cannot_stop_the_owner_and_is_named"]),
];

/// The sentences and cells of the document that say MUST, without the examples.
fn rules() -> Vec<&'static str> {
    let prose = TEXT.split("```").step_by(2);
    let parts = prose.flat_map(|text| text.split_inclusive(['\n', ';', '|']));
    let sentences = parts.flat_map(|part| part.split_inclusive(". "));
    sentences.map(str::trim).filter(|text| text.contains("MUST")).collect()
}

/// The names of all functions that are tests, in the sources of the workspace.
fn tests(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_must_has_a_test_that_breaks_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    ["src", "base", "backends", "tests/it"].iter().for_each(|f| tests(&root.join(f), &mut sources));
    let rules = rules();
    for rule in &rules {
        assert!(RULES.iter().any(|(part, _)| rule.contains(part)), "no test is named for: {rule}");
    }
    for (part, tests) in RULES {
        assert!(rules.iter().any(|rule| rule.contains(part)), "not in the document: {part}");
        for test in *tests {
            assert!(sources.contains(&format!("fn {test}(")), "{part}: there is no test {test}");
        }
    }
}
