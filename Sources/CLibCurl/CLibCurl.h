#pragma once
// The checking macros would stand in the way of the functions below.
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo take any number of arguments, which Swift does not import: here is one function for
// each kind of value.

typedef size_t (*cronpp_curl_pieces)(char *bytes, size_t size, size_t count, void *context);
typedef int (*cronpp_curl_progress)(
    void *context, curl_off_t down, curl_off_t downNow, curl_off_t up, curl_off_t upNow);

static inline CURLcode cronpp_curl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cronpp_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cronpp_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cronpp_curl_set_context(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cronpp_curl_set_pieces(CURL *handle, CURLoption option, cronpp_curl_pieces value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode cronpp_curl_set_progress(CURL *handle, cronpp_curl_progress value) {
    return curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, value);
}

// Tells what is sent and received.
static inline CURLcode cronpp_curl_set_trace(CURL *handle, curl_debug_callback value) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, value);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L) : code;
}

// SMTP and SMTP over TLS, whatever else the library can do.
static inline CURLcode cronpp_curl_only_mail(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_SMTP | CURLPROTO_SMTPS));
#endif
}

// Authorities in PEM, which are copied.
static inline CURLcode cronpp_curl_set_authorities(CURL *handle, const char *pem, size_t length) {
    struct curl_blob blob = {(void *)pem, length, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, CURLOPT_CAINFO_BLOB, &blob);
}

// Looks for authorities in no directory.
static inline CURLcode cronpp_curl_no_capath(CURL *handle) { return curl_easy_setopt(handle, CURLOPT_CAPATH, NULL); }

// Does not wait for a look-up whose time is over.
static inline CURLcode cronpp_curl_leave_lookups(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075700
    return curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
#else
    (void)handle;
    return CURLE_OK;
#endif
}

// The socket of the connection that has been used; CURL_SOCKET_BAD when there is none.
static inline curl_socket_t cronpp_curl_socket(CURL *handle) {
    curl_socket_t found = CURL_SOCKET_BAD;
    return curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &found) == CURLE_OK ? found : CURL_SOCKET_BAD;
}
