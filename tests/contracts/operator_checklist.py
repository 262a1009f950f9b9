"""The rows of the operator API's own checklist (operator API 13); form as in `checklist.py`."""

OPERATOR_ROWS: dict[str, str] = {
    "A1": "web:admin::info_counts_the_node web:admin::info_names_the_configured_domain",
    "A2": "web:quotas::per_user_quota_via_admin_api",
    "A3": "web:bandwidth::per_user_speed_override_throttles_via_admin_api",
    "A4": "web:bandwidth::per_user_read_speed_override_throttles_via_admin_api",
    "A5": "web:quotas::allowed_write_paths_enforced_via_http",
    "A6": "admin:event_stream::admin_event_stream_exposes_private_events",
    "A7": "web:put_and_delete::a_disabled_user_may_read_delete_and_sign_in_but_not_write"
    " web:grant_flows::disabled_user",
    "A8": "web:webdav::the_operator_may_make_a_file_beside_a_folder_of_its_name",
    "A9": "web:admin::the_root_is_open web:admin::a_known_path_asks_for_the_password_first"
    " web:admin::a_wrong_password_is_refused web:admin::a_new_token_is_listed_as_unused",
    "A10": "web:admin::tokens_are_listed_by_text_page_by_page"
    " web:admin::a_bad_query_for_tokens_is_refused",
    "A11": "admin:quotas::an_invite_with_a_quota_is_made_with_json",
    "A12": "admin:event_stream::filters_cursor_limit_and_reverse"
    " admin:event_stream::bad_queries_are_refused"
    " admin:event_stream::admin_stream_rejects_unauthorized_and_invalid",
    "A13": "web:webdav::users_are_folders_with_their_two_roots"
    " web:webdav::put_get_delete_write_events_and_keep_the_ledger"
    " web:webdav::a_put_over_quota_is_507_and_stores_nothing",
    "A14": "admin:quotas::a_fresh_user_has_no_overrides"
    " admin:quotas::null_goes_back_to_the_default_and_absent_leaves_as_it_is"
    " admin:quotas::a_bad_quota_changes_nothing"
    " admin:quotas::quotas_of_unknown_users_are_not_found",
    "A15": "admin:moderation::one_file_is_deleted_by_path_with_its_event"
    " web:admin::a_user_is_disabled_and_enabled web:admin::only_a_known_key_is_disabled",
    "T1": "web:signup_tokens::an_invite_lets_one_person_in"
    " web:signup_tokens::without_a_good_invite_nobody_gets_in",
    "T2": "web:signup_tokens::the_status_of_an_invite_can_be_asked_for"
    " web:signup_tokens::a_status_of_nothing_is_refused",
    "T3": "web:signup_tokens::without_a_good_invite_nobody_gets_in",
    "M1": "web:events_stream_modes::metrics_count_open_streams_and_time_them"
    " web:metrics::signups_are_counted_once_each"
    " web:metrics::no_label_holds_a_key_a_path_or_a_secret",
    "M2": "web:metrics::storage_metrics_only_count_resolved_requests_with_low_cardinality_labels",
    "Q1": "web:quotas::put_quota_applied",
    "Q2": "web:quotas::put_quota_applied_with_bandwidth_throttling",
    "R1": "web:rate_limits::limit_signin_get_session",
    "R2": "web:rate_limits::limit_signin_get_session_whitelist",
    "R3": "web:rate_limits::limit_events web:rate_limits::limit_signup_tokens",
    "R4": "web:bandwidth::per_user_speed_override_throttles_via_admin_api",
    "R5": "web:bandwidth::concurrent_write_read",
    "R6": "web:rate_limits::middleware_dependencies_support_cookie_auth_and_user_rate_limits"
    " web:rate_limits::info_is_public_and_reports_features",
    "R7": "web:bandwidth::throttle_unauthenticated_download"
    " web:rate_limits::request_count_rejects_before_bandwidth_resolution",
}
