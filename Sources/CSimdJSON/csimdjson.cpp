#include "csimdjson.h"

#include <simdjson.h>

using namespace simdjson;

struct csj_parser {
  std::unique_ptr<internal::dom_parser_implementation> stages;
  dom::document document;
  size_t capacity = 0;
  size_t max_depth = 0;
};

size_t csj_padding(void) { return SIMDJSON_PADDING; }

csj_parser *csj_new(void) { return new (std::nothrow) csj_parser; }

void csj_free(csj_parser *parser) { delete parser; }

static bool has_room(csj_parser *parser, size_t count, size_t max_depth) {
  if (parser->stages && count <= parser->capacity && max_depth == parser->max_depth) return true;
  const size_t step = count <= 1 << 20 ? 1 << 14 : 1 << 20;
  const size_t capacity = (count + step - 1) / step * step;
  parser->capacity = 0;
  // A new one each time: what allocate() keeps of an old size is not documented.
  parser->stages.reset();
  if (get_active_implementation()->create_dom_parser_implementation(capacity, max_depth, parser->stages)) return false;
  if (parser->document.allocate(capacity)) return false;
  parser->capacity = capacity;
  parser->max_depth = max_depth;
  return true;
}

void csj_shrink(csj_parser *parser) {
  parser->capacity = 0;
  parser->stages.reset();
  parser->document = dom::document();
}

int csj_parse(csj_parser *parser, const uint8_t *text, size_t count, size_t max_depth, csj_document *document) {
  if (!has_room(parser, count, max_depth)) return csj_no_memory;
  if (parser->stages->parse(text, count, parser->document)) return csj_refused;
  document->tape = parser->document.tape.get();
  document->strings = parser->document.string_buf.get();
  document->structurals = parser->stages->structural_indexes.get();
  document->structural_count = parser->stages->n_structural_indexes;
  return csj_ok;
}

int csj_has_unicode_escape(const uint8_t *text, size_t count) {
  size_t index = 0;
  // By blocks without a branch, which compilers vectorise.
  for (; index + 65 <= count; index += 64) {
    uint8_t found = 0;
    for (size_t at = index; at < index + 64; at++) found |= (text[at] == '\\') & (text[at + 1] == 'u');
    if (found) return 1;
  }
  for (; index + 1 < count; index++)
    if (text[index] == '\\' && text[index + 1] == 'u') return 1;
  return 0;
}
