"""Every scenario of the reference's own tests, and the test of ours that shows it.

A reference is `file::test` below `tests/`; short names of folders and files are in `PLACES`. The
client's own scenarios are run by its published package (`npm/conformance`).
"""

from tests.contracts.operator_checklist import OPERATOR_ROWS

PLACES = {
    "admin": "appliance/web/admin/",
    "npm": "npm/conformance/",
    "rules": "appliance/homeserver/",
    "web": "appliance/web/",
    "words": "appliance/pubky/",
    "system": "system/",
}

Shown = dict[str, str]

STORAGE: Shown = {
    "put_get_delete": "web:put_and_delete::a_file_is_put_read_described_and_deleted"
    " web:storage_paths::a_directory_cannot_be_written_or_deleted",
    "path_collisions_return_conflict_and_recover_after_delete": "web:put_and_delete::"
    "a_file_and_a_folder_of_one_name_cannot_coexist",
    "deleting_legacy_exact_file_does_not_delete_descendants": "web:webdav::"
    "the_operator_may_make_a_file_beside_a_folder_of_its_name",
    "put_then_get_json_roundtrip": "web:reading::json_comes_back_as_it_went_in",
    "dont_delete_shared_blobs": "web:put_and_delete::identical_files_of_two_users_are_independent",
    "stream": "web:put_and_delete::a_body_streams_in_and_out_unchanged",
    "write_same_path_separate_users": "web:put_and_delete::"
    "one_path_holds_different_files_for_different_users",
    "legacy_and_storage_routes_interoperate": "web:put_and_delete::"
    "both_addressing_modes_see_the_same_files",
    "unauthorized_put_delete": "web:authorization::only_the_owner_writes",
    "path_addressed_cross_tenant_cookie_is_unauthorized": "web:authorization::"
    "only_the_owner_writes",
    "priv_owner_with_cap_is_authorized": "web:authorization::"
    "the_owner_with_root_uses_private_storage_like_public",
    "list_deep": "web:listing::a_deep_listing_holds_every_file_below_in_order"
    " web:listing::a_deep_listing_goes_on_after_the_cursor",
    "list_shallow": "web:listing::a_shallow_listing_holds_the_direct_children",
    "put_quota_applied": "web:quotas::put_quota_applied",
    "put_quota_applied_with_bandwidth_throttling": "web:quotas::"
    "put_quota_applied_with_bandwidth_throttling",
}

PRIVATE_DATA: Shown = {
    "anonymous_priv_access_is_unauthorized": "web:grant_flows::"
    "anonymous_priv_access_is_unauthorized"
    " web:authorization::private_paths_tell_a_stranger_nothing",
    "under_scoped_owner_priv_access_is_forbidden": "web:grant_flows::"
    "under_scoped_owner_priv_access_is_forbidden",
    "cross_tenant_priv_access_is_forbidden": "web:grant_flows::"
    "cross_tenant_priv_access_is_forbidden",
}

EVENTS: Shown = {
    "list_events": "web:events_feed::list_events_in_pages_by_cursor",
    "read_after_event": "web:events_feed::read_after_event",
    "feed_excludes_private_paths": "web:events_feed::"
    "feed_excludes_private_paths_and_its_cursor_jumps_over_them",
    "events_stream_basic_modes": "web:events_stream_modes::events_stream_basic_modes",
    "events_stream_multiple_users": "web:events_stream_multi_user::events_stream_multiple_users",
    "events_stream_path_filter": "web:events_stream_filter::events_stream_path_filter",
    "events_stream_validation_errors": "web:events_stream_validation::"
    "events_stream_validation_errors",
    **{
        f"events_stream_{name}": f"web:events_stream_private::events_stream_{name}"
        for name in (
            "excludes_private_for_anonymous",
            "private_path_requires_auth",
            "authorized_owner_receives_private",
            "private_path_forbidden_cases",
            "live_excludes_private_for_anonymous",
            "live_authorized_receives_private",
            "cookie_same_tenant_is_authorized",
            "cookie_cross_user_secret_is_unauthenticated",
            "cookie_not_used_when_bearer_present",
            "live_closes_when_grant_is_revoked",
            "live_closes_when_cookie_session_is_revoked",
            "live_public_remains_open_after_auth_revocation",
            "signin_cookie_private_authorized",
        )
    },
    "events_stream_private_authorized_scoping": "web:events_stream_private::"
    "events_stream_authorized_owner_receives_private",
    "events_stream_cookie_live_private_receives_in_scope": "web:events_stream_private::"
    "events_stream_live_authorized_receives_private",
    "events_stream_sdk_builder_api": "web:events_stream_multi_user::events_stream_multiple_users"
    " web:events_stream_modes::reverse_goes_down_from_its_cursor",
}

