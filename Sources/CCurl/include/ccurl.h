// SPDX-License-Identifier: Apache-2.0
// libcurl, loaded when the first transfer needs it: linking it costs every command 4 ms at its start (it brings TLS,
// LDAP, Kerberos and SSH libraries). Also what Swift cannot call: curl_easy_setopt and curl_easy_getinfo are variadic.
#ifndef REG_CCURL_H
#define REG_CCURL_H

#include <curl/curl.h>

/// Loads libcurl, once. NULL, or why it cannot be used. Everything else here comes after a success.
const char *_Nullable reg_curl_load(void);

CURL *_Nullable reg_easy_init(void);
void reg_easy_cleanup(CURL *_Nonnull easy);
void reg_easy_reset(CURL *_Nonnull easy);
const char *_Nonnull reg_easy_strerror(CURLcode code);

CURLcode reg_easy_set_long(CURL *_Nonnull easy, CURLoption option, long value);
CURLcode reg_easy_set_size(CURL *_Nonnull easy, CURLoption option, curl_off_t value);
CURLcode reg_easy_set_string(CURL *_Nonnull easy, CURLoption option, const char *_Nullable value);
CURLcode reg_easy_set_pointer(CURL *_Nonnull easy, CURLoption option, void *_Nullable value);

/// Called with `count` bytes of `context`'s transfer; how many were taken or given.
typedef size_t (*reg_data_callback)(char *_Nonnull bytes, size_t size, size_t count, void *_Nullable context);
CURLcode reg_easy_set_data_callback(CURL *_Nonnull easy, CURLoption option, reg_data_callback _Nonnull callback);

/// Called to go to `offset` of a body that is sent; CURL_SEEKFUNC_OK or CURL_SEEKFUNC_FAIL.
typedef int (*reg_seek_callback)(void *_Nullable context, curl_off_t offset, int origin);
CURLcode reg_easy_set_seek_callback(CURL *_Nonnull easy, reg_seek_callback _Nonnull callback);

CURLcode reg_easy_get_long(CURL *_Nonnull easy, CURLINFO info, long *_Nonnull value);

struct curl_slist *_Nullable reg_list_append(struct curl_slist *_Nullable list, const char *_Nonnull text);
void reg_list_free(struct curl_slist *_Nullable list);

CURLM *_Nullable reg_multi_init(void);
void reg_multi_cleanup(CURLM *_Nonnull multi);
CURLMcode reg_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value);
CURLMcode reg_multi_add(CURLM *_Nonnull multi, CURL *_Nonnull easy);
CURLMcode reg_multi_remove(CURLM *_Nonnull multi, CURL *_Nonnull easy);
CURLMcode reg_multi_perform(CURLM *_Nonnull multi, int *_Nonnull running);
CURLMcode reg_multi_poll(CURLM *_Nonnull multi, int milliseconds);

/// The next transfer that has ended, and how; NULL when there is none.
CURL *_Nullable reg_multi_next_ended(CURLM *_Nonnull multi, CURLcode *_Nonnull result);

#endif
