// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>

// The functions by the names and types of the headers. The macros of typecheck-gcc.h would hide some of them.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#define FUNCTIONS(of) \
  of(curl_global_init) of(curl_easy_init) of(curl_easy_cleanup) of(curl_easy_reset) of(curl_easy_strerror) \
  of(curl_easy_setopt) of(curl_easy_getinfo) of(curl_slist_append) of(curl_slist_free_all) of(curl_multi_init) \
  of(curl_multi_cleanup) of(curl_multi_setopt) of(curl_multi_add_handle) of(curl_multi_remove_handle) \
  of(curl_multi_perform) of(curl_multi_poll) of(curl_multi_info_read)

static struct {
#define POINTER(name) __typeof__(&name) name;
  FUNCTIONS(POINTER)
#undef POINTER
} curl;

static char problem[512];

static void load(void) {
  static const char *const names[] = {"libcurl.so.4", "libcurl-gnutls.so.4", NULL};
  void *library = NULL;
  for (int index = 0; library == NULL && names[index] != NULL; index++) {
    library = dlopen(names[index], RTLD_NOW | RTLD_LOCAL);
    if (library == NULL && index == 0) snprintf(problem, sizeof problem, "%s", dlerror());
  }
  if (library == NULL) return;
#define LOOK_UP(name) \
  *(void **)&curl.name = dlsym(library, #name); \
  if (curl.name == NULL) { \
    snprintf(problem, sizeof problem, "libcurl has no " #name ": it is too old"); \
    return; \
  }
  FUNCTIONS(LOOK_UP)
#undef LOOK_UP
  problem[0] = 0;
  CURLcode code = curl.curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) snprintf(problem, sizeof problem, "libcurl: %s", curl.curl_easy_strerror(code));
}

const char *reg_curl_load(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load);
  return problem[0] == 0 ? NULL : problem;
}

CURL *reg_easy_init(void) { return curl.curl_easy_init(); }
void reg_easy_cleanup(CURL *easy) { curl.curl_easy_cleanup(easy); }
void reg_easy_reset(CURL *easy) { curl.curl_easy_reset(easy); }
const char *reg_easy_strerror(CURLcode code) { return curl.curl_easy_strerror(code); }

CURLcode reg_easy_set_long(CURL *easy, CURLoption option, long value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode reg_easy_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode reg_easy_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode reg_easy_set_pointer(CURL *easy, CURLoption option, void *value) {
  return curl.curl_easy_setopt(easy, option, value);
}
CURLcode reg_easy_set_data_callback(CURL *easy, CURLoption option, reg_data_callback callback) {
  return curl.curl_easy_setopt(easy, option, callback);
}
CURLcode reg_easy_set_seek_callback(CURL *easy, reg_seek_callback callback) {
  return curl.curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, callback);
}
CURLcode reg_easy_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl.curl_easy_getinfo(easy, info, value);
}

struct curl_slist *reg_list_append(struct curl_slist *list, const char *text) {
  return curl.curl_slist_append(list, text);
}
void reg_list_free(struct curl_slist *list) { curl.curl_slist_free_all(list); }

CURLM *reg_multi_init(void) { return curl.curl_multi_init(); }
void reg_multi_cleanup(CURLM *multi) { curl.curl_multi_cleanup(multi); }
CURLMcode reg_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl.curl_multi_setopt(multi, option, value);
}
CURLMcode reg_multi_add(CURLM *multi, CURL *easy) { return curl.curl_multi_add_handle(multi, easy); }
CURLMcode reg_multi_remove(CURLM *multi, CURL *easy) { return curl.curl_multi_remove_handle(multi, easy); }
CURLMcode reg_multi_perform(CURLM *multi, int *running) { return curl.curl_multi_perform(multi, running); }
CURLMcode reg_multi_poll(CURLM *multi, int milliseconds) {
  return curl.curl_multi_poll(multi, NULL, 0, milliseconds, NULL);
}

CURL *reg_multi_next_ended(CURLM *multi, CURLcode *result) {
  int queued = 0;
  CURLMsg *message;
  while ((message = curl.curl_multi_info_read(multi, &queued)) != NULL) {
    if (message->msg != CURLMSG_DONE) continue;
    *result = message->data.result;
    return message->easy_handle;
  }
  return NULL;
}