LIMITS: Shown = {
    "test_limit_signin_get_session": "web:rate_limits::limit_signin_get_session",
    "test_limit_signin_get_session_whitelist": "web:rate_limits::"
    "limit_signin_get_session_whitelist",
    "test_limit_events": "web:rate_limits::limit_events",
    "test_limit_upload": "web:bandwidth::per_user_speed_override_throttles_via_admin_api",
    "test_concurrent_write_read": "web:bandwidth::concurrent_write_read",
    "test_limit_signup_tokens": "web:rate_limits::limit_signup_tokens",
}

OPERATOR: Shown = {
    "admin_info_includes_metadata": "web:admin::info_counts_the_node"
    " web:admin::info_names_the_configured_domain",
    "per_user_quota_via_admin_api": "web:quotas::per_user_quota_via_admin_api",
    "per_user_speed_override_throttles_via_admin_api": "web:bandwidth::"
    "per_user_speed_override_throttles_via_admin_api",
    "per_user_read_speed_override_throttles_via_admin_api": "web:bandwidth::"
    "per_user_read_speed_override_throttles_via_admin_api",
    "allowed_write_paths_enforced_via_http": "web:quotas::allowed_write_paths_enforced_via_http",
    "admin_event_stream_exposes_private_events": "admin:event_stream::"
    "admin_event_stream_exposes_private_events",
    "metrics_comprehensive": "web:events_stream_modes::metrics_count_open_streams_and_time_them"
    " web:metrics::signups_are_counted_once_each"
    " web:metrics::no_label_holds_a_key_a_path_or_a_secret",
}

COOKIES: Shown = {
    "basic_signer_signup": "web:sessions::signing_up_answers_with_the_record_and_the_cookie",
    "basic_signer_signin": "web:sessions::signing_in_never_ends_an_earlier_session",
    "cookie_auth_flow": "npm:auth_flow::an app may do what was approved and nothing else",
    "auth_flow_signup_preserves_deep_link_fields": "npm:auth_flow::"
    "an app signs a new person up through the link relay",
    "auth_flow_survives_long_poll_timeout": "npm:auth_flow::"
    "an app that waits already is answered when the person approves",
    "cookie disabled_user": "web:put_and_delete::"
    "a_disabled_user_may_read_delete_and_sign_in_but_not_write",
    "session_secret_export_import_restores_session": "web:sessions::"
    "a_cookie_session_is_restored_from_its_exported_text",
    "multiple_users": "web:sessions::people_share_a_client_without_mixing",
    "signout_is_idempotent": "web:sessions::signing_out_ends_the_session_and_can_be_repeated",
}

GRANTS: Shown = {
    **{
        f"grant {name}": f"web:grant_flows::{name}"
        for name in (
            "signer_signup_signin_write_file",
            "auth_flow",
            "grant_secret_restore_mints_fresh_bearer",
            "grant_secret_restore_rejects_revoked_grant",
            "grant_secret_restore_rejects_expired_grant",
            "session_refresh_rotates_short_lived_bearer",
            "signout_revokes_current_grant_only",
            "signout_is_idempotent",
            "disabled_user",
            "non_root_session_cannot_list_revoke_grants",
            "root_session_can_list_and_revoke_scoped_grant",
            "auth_flow_signup_creates_scoped_session",
        )
    },
}

SIGNUP_TOKENS: Shown = {
    "signup_with_token": "web:signup_tokens::an_invite_lets_one_person_in"
    " web:signup_tokens::without_a_good_invite_nobody_gets_in",
    "get_signup_token": "web:signup_tokens::the_status_of_an_invite_can_be_asked_for"
    " web:signup_tokens::a_status_of_nothing_is_refused",
    "signup_via_direct_deeplink": "npm:signup::a new key signs up and may do everything",
    "signup_via_direct_deeplink_with_token": "web:signup_tokens::an_invite_lets_one_person_in",
    "direct_signup_deeplink_rejects_missing_or_invalid_token": "web:signup_tokens::"
    "without_a_good_invite_nobody_gets_in",
}

