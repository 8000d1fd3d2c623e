//! The whole program against a local AWS: emulators for the run, one pipeline for each test.
//!
//! Tests run side by side; `cargo test --test e2e -- drift` runs those whose name holds `drift`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod alarms;
mod behaviour;
mod cdn_keys;
mod changes;
mod concurrency;
mod cost;
mod crashes;
mod delays;
mod doctor;
mod domains;
mod drift;
mod export;
mod failures;
mod foreign;
mod gate;
mod gateway;
mod images;
mod init;
mod inventory;
mod keys;
mod life_cycle;
mod local;
mod logs;
mod misuse;
mod models;
mod neighbours;
mod network;
mod notify;
mod on_aws;
mod output;
mod ownership;
mod permissions;
mod plans;
mod regions;
mod removal;
mod render;
mod retired;
mod settings;
mod stopped;
mod storage;
mod trial;
mod upgrade;
mod uploads;
mod variants;

use std::process::ExitCode;

use imgprep_testkit::{RUNTIME, durations, emulator};
use libtest_mimic::{Arguments, Trial};

/// How many tests run at once: they mostly wait, for the emulator and for functions.
const THREADS: usize = 6;

/// A trial for each test, named after its module and itself.
macro_rules! trials {
    ($($module:ident::$name:ident,)*) => {
        vec![$({
            let name = concat!(stringify!($module), "::", stringify!($name));
            Trial::test(name, move || {
                durations::measure(name, || RUNTIME.block_on($module::$name()));
                Ok(())
            })
        }),*]
    };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = trials();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials).exit_code();
    }
    imgprep_testkit::begin!();
    imgprep_testkit::models::record();
    let conclusion = libtest_mimic::run(&arguments, trials);
    emulator::stop_all();
    durations::write();
    let is_whole = arguments.filter.is_none() && arguments.skip.is_empty();
    if !RUNTIME.block_on(imgprep_testkit::models::every_request_is_as_aws_models_say(is_whole)) {
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}

