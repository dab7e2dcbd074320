/// What the door says of itself: OpenAPI 3.1. The limits are those that are in force.
func openAPIDocument(_ settings: CollectSettings) -> String {
    #"""
    {
      "openapi": "3.1.0",
      "info": {
        "title": "Emporium's collector of events",
        "version": "1",
        "summary": "Takes packages of events, and answers once they are stored.",
        "description": "An event that does not fit the schema is stored, too, as a dead letter: a package is answered with 200 and a verdict for each event. Anything but 200 means that the package is to be sent again, mended (4xx) or as it is (408, 429, 503). With an Idempotency-Key a package that is sent again keeps its ids."
      },
      "paths": {
        "/collect": {
          "post": {
            "operationId": "collect",
            "summary": "Hand a package of events over",
            "security": [{"apiKey": []}, {"bearer": []}],
            "parameters": [
              {
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "The sender's name of this package. The same body under the same name has the same ids; another body is refused.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255}
              }
            ],
            "requestBody": {
              "required": true,
              "description": "May be packed, with Content-Encoding: gzip. At most \#(settings.package.bodyBytes) bytes, unpacked, too, and \#(settings.package.events) events of at most \#(settings.package.eventBytes) bytes, nested at most \#(settings.package.depth) deep.",
              "content": {
                "application/json": {
                  "schema": {"type": "array", "minItems": 1, "maxItems": \#(settings.package.events), "items": {"$ref": "#/components/schemas/Event"}}
                },
                "application/x-ndjson": {
                  "schema": {"type": "string", "minLength": 1, "description": "An event a line."}
                }
              }
            },
            "responses": {
              "200": {
                "description": "All events are stored.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}}
              },
              "400": {"$ref": "#/components/responses/Problem"},
              "401": {
                "description": "No API key, or one that is not good (no_api_key, wrong_api_key).",
                "headers": {"WWW-Authenticate": {"schema": {"type": "string"}}},
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
              },
              "408": {"$ref": "#/components/responses/Problem"},
              "413": {"$ref": "#/components/responses/Problem"},
              "415": {"$ref": "#/components/responses/Problem"},
              "422": {"$ref": "#/components/responses/Problem"},
              "429": {"$ref": "#/components/responses/Later"},
              "431": {"$ref": "#/components/responses/Problem"},
              "503": {"$ref": "#/components/responses/Later"}
            }
          }
        },
        "/live": {
          "get": {
            "operationId": "live",
            "summary": "The process answers",
            "responses": {
              "200": {"$ref": "#/components/responses/State"},
              "400": {"$ref": "#/components/responses/Problem"}
            }
          }
        },
        "/ready": {
          "get": {
            "operationId": "ready",
            "summary": "Whether a package would be taken now, and if not, why",
            "responses": {
              "200": {"$ref": "#/components/responses/State"},
              "400": {"$ref": "#/components/responses/Problem"},
              "503": {
                "description": "Not ready, or overloaded.",
                "content": {
                  "application/json": {"schema": {"$ref": "#/components/schemas/State"}},
                  "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                }
              }
            }
          }
        },
        "/metrics": {
          "get": {
            "operationId": "metrics",
            "summary": "Counters for Prometheus",
            "responses": {
              "200": {"description": "Text format 0.0.4.", "content": {"text/plain": {"schema": {"type": "string"}}}},
              "400": {"$ref": "#/components/responses/Problem"}
            }
          }
        },
        "/openapi.json": {
          "get": {
            "operationId": "openapi",
            "summary": "This document",
            "responses": {
              "200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}},
              "400": {"$ref": "#/components/responses/Problem"}
            }
          }
        },
    \#(RegistryDocument.paths(settings.registry))
      },
      "components": {
        "securitySchemes": {
          "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
          "bearer": {"type": "http", "scheme": "bearer"},
          "basic": {"type": "http", "scheme": "basic", "description": "The password is an API key; the user is anybody."}
        },
        "parameters": {
    \#(RegistryDocument.parameters)
        },
        "responses": {
          "Problem": {
            "description": "The request is refused as a whole, and nothing of it is stored; the code says why.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
          },
          "Later": {
            "description": "Not now: send the same again after the time that Retry-After says.",
            "headers": {"Retry-After": {"required": true, "schema": {"type": "integer", "minimum": 1}}},
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
          },
          "State": {
            "description": "How it is.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/State"}}}
          },
          "RegistryError": {
            "description": "As Confluent's registry says it.",
            "content": {
              "application/vnd.schemaregistry.v1+json": {"schema": {"$ref": "#/components/schemas/RegistryError"}},
              "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
          }
        },
        "schemas": {
          "Event": {
            "description": "Anything else than this is stored as a dead letter. Stamps may come under their normal names, under X-Message-Stamp-<namespace>\\<name>, and as a string that holds a list of one; `headers` may stand for `attributes`.",
            "examples": [
              {
                "data": {"id": "5f0c1f8e-1111-4222-8333-444455556666", "amount": 12.5},
                "attributes": {
                  "type": "invoice.created", "targetSubscription": "amplitude",
                  "newContextStamp": {"accountId": "5f0c1f8e-1111-4222-8333-444455556667", "userId": "5f0c1f8e-1111-4222-8333-444455556668"},
                  "timestampStamp": "2026-11-21T10:00:00Z", "messageIdStamp": "5f0c1f8e-1111-4222-8333-444455556669"
                }
              }
            ]
          },
          "Receipt": {
            "type": "object", "required": ["packageId", "accepted", "rejected", "events"], "additionalProperties": false,
            "properties": {
              "packageId": {"$ref": "#/components/schemas/ID"},
              "accepted": {"type": "integer", "minimum": 0},
              "rejected": {"type": "integer", "minimum": 0, "description": "stored as dead letters"},
              "events": {
                "type": "array", "minItems": 1, "description": "in the order of the package",
                "items": {
                  "type": "object", "required": ["correlationId", "verdict"], "additionalProperties": false,
                  "properties": {
                    "correlationId": {"$ref": "#/components/schemas/ID"},
                    "verdict": {"enum": ["accepted", "rejected"]},
                    "code": {"enum": ["not_an_object", "missing_field", "unknown_field", "wrong_type", "out_of_range", "malformed_stamp", "ambiguous_field"]},
                    "error": {"type": "string"}
                  }
                }
              }
            }
          },
          "ID": {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"},
          "Problem": {
            "type": "object", "required": ["type", "title", "status", "code", "detail"], "additionalProperties": false,
            "properties": {
              "type": {"const": "about:blank"},
              "title": {"type": "string"},
              "status": {"type": "integer", "minimum": 400, "maximum": 599},
              "code": {
                "enum": [
                  "malformed_json", "not_an_array", "empty_package", "byte_order_mark", "not_utf8", "duplicate_key", "nul_escape",
                  "lone_surrogate", "number_out_of_range", "corrupt_gzip", "bad_request", "no_api_key", "wrong_api_key", "not_found",
                  "method_not_allowed", "too_slow", "body_too_large", "too_many_events", "event_too_large", "too_deep", "gzip_ratio",
                  "wrong_content_type", "wrong_content_encoding", "idempotency_conflict", "too_many_requests", "headers_too_large",
                  "broker_away", "registry_away", "database_away", "overloaded"
                ]
              },
              "detail": {"type": "string"},
              "position": {"type": "integer", "minimum": 0, "description": "bytes of the unpacked body before what is wrong"},
              "line": {"type": "integer", "minimum": 1, "description": "of NDJSON"}
            }
          },
          "State": {
            "type": "object", "required": ["status"], "additionalProperties": false,
            "properties": {
              "status": {"enum": ["live", "ready", "not_ready"]},
              "schema": {
                "anyOf": [
                  {"type": "null"},
                  {
                    "type": "object", "required": ["subject", "id", "version"],
                    "properties": {"subject": {"type": "string"}, "id": {"type": "integer"}, "version": {"type": "integer"}}
                  }
                ]
              },
              "keys": {"type": "integer", "minimum": 0},
              "reasons": {"type": "array", "items": {"type": "string"}}
            }
          },
          "RegistryError": {
            "type": "object", "required": ["error_code", "message"], "additionalProperties": false,
            "properties": {"error_code": {"type": "integer"}, "message": {"type": "string"}}
          },
    \#(RegistryDocument.schemas)
        }
      }
    }

    """#
}
