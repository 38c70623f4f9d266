//! Which test is about which row of the conformance checklist and of the bad inputs (ggk-transport 7 and 8), and why the
//! others have none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What covers a row: a file of the repository and the test in it, or the reason why nothing does.
enum Covered {
    By(&'static str, &'static str),
    Not(&'static str),
}
use Covered::{By, Not};

const STUF: &str = "crates/gateway/src/daemon/tests/stuf.rs";
const ROWS: &str = "crates/gateway/src/daemon/tests/stuf_rows.rs";
const LATER: &str = "crates/gateway/src/daemon/tests/stuf_later.rs";
const HOSTILE: &str = "crates/gateway/src/daemon/tests/stuf_hostile.rs";
const CODEC: &str = "crates/codec/src/stuf/tests.rs";
const HANDSHAKE: &str = "crates/gateway/src/exchange/tests/handshake.rs";
const SCHEDULER: &str = "crates/gateway/src/outbox/tests/scheduler.rs";
const VAULT: &str = "crates/gateway/src/vault/tests.rs";

const ADAPTER: &str = "the gateway speaks SOAP with an adapter and never ebMS with the hub";

const CHECKLIST: &[(&str, Covered)] = &[
    ("C-01", By(CODEC, "verdicts_are_those_of_the_specification")),
    ("C-02", By(STUF, "our_retour_names_the_envelope_that_it_answers")),
    ("C-03", By(CODEC, "numbers_and_times")),
    ("C-04", By(STUF, "our_retour_names_the_envelope_that_it_answers")),
    ("C-05", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-06", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-07", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-08", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-09", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-10", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-11", By(LATER, "c_11_a_payload_that_is_not_plain_utf_8_is_not_sent")),
    ("C-12", By(CODEC, "what_is_too_large_is_not_written")),
    ("C-13", By(CODEC, "verdicts_are_those_of_the_specification")),
    ("C-14", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-15", By(STUF, "our_retour_names_the_envelope_that_it_answers")),
    ("C-16", By(STUF, "an_invalid_payload_is_taken_in_and_refused_later")),
    ("C-17", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-20", By(STUF, "c_20_the_official_examples_are_understood")),
    ("C-21", By("tests/system/stuf.rs", "c_21_an_acknowledgement_stands_for_what_is_on_disk")),
    ("C-22", By(STUF, "a_heenbericht_is_handed_over_until_its_retour_comes")),
    ("C-23", By(ROWS, "row_15_sender_unknown")),
    ("C-24", By(STUF, "duplicates_are_known_by_number_and_content")),
    ("C-25", By(ROWS, "rows_18_19_37_and_c_25_are_accepted")),
    ("C-26", By(ROWS, "row_14_receiver_not_ours")),
    ("C-27", By(STUF, "an_invalid_payload_is_taken_in_and_refused_later")),
    ("C-28", By(STUF, "a_late_fo01_parks_with_its_reason")),
    ("C-29", Not(ADAPTER)),
    ("C-30", By(STUF, "a_late_fo01_parks_with_its_reason")),
    ("C-31", By(STUF, "a_late_fo01_parks_with_its_reason")),
    (
        "C-32",
        Not(
            "a code is shown as it came and nothing is decided by it, so there is no catalogue to be out of date",
        ),
    ),
    ("C-40", By("tests/system/odd_peers.rs", "partners_that_reset_get_it_again")),
    ("C-41", By(SCHEDULER, "a_circuit_opens_and_closes")),
    ("C-42", By(STUF, "a_fo03_parks_unless_it_passes_by_itself")),
    ("C-43", By(SCHEDULER, "c_43_a_freeze_holds_and_releases_by_itself")),
    ("C-44", By("crates/toewijzing/tests/it/deadlines.rs", "a_retour_is_due_in_three_working_days")),
    ("C-45", By("tests/system/durability.rs", "c_45_a_restored_backup_sends_nothing_again")),
    ("C-50", By(HANDSHAKE, "tls_below_1_2_and_plain_text_are_refused")),
    ("C-51", By(HANDSHAKE, "without_a_good_certificate_there_is_no_connection")),
    ("C-52", By("tests/system/revoked.rs", "a_list_that_has_run_out_is_strict_or_lenient")),
    ("C-53", By("tests/system/stuf.rs", "c_53_another_sender_is_refused_and_told")),
    (
        "C-54",
        By(
            "crates/gateway/src/pki/tests/pkioverheid.rs",
            "c_54_chains_of_both_generations_verify_in_both_roles",
        ),
    ),
    // By its OIN; that another name gets nothing either is in `tests/system/odd_peers.rs`.
    ("C-55", By("crates/gateway/src/outbox/tests/direct.rs", "c_55_a_server_of_another_oin_gets_nothing")),
    ("C-56", By("tests/system/privacy.rs", "a_daemon_that_logs_everything_tells_nothing_personal")),
    ("C-57", By("crates/gateway/src/exchange/tests/logs.rs", "requests_are_logged_without_what_they_say")),
    ("C-58", By(HOSTILE, "c_58_what_would_use_up_memory_or_time")),
    ("C-59", By(VAULT, "keys_outlive_a_restart_and_a_new_master_key")),
    ("C-60", By("crates/gateway/src/folder/zip.rs", "c_60_what_a_zip_may_not_have")),
];

/// Column B: what comes straight from a partner.
const BAD_INPUTS: &[(&str, Covered)] = &[
    ("1", By(ROWS, "row_01_not_well_formed")),
    ("2", By(ROWS, "row_02_doctype")),
    ("3", By(ROWS, "row_03_two_children")),
    ("4", By(ROWS, "row_04_soap_1_2")),
    ("5", By(ROWS, "row_05_soapaction_of_another_operation")),
    ("6", By(ROWS, "row_06_ggk0310")),
    ("7", By(ROWS, "row_07_stuf_0204")),
    ("8", By(ROWS, "row_08_unknown_root")),
    ("8a", By(ROWS, "row_08a_another_koppelvlak")),
    ("9", By(ROWS, "row_09_berichtcode_unknown")),
    ("10", By(ROWS, "row_10_berichtcode_lk01")),
    ("11", By(ROWS, "row_11_no_tijdstip")),
    ("12", By(ROWS, "row_12_refnummer_upper_case")),
    ("13", By(ROWS, "row_13_no_refnummer")),
    ("14", By(ROWS, "row_14_receiver_not_ours")),
    ("15", By(ROWS, "row_15_sender_unknown")),
    ("16", By(LATER, "rows_16_and_17_the_same_number_again")),
    ("17", By(LATER, "rows_16_and_17_the_same_number_again")),
    ("18", By(ROWS, "rows_18_19_37_and_c_25_are_accepted")),
    ("19", By(ROWS, "rows_18_19_37_and_c_25_are_accepted")),
    ("20", By(ROWS, "row_20_functie_unknown")),
    ("21", By(ROWS, "row_21_functie_not_for_an_aanbieder")),
    ("22", By(ROWS, "row_22_retour_in_a_di01")),
    ("23", By(ROWS, "row_23_and_24_about_nothing_that_we_sent")),
    ("24", By(STUF, "a_late_fo01_parks_with_its_reason")),
    ("25", By("tests/system/full_disk.rs", "a_full_disk_takes_nothing_and_loses_nothing")),
    ("26", By(ROWS, "row_26_too_large")),
    ("27", By(ROWS, "row_27_applicatie_versie_missing")),
    ("28", By(ROWS, "row_28_both_files")),
    ("29", By(ROWS, "row_29_text_file_for_a_message")),
    ("30", By(ROWS, "row_30_bestandsnaam_with_a_slash")),
    ("31", By(ROWS, "row_31_base64_url_alphabet")),
    ("32", By(ROWS, "row_32_empty_file")),
    ("33", By(ROWS, "row_33_payload_not_well_formed")),
    ("34", By(STUF, "an_invalid_payload_is_taken_in_and_refused_later")),
    ("35", By(ROWS, "row_35_another_message_than_the_functie")),
    ("36", By(ROWS, "row_36_another_release")),
    ("37", By(ROWS, "rows_18_19_37_and_c_25_are_accepted")),
    ("38", By(STUF, "row_38_other_parties_in_the_header")),
    ("39", By(LATER, "row_39_a_payload_that_breaks_the_rules")),
    ("40", By(LATER, "row_40_a_second_retour")),
    ("41", By(LATER, "row_41_an_identificatie_that_was_used")),
    ("42", By(LATER, "row_42_an_error_that_breaks_its_schema")),
    ("43", By(ROWS, "row_43_unknown_operation")),
    ("44", By(ROWS, "row_44_xop_include")),
    (
        "45",
        Not(
            "nothing tells a person that exists from one that was invented; who tests in the chain sees to it",
        ),
    ),
    ("46", By(SCHEDULER, "c_43_a_freeze_holds_and_releases_by_itself")),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every row has a test that exists, or a reason; where the specification is at hand, no row of it is forgotten.
#[test]
fn every_row_has_a_test_or_a_reason() {
    for (row, covered) in CHECKLIST.iter().chain(BAD_INPUTS) {
        match covered {
            By(file, test) => {
                let text = std::fs::read_to_string(root().join(file)).unwrap();
                let known = text.contains(&format!("fn {test}(")) || text.contains(&format!("    {test}: "));
                assert!(known, "{row}: there is no test {test} in {file}");
            }
            Not(reason) => assert!(reason.len() > 20, "{row}: a reason"),
        }
    }
    let spec = std::env::var_os("IWMO_SHARED").map_or(root().join("../shared"), PathBuf::from);
    let Ok(spec) = std::fs::read_to_string(spec.join("spec/ggk-transport.md")) else {
        assert!(std::env::var_os("CI").is_none(), "the specification is needed in CI");
        return;
    };
    let section = |begin: &str, end: &str| {
        let text = spec.split(begin).nth(1).unwrap();
        text.split(end).next().unwrap().to_owned()
    };
    let ours = |rows: &'static [(&str, Covered)]| rows.iter().map(|(row, _)| (*row).to_owned());
    let checklist = section("## 7. Conformance checklist", "## 8.");
    let named = checklist.lines().filter_map(|line| line.strip_prefix("- ")?.split(' ').next());
    let named: BTreeSet<String> = named.filter(|name| name.starts_with("C-")).map(str::to_owned).collect();
    assert_eq!(named, ours(CHECKLIST).collect());
    let inputs = section("## 8. Bad inputs", "## 9.");
    let numbered = inputs.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let numbered = numbered.filter(|name| name.starts_with(|first: char| first.is_ascii_digit()));
    assert_eq!(numbered.map(str::to_owned).collect::<BTreeSet<_>>(), ours(BAD_INPUTS).collect());
}
