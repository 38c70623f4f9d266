//! Each decision of the lifecycle (D1 to D26) has a test that shows the choice, and the other one where there is one.

use std::path::Path;

/// The decision, the file under the root of the workspace, and the tests in it.
const DECISIONS: &[(&str, &str, &[&str])] = &[
    ("D1", "crates/toewijzing/tests/it/policy.rs", &["tr019_by_number_alone"]),
    ("D2", "crates/toewijzing/tests/it/policy.rs", &["tr019_strict_about_the_product"]),
    ("D2", "crates/toewijzing/tests/it/deadlines.rs", &["late_and_odd_messages_are_taken_with_a_warning"]),
    ("D3", "crates/toewijzing/tests/it/guards.rs", &["d3_outside_the_period"]),
    ("D4", "crates/toewijzing/tests/it/guards.rs", &["d4_a_delete_under_a_delivery_is_confirmed"]),
    ("D4", "crates/toewijzing/tests/it/assignment.rs", &["d4_delete_under_a_delivery"]),
    (
        "D4",
        "crates/gateway/src/engine/tests/agreed.rs",
        &["d4_a_delete_under_a_delivery_is_sent_when_confirmed"],
    ),
    ("D5", "crates/toewijzing/tests/it/guards.rs", &["d5_the_earliest_begin_first"]),
    ("D5", "crates/toewijzing/tests/it/delivery.rs", &["deletes_come_first_whatever_the_order"]),
    ("D6", "crates/toewijzing/tests/it/delivery.rs", &["l12_stop_of_an_older_paused_start"]),
    ("D7", "crates/toewijzing/tests/it/guards.rs", &["d7_two_open_starts_can_be_closed"]),
    ("D8", "crates/toewijzing/tests/it/guards.rs", &["d8_what_came_too_early"]),
    (
        "D8",
        "crates/gateway/src/engine/tests/parked.rs",
        &["by_default_an_early_message_is_refused_at_once", "it_waits_no_longer_than_the_retour_is_due"],
    ),
    ("D9", "crates/toewijzing/tests/it/assignment.rs", &["d9_start_before_the_302"]),
    ("D10", "crates/toewijzing/tests/it/assignment.rs", &["t13_older_and_d10_equal_versions"]),
    ("D10", "crates/toewijzing/tests/it/assignment.rs", &["t14_a_deleted_number_comes_back"]),
    ("D11", "crates/toewijzing/tests/it/assignment.rs", &["t11_a_change_that_needs_a_new_number"]),
    ("D12", "crates/toewijzing/tests/it/assignment.rs", &["d12_reasons_that_do_not_fit"]),
    ("D13", "crates/toewijzing/tests/it/guards.rs", &["d13_what_a_301_must_repeat"]),
    (
        "D14",
        "crates/toewijzing/src/calendar.rs",
        &[
            "holidays_of_2025_and_2026",
            "the_optional_days_are_optional",
            "a_gemeente_closes_on_days_of_its_own",
            "the_day_itself_is_not_counted",
        ],
    ),
    ("D15", "crates/toewijzing/tests/it/guards.rs", &["d15_the_net_effect"]),
    ("D17", "crates/toewijzing/tests/it/guards.rs", &["d17_taakgericht"]),
    ("D18", "crates/toewijzing/tests/it/delivery.rs", &["l22_stop_after_the_end"]),
    (
        "D19",
        "crates/gateway/src/engine/tests/mod.rs",
        &["a_second_delivery_of_the_same_bytes_changes_nothing"],
    ),
    ("D20", "crates/toewijzing/tests/it/guards.rs", &["d20_identificatie_is_exact"]),
    ("D21", "crates/gateway/src/engine/tests/agreed.rs", &["d21_another_version_of_the_schema_is_odd"]),
    ("D22", "crates/toewijzing/tests/it/guards.rs", &["tr378_looks_at_the_dates_of_every_message"]),
    ("D22", "crates/toewijzing/tests/it/policy.rs", &["tr378_any_date_suffices"]),
    ("D23", "crates/toewijzing/tests/it/guards.rs", &["d23_bsn_of_zeros"]),
    ("D24", "crates/toewijzing/tests/it/assignment.rs", &["t1_and_t4_first_version_and_its_approval"]),
    ("D25", "crates/toewijzing/tests/it/deadlines.rs", &["late_and_odd_messages_are_taken_with_a_warning"]),
    ("D26", "crates/toewijzing/tests/it/deadline_rows.rs", &["d26_is_a_choice"]),
    ("D26", "crates/gateway/src/engine/tests/agreed.rs", &["d26_and_agreements_from_the_301_to_the_start"]),
];

/// Not of this machine: how long data are kept (D16).
const ELSEWHERE: &[&str] = &["D16"];

#[test]
fn every_decision_has_a_named_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (decision, file, tests) in DECISIONS {
        // A copy of this crate alone has not the tests of the others.
        let Ok(text) = std::fs::read_to_string(root.join(file)) else {
            assert!(!root.join("crates/gateway").exists(), "{decision}: {file} is gone");
            continue;
        };
        for test in *tests {
            assert!(text.contains(&format!("fn {test}(")), "{decision}: no test {test} in {file}");
        }
    }
    for number in 1..=26 {
        let decision = format!("D{number}");
        let known = DECISIONS.iter().any(|(known, ..)| *known == decision);
        assert!(known || ELSEWHERE.contains(&decision.as_str()), "{decision} has no test");
    }
}