SERVER_INTERNAL: Shown = {
    "invalid_path_aliases_cannot_modify_target_file": "web:storage_paths::"
    "an_alias_that_is_refused_leaves_the_file_untouched",
    "if_last_modified": "web:reading::a_date_spares_the_body_unless_the_file_is_newer",
    "if_none_match": "web:reading::tags_are_compared_as_exact_text",
    "if_none_match_precedes_if_modified_since": "web:reading::a_tag_disables_the_date",
    "test_content_with_magic_bytes": "web:content_types_over_http::"
    "magic_bytes_win_over_the_extension_and_the_request_over_nothing",
    "test_content_by_extension": "web:content_types_over_http::"
    "magic_bytes_win_over_the_extension_and_the_request_over_nothing",
    "pub_get_stays_anonymous_after_dual_root_switch": "web:authorization::"
    "reading_public_files_needs_nothing",
    "priv_get_requires_authentication": "web:authorization::private_paths_tell_a_stranger_nothing",
    "priv_get_is_not_an_existence_oracle": "web:authorization::"
    "private_paths_tell_a_stranger_nothing",
    "priv_head_mirrors_get": "web:authorization::private_paths_tell_a_stranger_nothing",
    "priv_conditional_get_is_authorized_first": "web:authorization::"
    "a_condition_never_comes_before_the_permission",
    "priv_directory_listing_requires_auth": "web:authorization::"
    "listing_the_private_root_needs_a_scope_that_covers_it",
    "priv_responses_use_no_store_and_auth_vary": "web:cache_policy::"
    "every_private_answer_is_never_stored"
    " web:cache_policy::a_forbidden_private_answer_is_never_stored",
    "pub_headers_are_unchanged_by_private_cache_policy": "web:cache_policy::"
    "public_headers_are_as_they_were",
    "path_addressed_get_and_head_ignore_legacy_tenant_headers": "web:reading::"
    "a_path_addressed_file_does_not_vary_by_the_host",
    "path_addressed_listing_preserves_pagination": "web:listing::"
    "a_path_addressed_listing_pages_like_any_other",
    "path_addressed_private_reads_use_path_owner_cookie_and_cache_policy": "web:authorization::"
    "a_path_addressed_private_file_is_just_as_closed"
    " web:cache_policy::every_private_answer_is_never_stored",
    "malformed_path_addressing_is_a_client_error_and_writes_require_authentication": "web:tenant::"
    "a_malformed_storage_address_is_refused_before_anything_else"
    " web:authorization::only_the_owner_writes",
    "private_cache_policy": "web:cache_policy::"
    "a_private_path_that_is_refused_for_its_form_counts_as_private"
    " web:cache_policy::paths_that_only_resemble_private_ones_have_no_policy",
    "sse_cache_policy_stamps_success_and_error_responses": "web:events_stream_modes::"
    "the_answer_has_the_headers_of_a_stream"
    " web:events_stream_private::events_stream_private_path_requires_auth",
    "tenant_private_path_detection_uses_normalized_path": "web:storage_paths::"
    "a_normal_form_decides_whether_a_request_is_private",
    "middleware_dependencies_support_cookie_auth_and_user_rate_limits": "web:rate_limits::"
    "middleware_dependencies_support_cookie_auth_and_user_rate_limits",
    "info_is_public_and_reports_features": "web:rate_limits::info_is_public_and_reports_features",
    "storage_metrics_only_count_resolved_requests_with_low_cardinality_labels": "web:metrics::"
    "storage_metrics_only_count_resolved_requests_with_low_cardinality_labels",
    "request-tenant vectors": "web:pubky_host_vectors::each_vector_reaches_the_user_it_names",
    "path vectors": "web:storage_paths::every_spelling_of_a_path_reaches_the_same_file"
    " web:storage_paths::a_path_against_the_rules_is_refused_with_its_text_by_every_method",
    "capability vectors": "rules:authorize::the_rules_agree_with_the_reference"
    " web:authorization::writing_needs_a_capability_that_covers_the_path",
    "quota vectors": "rules:quotas::the_boundaries_of_an_empty_megabyte",
    "bearer vectors": "web:bearers::bearer_in_any_other_form_is_none",
    "test_limit_parallel_requests_with_ip_key": "rules:rate_limits::"
    "addresses_have_limits_of_their_own",
    "test_limit_parallel_requests_with_user_key": "web:rate_limits::"
    "a_stranger_cannot_use_up_the_share_of_a_user",
    "path_addressed_storage_uses_storage_path_and_owner_for_limits": "web:rate_limits::"
    "path_addressed_storage_uses_storage_path_and_owner_for_limits",
    "rate_limited_response_includes_retry_after_header": "web:rate_limits::"
    "the_promised_time_is_long_enough",
    "test_request_count_rejects_before_bandwidth_resolution": "web:rate_limits::"
    "request_count_rejects_before_bandwidth_resolution",
    "test_throttle_unauthenticated_download": "web:bandwidth::throttle_unauthenticated_download",
    "test_user_rate_override_unlimited_bypass": "web:bandwidth::"
    "user_rate_override_unlimited_bypass",
    "cookie middleware": "web:authorization::only_the_owner_writes"
    " web:authorization::credentials_that_do_not_count_leave_the_cookie_to_decide",
}

