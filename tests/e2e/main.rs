//! The whole program against a local AWS: one emulator for the run, one pipeline for each test.
//!
//! Tests run side by side; `cargo test --test e2e -- drift` runs those whose name holds `drift`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod calls;
mod changes;
mod clients;
mod drift;
mod emulator;
mod failures;
mod foreign;
mod harness;
mod http;
mod images;
mod keys;
mod life_cycle;
mod misuse;
mod output;
mod ownership;
mod proxy;
mod trial;
mod variants;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::emulator::Emulator;
use crate::harness::RUNTIME;

/// How many tests run at once: they mostly wait, for the emulator and for functions.
const THREADS: usize = 4;

/// A trial for each test, named after its module and itself.
macro_rules! trials {
    ($($module:ident::$name:ident,)*) => {
        vec![$(Trial::test(
            concat!(stringify!($module), "::", stringify!($name)),
            || { RUNTIME.block_on($module::$name()); Ok(()) },
        )),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = trials();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    let emulator = Emulator::start();
    RUNTIME.block_on(harness::build_function());
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(emulator);
    conclusion.exit_code()
}

/// The slowest first, so that none of them is left running alone.
fn trials() -> Vec<Trial> {
    trials![
        drift::every_change_by_hand_to_messaging_and_code_is_shown_and_repaired,
        drift::every_change_by_hand_to_storage_and_cdn_is_shown_and_repaired,
        drift::what_was_deleted_by_hand_is_missing_and_made_again,
        life_cycle::a_stack_is_planned_made_left_alone_and_removed,
        keys::every_key_keeps_its_name_in_every_folder,
        variants::an_upload_becomes_variants_of_exact_size_that_the_cdn_serves,
        changes::a_new_size_keeps_old_variants_and_tells_the_function,
        changes::more_memory_is_one_call_without_code,
        trial::a_trial_without_an_image_sends_a_sample,
        trial::a_trial_with_an_image_names_every_variant,
        trial::a_file_that_is_no_image_is_explained_by_its_failure_record,
        trial::a_trial_without_a_stack_says_so,
        foreign::what_others_put_on_our_resources_survives_every_command,
        foreign::a_bucket_with_foreign_objects_keeps_what_others_put_on_it,
        images::a_bucket_with_images_stays_until_their_deletion_is_asked_for,
        images::every_version_and_delete_marker_is_deleted_when_asked_for,
        ownership::a_topic_without_our_tag_is_refused_and_then_adopted,
        ownership::a_bucket_of_another_account_is_refused,
        ownership::an_adopted_bucket_survives_with_everything_of_its_own,
        failures::a_denied_call_is_named_and_a_second_run_completes,
        failures::an_expired_token_is_named_and_a_second_run_completes,
        failures::an_endpoint_that_is_closed_is_told_within_seconds,
        failures::missing_credentials_are_told_with_what_to_set,
        misuse::nothing_is_asked_and_nothing_changed_without_a_terminal,
        misuse::a_missing_file_is_named,
        misuse::a_wrong_file_is_refused_with_line_and_column,
        misuse::a_missing_region_is_told_with_where_to_set_it,
        misuse::an_unknown_option_is_wrong_use,
        output::the_text_of_a_whole_life,
        output::a_terminal_is_needed_for_colour,
    ]
}
