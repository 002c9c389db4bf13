// SPDX-License-Identifier: GPL-3.0-or-later
// The OpenAPI 3.1 document, made from the rows of the route table: what is served is what is documented.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/route_table.h"

namespace streamgauge {

struct NamedSchema {
    std::string_view name;  // "Event": documentation refers to it as "#Event"
    std::string_view json;  // other schemas in it: {"$ref":"#/components/schemas/Event"}
};
// Every named schema, in the order of the document.
const std::vector<NamedSchema>& openapi_schemas();

struct TagDoc {
    std::string_view name, summary;
};
// The groups that routes belong to, in the order in which they are shown.
const std::vector<TagDoc>& openapi_tags();

// The group of a route; kOtherTag when it names none that is known.
inline constexpr std::string_view kOtherTag = "other";
std::string_view openapi_tag(const http::Route& route);

// The document of the rows that `listener` serves, as JSON text. Beside what a row says of itself, every operation has
// what its scope, its body and the framing can answer. InvalidArgument, with the row, when a row's JSON is not JSON or
// names a schema that is not there.
Result<std::string> openapi_document(const http::RouteTable& table, http::Plane listener);

// GET /openapi.json on both planes. Add it after all other rows: they are read now.
Status add_openapi_route(http::RouteTable& table);

}  // namespace streamgauge