JS_CLIENT: Shown = {
    "js putJson/getJson/delete": "npm:storage::JSON comes back as it was put",
    "js putText": "npm:storage::text comes back as it was put",
    "js putBytes": "npm:storage::bytes come back as they were put",
    "js forbidden: writing outside /pub and /priv returns 403": "npm:refusals::"
    "writing outside of pub and priv is refused with 403",
    "js putText/getText/delete round-trip under /priv": "npm:refusals::"
    "private files are written and read by their owner",
    "js list (limit/cursor/reverse)": "npm:listing::a reversed list continues before its cursor",
    "js list shallow under /pub/": "npm:listing::a shallow list names directories with a slash"
    " npm:storage::ten uploads at once all arrive",
    "js not found": "npm:refusals::a missing file is refused with 404",
    "js unauthorized (no cookie) PUT returns 401": "npm:refusals::"
    "writing and deleting without a session are refused with 401",
    "js stats & exists: JSON": "npm:storage::statistics describe a file",
    "js stats & exists: missing resource": "npm:storage::"
    "what is not there has no statistics and does not exist",
    "js storage.get streams a Web Response": "npm:storage::"
    "a mebibyte is streamed to its owner and to a stranger",
    "js export/import uses browser cookie": "npm:sessions::"
    "an exported session is restored and writes"
    " system:sdk_in_chromium::the_browser_keeps_a_guarded_cookie_for_each_person",
    "js cookie exportSecret restores from secret token": "web:sessions::"
    "a_cookie_session_is_restored_from_its_exported_text",
    "js grant-only view exposes metadata": "web:grant_flows::grant_only_view_exposes_metadata",
    "js non-root grant management calls return homeserver 403": "web:grant_flows::"
    "non_root_session_cannot_list_revoke_grants",
    "js grant exportLocalSecret restores with fresh bearer": "web:grant_flows::"
    "grant_secret_restore_mints_fresh_bearer",
    "js Auth: basic": "npm:sessions::signing in again opens the same data",
    "js Auth: multi-user (cookies)": "npm:sessions::"
    "when one of two people signs out the other stays",
    "js Auth: multi-user host isolation + stale-handle safety": "npm:sessions::"
    "a handle from before a new sign-in writes to its own person only",
    "js Auth: signup/signout loops keep cookies and host in sync": "npm:sessions::"
    "signing in and out in turns keeps two people apart",
    "js Auth: signout removes persisted session cookies": "npm:sessions::"
    "a session that ended cannot be restored",
    "js 3rd party signup": "npm:auth_flow::an app signs a new person up through the link relay",
    "js 3rd party signin": "npm:auth_flow::an app signs a person in through the link relay",
    "js direct signup deeplink": "npm:signup::a new key signs up and may do everything",
    "js grant auth: 3rd party signin": "web:grant_flows::auth_flow",
    "js grant auth: 3rd party signup": "web:grant_flows::auth_flow_signup_creates_scoped_session",
    "js eventStreamForUser": "web:events_stream_modes::events_stream_basic_modes",
    "js eventStreamFor · addUsers": "web:events_stream_multi_user::events_stream_multiple_users",
    "js basic fetch": "npm:discovery::the homeserver answers under its own key",
}

GROUPS = (
    STORAGE,
    PRIVATE_DATA,
    EVENTS,
    LIMITS,
    OPERATOR,
    COOKIES,
    GRANTS,
    SIGNUP_TOKENS,
    SERVER_INTERNAL,
    JS_CLIENT,
    OPERATOR_ROWS,
)
SHOWN: Shown = {scenario: text for group in GROUPS for scenario, text in group.items()}
