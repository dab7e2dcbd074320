// simdjson behind a C interface; Collector is the only importer.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Bytes that must be readable behind a text.
size_t csj_padding(void);

#ifdef __cplusplus
}
#endif
