// simdjson behind a C interface; Collector is the only importer.
//
// It parses and hands out simdjson's own memory; what is on the tape is for the caller to walk. The tape's words are
// documented in simdjson's doc/tape.md: a tag in the upper 8 bits, a payload in the lower 56.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct csj_parser csj_parser;

/// What was parsed; valid until the parser is used again or freed.
typedef struct {
  const uint64_t *tape;
  /// Unescaped strings: a length in 4 bytes, little-endian, the bytes, a NUL. 64 bytes behind the last may be read.
  const uint8_t *strings;
  /// Where each bracket, brace, colon, comma and the beginning of each scalar stands in the text, in its order.
  const uint32_t *structurals;
  uint32_t structural_count;
} csj_document;

enum { csj_ok = 0, csj_no_memory = 1, csj_refused = 2 };

/// Bytes that must be readable behind a text.
size_t csj_padding(void);

/// NULL without memory.
csj_parser *csj_new(void);
void csj_free(csj_parser *parser);

/// Parses one JSON text strictly (RFC 8259, UTF-8). It does not recurse.
/// The memory it takes, about 14 bytes for one of the largest text so far, is kept.
int csj_parse(csj_parser *parser, const uint8_t *text, size_t count, size_t max_depth, csj_document *document);

/// Gives the memory of large texts back.
void csj_shrink(csj_parser *parser);

/// Whether the bytes `\u` stand anywhere in the text.
int csj_has_unicode_escape(const uint8_t *text, size_t count);

#ifdef __cplusplus
}
#endif