/// The slowest first, so that none of them is left running alone.
#[expect(clippy::too_many_lines, reason = "a line for each test")]
fn trials() -> Vec<Trial> {
    trials![
        // It has the function built, for which all others about images would wait at once.
        upgrade::a_stack_of_version_0_1_0_is_taken_on_where_it_is,
        variants::a_watermark_is_drawn_on_the_variant_that_asks_for_it,
        variants::an_upload_becomes_variants_of_exact_size_that_the_cdn_serves,
        domains::what_acm_does_not_issue_in_a_minute_is_attached_later,
        delays::a_stack_is_made_changed_and_removed_in_spite_of_them,
        delays::what_was_just_removed_is_made_again_in_spite_of_them,
        concurrency::a_run_that_is_overtaken_at_any_service_harms_nothing,
        concurrency::two_ups_make_one_stack,
        concurrency::two_updates_keep_what_is_not_ours,
        concurrency::an_up_and_a_down_leave_what_the_next_run_completes,
        concurrency::two_downs_leave_nothing,
        crashes::every_operation_survives_a_kill,
        crashes::every_operation_survives_every_fault,
        drift::every_change_by_hand_to_an_own_domain_is_shown_and_repaired,
        drift::every_change_by_hand_to_the_cdn_is_shown_and_repaired,
        drift::every_change_by_hand_to_fallback_and_versions_is_shown_and_repaired,
        cdn_keys::a_fallback_is_shown_for_what_is_missing_and_goes_with_its_key,
        cdn_keys::a_cache_policy_comes_with_versions_and_goes_once_nothing_uses_it,
        cdn_keys::a_cache_policy_of_somebody_else_is_refused_and_then_taken_over,
        cdn_keys::an_account_without_room_for_a_cache_policy_is_told_so,
        cdn_keys::a_cache_policy_that_left_the_file_need_not_be_looked_for,
        drift::every_change_by_hand_to_storage_is_shown_and_repaired,
        drift::every_change_by_hand_to_messaging_is_shown_and_repaired,
        drift::every_change_by_hand_to_alarms_is_shown_and_repaired,
        drift::every_change_by_hand_to_the_function_is_shown_and_repaired,
        drift::every_change_by_hand_to_what_is_optional_is_shown_and_repaired,
        drift::every_change_by_hand_to_role_and_policy_is_shown_and_repaired,
        drift::every_change_by_hand_to_the_role_of_jobs_is_shown_and_repaired,
        drift::every_change_by_hand_to_the_roles_boundary_is_shown_and_repaired,
        drift::a_boundary_comes_with_the_role_and_stays_when_it_leaves_the_file,
        drift::every_change_by_hand_to_a_public_bucket_is_shown_and_repaired,
        drift::a_function_of_another_package_type_is_replaced,
        drift::a_role_under_another_path_is_replaced,
        drift::what_was_deleted_by_hand_is_missing_and_made_again,
        behaviour::row_12_the_false_precondition_of_a_notification_is_named,
        behaviour::row_13_a_notification_in_the_way_is_named_and_left,
        behaviour::row_15_filter_rules_are_known_in_any_case,
        behaviour::row_55_every_throttled_read_is_tried_again,
        behaviour::row_55_every_throttled_write_is_tried_again,
        behaviour::row_55_throttling_without_end_is_told_as_such,
        behaviour::row_02_a_bucket_outside_us_east_1_is_made_in_its_region,
        behaviour::row_02_a_name_that_is_taken_in_another_region_is_told_apart,
        behaviour::row_03_a_bucket_that_another_run_made_first_is_gone_on_with_if_it_is_ours,
        behaviour::row_04_a_name_that_somebody_else_has_is_told_with_what_to_change,
        behaviour::row_06_each_change_of_a_busy_bucket_is_tried_again,
        behaviour::row_08_no_acl_is_sent_where_acls_are_off,
        behaviour::row_09_no_statement_of_the_bucket_policy_is_public,
        behaviour::row_10_a_public_access_block_is_put_only_where_it_is_needed,
        behaviour::row_11_each_code_for_what_is_not_set_is_no_error,
        behaviour::row_19_an_object_that_cannot_be_deleted_is_named,
        behaviour::row_19_no_empty_list_is_deleted,
        behaviour::row_20_a_marker_that_another_run_writes_is_tried_again_or_left,
        behaviour::row_21_the_cdn_reads_from_the_regional_domain,
        behaviour::row_66_what_s3_is_too_busy_to_delete_is_listed_and_tried_again,
        behaviour::row_66_a_variant_whose_original_comes_back_meanwhile_is_not_pruned,
        behaviour::each_services_word_for_what_is_not_there_is_no_error,
        behaviour::row_54_every_arn_is_in_the_partition_of_its_region,
        behaviour::row_29_a_role_and_a_policy_that_iam_is_busy_with_are_tried_again,
        behaviour::row_29_a_role_and_a_policy_of_our_name_are_gone_on_with_only_if_they_are_ours,
        behaviour::row_32_the_oldest_version_of_a_policy_makes_room,
        behaviour::row_34_what_people_attached_by_hand_does_not_keep_role_and_policy,
        behaviour::row_67_every_page_of_iams_lists_is_read,
        behaviour::row_22_a_topic_that_another_run_made_first_is_gone_on_with_if_it_is_ours,
        behaviour::row_23_a_topic_that_sns_is_busy_with_is_tried_again,
        behaviour::row_24_a_principal_that_sns_does_not_know_yet_is_tried_again,
        behaviour::row_24_a_policy_that_sns_refuses_is_told_at_once,
        behaviour::row_25_the_owners_statement_stays,
        behaviour::row_28_a_subscription_on_the_second_page_is_found,
        behaviour::row_45_a_log_group_that_is_there_first_is_made_ours,
        behaviour::row_38_a_function_that_another_run_made_first_is_gone_on_with_if_it_is_ours,
        behaviour::row_39_a_permission_that_another_run_made_first_is_left,
        behaviour::row_40_code_that_is_too_large_is_told_with_what_to_do,
        behaviour::row_41_concurrency_that_cannot_be_reserved_is_a_warning,
        behaviour::row_56_a_role_that_was_made_again_by_hand_is_seen_and_the_function_set_to_it,
        behaviour::row_56_a_role_that_up_makes_again_is_one_that_the_function_is_set_to,
        behaviour::row_56_a_function_without_the_tag_only_gets_it,
        behaviour::row_56_a_function_that_cannot_be_set_to_another_role_is_made_again,
        behaviour::row_57_a_queue_that_is_being_deleted_is_not_taken_for_whole,
        behaviour::row_65_a_destination_that_lambda_does_not_see_yet_is_tried_again,
        behaviour::row_68_tags_that_are_kept_back_are_a_missing_permission_and_not_foreign,
        behaviour::row_46_an_account_that_must_be_verified_gets_everything_else,
        behaviour::row_47_a_distribution_that_another_run_made_first_is_gone_on_with,
        behaviour::row_47_a_reference_that_is_used_up_is_passed_over,
        behaviour::row_49_an_update_keeps_what_people_added_and_reads_again_when_it_lost,
        behaviour::row_58_every_life_of_a_stack_has_its_cdn,
        behaviour::row_58_a_reference_whose_distribution_is_gone_leads_to_the_next,
        behaviour::row_58_a_distribution_that_is_not_listed_yet_is_found_and_changed,
        behaviour::row_58_a_distribution_that_is_not_listed_yet_is_waited_for,
        behaviour::row_58_a_reference_that_somebody_else_has_leads_to_the_next,
        behaviour::row_58_an_error_on_the_way_makes_no_second_distribution,
        behaviour::row_59_what_cannot_stand_beside_ours_is_replaced,
        behaviour::row_71_addresses_follow_the_endpoint_of_their_service,
        behaviour::row_74_a_domain_that_another_distribution_has_is_told_with_how_to_move_it,
        behaviour::row_51_an_access_control_that_another_run_made_first_is_gone_on_with,
        behaviour::row_51_an_access_control_that_is_still_in_use_is_tried_again,
        behaviour::row_69_an_empty_page_of_the_log_is_not_its_end,
        behaviour::row_72_a_policy_that_iam_would_not_take_is_refused_before_the_first_call,
        behaviour::row_72_a_bucket_with_dots_works_where_it_is_in_the_path,
        behaviour::row_73_an_account_that_blocks_public_acls_is_named,
        behaviour::row_73_a_variant_that_was_refused_is_explained,
        behaviour::row_73_an_account_that_cannot_be_asked_is_a_note,
        behaviour::row_73_a_private_bucket_asks_nothing_of_the_account,
        behaviour::every_read_that_is_denied_is_named_with_its_permission,
        behaviour::every_change_that_is_denied_is_named_with_its_permission,
        behaviour::a_permission_behind_a_call_is_the_one_that_is_named,
        behaviour::row_64_a_denial_names_its_policy_and_who_can_change_it,
        behaviour::row_63_a_wrong_clock_is_told_by_how_much,
        behaviour::row_63_a_wrong_clock_is_no_missing_permission,
        behaviour::row_63_a_wrong_secret_is_still_told_as_such,
        behaviour::what_vanishes_during_a_run_points_to_another_run,
        behaviour::row_26_the_notification_comes_last,
        behaviour::rows_27_and_43_what_sends_is_removed_before_what_receives,
        behaviour::row_28_nothing_is_found_by_listing_an_account,
        permissions::nothing_can_be_taken_from_an_up_that_repairs,
        permissions::nothing_can_be_taken_from_a_first_up,
        permissions::nothing_can_be_taken_from_down,
        permissions::nothing_can_be_taken_from_down_with_images_or_an_adopted_bucket,
        permissions::nothing_can_be_taken_from_status,
        permissions::nothing_can_be_taken_from_an_up_that_waits,
        permissions::what_is_called_is_in_the_policy_and_nothing_else,
        permissions::nothing_can_be_taken_from_an_up_that_prunes,
        permissions::nothing_can_be_taken_from_a_trial_or_a_backfill,
        permissions::nothing_can_be_taken_from_a_retry_or_a_prune,
        permissions::the_printed_policies_are_enough_for_a_whole_life,
        permissions::the_printed_policies_are_enough_without_a_cdn,
        permissions::the_printed_policies_are_enough_with_a_domain,
        inventory::a_missing_variant_is_counted_and_made,
        inventory::a_new_size_and_a_replaced_original_are_made_and_all_on_demand,
        inventory::a_broken_image_is_listed_and_works_once_it_is_replaced,
        inventory::what_belongs_to_nothing_is_listed_and_then_deleted,
        inventory::a_backfill_that_is_interrupted_or_refused_goes_on_from_what_the_bucket_holds,
        inventory::without_a_stack_every_command_says_so,
        life_cycle::a_stack_is_planned_made_left_alone_and_removed,
        keys::every_key_keeps_its_name_in_every_folder,
        keys::a_key_is_no_command_to_the_terminal,
        keys::the_longest_keys_are_on_record_and_not_sent_for_ever,
        removal::variants_and_records_go_with_their_original,
        removal::variants_follow_the_versions_of_their_original,
        removal::variants_stay_unless_the_file_says_otherwise,
        regions::a_stack_in_us_east_1,
        regions::a_stack_in_eu_central_1,
        regions::a_stack_in_cn_north_1,
        regions::a_stack_in_us_gov_west_1,
        regions::a_region_of_the_environment_is_refused_before_the_first_change,
        regions::a_cdn_where_there_is_none_is_refused_before_any_call,
        plans::three_changes_by_hand_are_shown_member_by_member,
        plans::going_down_says_what_is_lost_and_what_takes_long,
        plans::the_first_plan_is_short_and_shows_every_field_if_asked,
        plans::the_preview_of_a_first_up_is_short_unless_asked,
        changes::a_new_size_keeps_old_variants_and_tells_the_function,
        changes::more_memory_is_one_call_without_code,
        render::what_is_interrupted_leaves_only_whole_files,
        render::variants_are_the_functions_own_and_aws_is_not_asked,
        render::a_bad_image_is_told_and_stops_no_other,
        render::wrong_use_is_told_before_anything_is_written,
        render::a_glob_is_expanded_and_a_second_run_finds_no_variants,
        export::cloudformation_makes_the_same_stack,
        export::a_template_needs_neither_aws_nor_credentials,
        export::what_cannot_be_exported_is_told,
        trial::a_trial_without_an_image_sends_a_sample,
        trial::a_trial_with_an_image_names_every_variant,
        trial::a_file_that_is_no_image_is_explained_by_its_failure_record,
        trial::a_trial_without_a_stack_says_so,
        trial::only_what_the_log_says_of_this_image_is_blamed,
        logs::what_became_of_each_image_is_shown_and_found_by_its_key,
        logs::a_log_is_followed_until_interrupted_and_nothing_comes_twice,
        logs::a_log_that_is_not_there_is_told_with_what_to_do,
        uploads::a_form_uploads_one_original_and_its_variants_are_made,
        uploads::the_addresses_of_variants_are_told_with_what_is_known_of_them,
        uploads::a_form_is_good_for_nothing_else,
        uploads::a_cors_rule_stands_beside_others_and_leaves_with_its_section,
        uploads::an_adopted_bucket_keeps_the_rules_of_others,
        uploads::without_a_section_the_rules_need_not_be_readable,
        uploads::what_cannot_be_signed_is_told_with_what_to_do,
        uploads::a_form_holds_no_secret,
        uploads::without_a_public_address_it_is_said_what_to_do,
        storage::rules_come_and_go_with_their_keys_and_others_stay,
        storage::a_bucket_that_is_kept_deletes_nothing,
        storage::a_rule_of_others_about_originals_is_named,
        storage::an_adopted_bucket_keeps_rules_and_versions,
        storage::without_the_keys_the_rules_need_not_be_readable,
        storage::a_bucket_with_versions_is_emptied,
        storage::archived_originals_are_skipped_and_counted,
        storage::variants_of_expired_originals_are_not_left_over,
        cost::an_estimate_needs_no_aws_and_adds_up,
        cost::the_table_fits_a_terminal_and_follows_the_options,
        domains::a_domain_in_a_zone_is_served_after_one_up,
        domains::a_certificate_that_is_in_use_goes_after_the_distribution,
        domains::without_a_zone_the_records_are_shown_and_a_later_up_goes_on,
        domains::a_record_that_leads_elsewhere_is_named_and_taken_over_only_if_asked,
        domains::other_domains_have_another_certificate_and_the_former_one_is_retired,
        domains::domains_that_leave_the_file_are_retired_but_shared_records_stay,
        domains::a_refused_certificate_says_why_and_is_requested_again,
        domains::of_two_equal_zones_one_must_be_chosen,
        foreign::what_others_put_on_our_resources_survives_every_command,
        foreign::a_bucket_with_foreign_objects_keeps_what_others_put_on_it,
        images::a_bucket_with_images_stays_until_their_deletion_is_asked_for,
        images::every_version_and_delete_marker_is_deleted_when_asked_for,
        retired::a_renamed_topic_and_function_are_told_until_they_are_pruned,
        retired::a_renamed_bucket_keeps_its_images_until_their_deletion_is_asked_for,
        retired::the_folder_of_a_removed_variant_keeps_its_images_until_asked,
        retired::a_cdn_that_is_switched_off_is_retired_and_pruned,
        retired::going_down_removes_what_is_retired_as_well,
        retired::a_stack_of_the_same_name_elsewhere_is_left_alone,
        retired::what_aws_cannot_change_is_made_anew,
        ownership::a_topic_without_our_tag_is_refused_and_then_adopted,
        ownership::everything_foreign_is_listed_at_once_and_then_adopted,
        ownership::a_bucket_of_another_account_is_refused,
        ownership::an_adopted_bucket_survives_with_everything_of_its_own,
        permissions::every_policy_is_short_enough_for_iam,
        permissions::the_sids_of_the_policy_for_all_say_which_command_needs_what,
        permissions::a_distribution_is_taken_over_only_with_the_policy_for_that,
        permissions::init_knows_a_bucket_only_with_its_policy,
        permissions::a_boundary_keeps_whoever_runs_up_from_any_rights,
        permissions::a_policy_opens_no_function_but_the_stacks,
        permissions::a_role_is_handed_to_lambda_only_and_only_ours,
        failures::a_denied_call_is_named_and_a_second_run_completes,
        failures::an_expired_token_is_named_and_a_second_run_completes,
        failures::an_endpoint_that_is_closed_is_told_within_seconds,
        failures::missing_credentials_are_told_with_what_to_set,
        failures::row_60_an_upload_may_take_more_than_a_minute_and_is_sent_once,
        network::row_62_all_of_aws_is_reached_through_a_proxy_that_inspects_it,
        network::row_62_a_proxy_that_lets_nothing_pass_is_told_with_what_to_set,
        network::row_62_an_aws_on_this_machine_is_reached_past_every_proxy,
        alarms::an_alarm_goes_off_and_is_told,
        alarms::an_address_that_has_not_confirmed_is_told_and_planned_once,
        alarms::what_left_the_file_goes,
        alarms::an_alarm_of_somebody_else_is_refused_and_then_taken_over,
        alarms::what_is_not_delivered_has_an_alarm_too,
        alarms::what_another_run_makes_between_two_reads_is_not_foreign,
        alarms::what_cannot_be_made_says_why_and_the_next_run_goes_on,
        alarms::every_change_survives_a_kill_and_a_lost_answer,
        neighbours::no_number_of_other_stacks_makes_a_run_ask_more_of_aws,
        notify::an_address_is_subscribed_and_status_says_whether_it_has_confirmed,
        notify::an_application_hears_of_images_that_are_ready_and_of_those_that_failed,
        notify::down_takes_all_of_it,
        notify::listeners_choose_by_folder,
        notify::the_manifest_of_a_very_long_name_goes_with_its_original,
        notify::what_is_changed_by_hand_is_shown_and_repaired,
        notify::what_left_the_file_is_retired_and_goes_when_it_is_pruned,
        on_aws::a_job_can_be_cancelled_and_the_next_is_another,
        on_aws::a_job_is_asked_for_once_with_a_role_of_its_own,
        on_aws::a_job_makes_what_is_missing_and_says_what_it_cannot_make,
        on_aws::a_job_that_fails_for_half_of_its_originals_says_why_and_what_next,
        on_aws::a_new_role_is_waited_for_and_a_refusal_is_explained,
        on_aws::what_cannot_go_together_is_refused_with_the_reason,
        misuse::nothing_is_asked_and_nothing_changed_without_a_terminal,
        misuse::a_missing_file_is_named,
        gate::whoever_does_not_know_the_secret_can_do_nothing,
        gate::a_preflight_reaches_buckets_only_and_as_nobody,
        gate::an_unsigned_body_goes_nowhere,
        gate::a_body_that_is_not_the_signed_one_is_refused_as_aws_does,
        gate::a_foreign_name_of_this_machine_is_refused,
        gate::keys_that_were_made_on_it_work_as_long_as_they_are_there,
        gate::a_presigned_address_is_for_whoever_has_it_and_for_nothing_else,
        gate::a_functions_secret_does_not_follow_from_its_name,
        gate::a_distribution_is_reached_by_name_and_by_path,
        doctor::all_that_a_first_up_needs_is_checked_without_a_change,
        doctor::what_a_user_may_not_do_is_named,
        doctor::what_is_missing_comes_with_what_to_do,
        local::it_starts_once_keeps_its_resources_and_its_secret_and_stops,
        local::two_starts_at_once_make_one_and_a_killed_one_is_replaced,
        local::one_that_does_not_answer_is_told_and_stopped,
        local::one_that_ends_at_once_says_why,
        local::it_stops_when_nobody_uses_it_and_is_not_started_only_to_look,
        local::this_program_serves_as_the_function_without_a_build,
        models::the_most_that_a_file_allows_is_made_and_removed,
        models::right_requests_pass,
        models::a_wrong_call_in_cbor_is_named,
        models::a_wrong_form_is_named,
        models::a_wrong_call_in_json_is_named,
        models::a_wrong_call_by_path_is_named,
        init::a_written_file_is_planned_and_never_overwritten,
        init::a_name_is_free_or_yours_or_taken,
        init::a_file_is_written_without_credentials_and_without_network,
        init::what_cannot_be_in_the_file_is_refused_before_it_is_written,
        init::a_terminal_is_asked_three_questions_and_again_after_a_wrong_answer,
        init::up_offers_to_write_the_file_that_is_missing,
        init::the_command_line_describes_itself,
        misuse::a_wrong_file_is_refused_with_line_and_column,
        misuse::a_missing_region_is_told_with_where_to_set_it,
        settings::a_region_that_is_none_is_wrong_use,
        settings::a_region_that_nobody_knows_is_named_where_nothing_answers,
        settings::an_endpoint_that_is_no_address_is_named,
        settings::a_profile_that_is_not_there_is_named_with_the_nearest,
        settings::a_profile_that_is_named_comes_before_keys_of_the_environment,
        stopped::an_up_that_is_stopped_says_how_far_it_came_and_nothing_twice,
        misuse::an_unknown_option_is_wrong_use,
        misuse::only_changes_end_with_2_under_exit_code,
        output::the_text_of_a_whole_life,
        output::a_terminal_is_needed_for_colour,
    ]
}
